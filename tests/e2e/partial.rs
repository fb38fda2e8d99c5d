//! Runs of some tasks, and what they are given.

use crate::harness::{Project, Records};
use serde_json::json;

const ETL: &str = r#"
name = "etl"
[defaults]
image = "gofer-demo:1"
[tasks.list]
env = { T = { secret = "token" } }
script = 'echo "files=[\"a\",\"b\"]" >> "$GOFER_OUTPUT"; echo "n=7" >> "$GOFER_OUTPUT"'
[tasks.load]
depends_on = ["list"]
for_each = { output = "list.files" }
script = 'echo "rows=$GOFER_ITEM" >> "$GOFER_OUTPUT"'
[tasks.report]
depends_on = ["load"]
when = 'outputs.list.n | int > 5'
env = { ROWS = { output = "load.rows" }, N = { output = "list.n" } }
script = 'echo "$N $ROWS"'
[tasks.tidy]
finally = true
script = "true"
"#;

fn etl() -> Project {
    let project = Project::new(ETL);
    project.write("s.env", "token=a-token\n");
    project
}

#[test]
fn what_a_partial_run_lacks_is_said_at_once_and_nothing_starts() {
    let project = etl();
    let done = project.gofer(&["run", "--task", "report"]);
    done.assert_code(1);
    for key in ["list.n", "load.rows"] {
        let part = format!("pass --output {key}=VALUE");
        assert!(done.err().contains(&part), "{part}: {}", done.err());
    }
    let runs = Records::open(&project.data)
        .map_or(0, |_| project.gofer(&["runs", "-q"]).out().lines().count());
    assert_eq!(runs, 0);
    let done = project.gofer(&["run", "--task", "reprot"]);
    done.assert_code(64);
    assert!(
        done.err().contains("did you mean `report`?"),
        "{}",
        done.err()
    );
    project.assert_nothing_left();
}

#[test]
fn a_task_alone_borrows_from_the_newest_run_that_has_it_and_a_value_by_hand_wins() {
    let project = etl();
    project.gofer(&["run", "--secrets", "s.env"]).assert_code(0);
    let (done, run) = project.run(&["--task", "report"]);
    done.assert_code(0);
    assert!(
        done.err()
            .contains("outputs of list from etl/1 and load from etl/1"),
        "{}",
        done.err()
    );
    let reasons: Vec<_> = run["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["reason"])
        .collect();
    assert_eq!(
        reasons,
        ["not_selected", "not_selected", "", "not_selected"]
            .map(|reason| match reason {
                "" => json!(null),
                reason => json!(reason),
            })
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(project.logs("etl/2/report"), b"7 [\"a\",\"b\"]\n");
    let done = project.gofer(&[
        "run",
        "--task",
        "report",
        "--output",
        "list.n=9",
        "--output",
        "load.rows=[\"x\"]",
    ]);
    done.assert_code(0);
    assert!(!done.err().contains("outputs of"), "{}", done.err());
    assert_eq!(project.logs("etl/3/report"), b"9 [\"x\"]\n");
    // `when` is asked with what is given.
    let (done, run) = project.run(&["--task", "report", "--output", "list.n=3"]);
    done.assert_code(0);
    assert_eq!(
        (&run["state"], &run["tasks"][2]["reason"]),
        (&json!("skipped"), &json!("condition_false"))
    );
    project.assert_nothing_left();
}

#[test]
fn until_runs_a_task_and_what_comes_before_it() {
    let project = etl();
    let (done, run) = project.run(&["--until", "load", "--secrets", "s.env"]);
    done.assert_code(0);
    let states: Vec<_> = run["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["state"])
        .collect();
    assert_eq!(states, ["succeeded", "succeeded", "skipped", "skipped"]);
    project.assert_nothing_left();
}

#[test]
fn every_task_sees_what_is_mounted() {
    let project = Project::new(
        r#"
name = "mounted"
[defaults]
image = "gofer-demo:1"
[tasks.read]
script = "cat /src/hello; { echo no > /src/x; } 2>/dev/null || echo read-only"
[tasks.write]
script = "echo written > /out/file"
"#,
    );
    std::fs::create_dir(project.folder.join("code")).unwrap();
    std::fs::create_dir(project.folder.join("out")).unwrap();
    std::fs::write(project.folder.join("code/hello"), "hello\n").unwrap();
    let args = ["--mount", "code:/src:ro", "--mount", "./out:/out"];
    let (done, run) = project.run(&args);
    done.assert_code(0);
    assert_eq!(project.logs("mounted/1/read"), b"hello\nread-only\n");
    assert_eq!(
        std::fs::read_to_string(project.folder.join("out/file")).unwrap(),
        "written\n"
    );
    assert_eq!(run["mounts"][0]["read_only"], true);
    for (said, part) in [
        ("gone:/src", "there is no "),
        ("code:src", "no absolute path"),
        ("code", "SRC:DST is expected"),
    ] {
        let done = project.gofer(&["run", "--mount", said]);
        assert!(done.err().contains(part), "{part}: {}", done.err());
        assert_ne!(done.code, Some(0));
    }
    project.assert_nothing_left();
}

#[test]
fn an_engine_that_is_named_is_used_or_said_to_be_missing() {
    let project =
        Project::new("name = \"named\"\n[tasks.a]\nimage = \"gofer-demo:1\"\nscript = \"true\"\n");
    let host = project.docker().host();
    project
        .gofer(&["run", "--scheduler", "docker"])
        .assert_code(0);
    project.gofer(&["run", "--scheduler", &host]).assert_code(0);
    let done = project.gofer(&["run", "--scheduler", "nomad"]);
    done.assert_code(1);
    assert!(
        done.err().contains("It may also be docker or podman"),
        "{}",
        done.err()
    );
    let mut podman = project.command(&["run", "--scheduler", "podman"]);
    podman.env("CONTAINER_HOST", "unix:///nowhere/podman.sock");
    let done = crate::harness::Live::new(podman).done();
    done.assert_code(1);
    assert!(
        done.err().contains("/nowhere/podman.sock"),
        "{}",
        done.err()
    );
    project.assert_nothing_left();
}

const FILES: &str = r#"
name = "files"
[defaults]
image = "gofer-demo:1"
[tasks.make]
script = 'echo "made by run $GOFER_RUN" > "$GOFER_ARTIFACTS/made"; exit $(cat /made/exit)'
[tasks.map]
for_each = ["x", "y"]
script = 'echo "$GOFER_ITEM" > "$GOFER_ARTIFACTS/item"'
[tasks.read]
depends_on = ["make", "map"]
inputs = ["make", "map"]
script = 'cat "$GOFER_INPUTS/make/made" "$GOFER_INPUTS/map/0/item" "$GOFER_INPUTS/map/1/item"'
"#;

#[test]
fn a_task_alone_reads_artifacts_of_the_newest_run_that_has_them_or_does_not_start() {
    let project = Project::new(FILES);
    let made = project.folder.join("made");
    std::fs::create_dir(&made).unwrap();
    let exits = |code: &str| std::fs::write(made.join("exit"), code).unwrap();
    let mount = ["--mount", "made:/made"];
    let run = |args: &[&str]| project.gofer(&[&["run"], &mount[..], args].concat());

    let none = run(&["--task", "read"]);
    let said = none.assert_code(1).err();
    for task in ["make", "map"] {
        let part =
            format!("artifacts of {task} are read, and it succeeded in no kept run of files");
        assert!(said.contains(&part), "{part}: {said}");
    }
    let runs = project.gofer(&["runs", "-q"]).out();
    assert_eq!(runs, "", "nothing was accepted");

    exits("0");
    run(&[]).assert_code(0);
    // A newer one that failed has none that are meant.
    exits("1");
    run(&["--until", "make"]).assert_code(2);
    let alone = run(&["--task", "read"]);
    alone.assert_code(0);
    assert!(alone.err().contains("files/1"), "{}", alone.err());
    let log = project.logs("files/3/read");
    let log = String::from_utf8_lossy(&log);
    assert_eq!(log, "made by run 1\nx\ny\n");
    project.assert_nothing_left();
}
