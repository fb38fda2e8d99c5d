//! `gofer shell`, and what is kept for it.

use crate::harness::{Live, Project, wait_for};
use std::{io::Write, process::Stdio, time::Duration};

const FAILS: &str = r#"
name = "etl"

[tasks.load]
image = "gofer-demo:1"
user = "1234:99"
working_dir = "/tmp"
env = { DAY = "2026-11-24", PW = { secret = "pw" } }
files = { "/etc/gofer-e2e.conf" = "from a file" }
volumes = { "/shared" = { scratch = "s" } }
script = """
echo left > /tmp/state
echo both > /shared/state
echo half=1 > $GOFER_OUTPUT
exit 3
"""
"#;

/// A project whose `etl/1/load` has failed.
fn failed() -> Project {
    let project = Project::new(FAILS);
    let secrets = project.write("secrets", "pw=hunter2-e2e\n");
    let done = project.gofer(&["run", "--secrets", secrets.to_str().unwrap()]);
    done.assert_code(2);
    assert!(
        done.out().contains("gofer shell etl/1/load"),
        "{}",
        done.out()
    );
    project
}

/// `gofer shell …` that is told this.
fn told(project: &Project, args: &[&str], input: &str) -> crate::harness::Done {
    let mut command = project.command(args);
    command.stdin(Stdio::piped());
    let mut live = Live::new(command);
    live.input(|stdin| stdin.write_all(input.as_bytes()).unwrap());
    live.done()
}

#[test]
fn a_shell_in_what_failed_has_its_environment_user_files_and_folder() {
    let project = failed();
    let script = "id -u; id -g; pwd; echo $DAY $PW $GOFER_TASK; cat /tmp/state /shared/state \
                  $GOFER_OUTPUT /etc/gofer-e2e.conf; echo; echo to err >&2; exit 7";
    let done = project.gofer(&["shell", "etl/1/load", "--", "sh", "-c", script]);
    assert_eq!(done.code, Some(7), "{}", done.err());
    let expected = "1234\n99\n/tmp\n2026-11-24 hunter2-e2e load\nleft\nboth\nhalf=1\nfrom a file\n";
    assert_eq!(done.out(), expected, "{}", done.err());
    assert_eq!(done.err(), "to err\n", "the streams come apart");
    project.assert_nothing_left();
}

#[test]
fn what_is_changed_in_a_shell_goes_with_it_and_the_next_one_finds_what_failed() {
    let project = failed();
    let change = "echo changed > /tmp/state; cat /tmp/state";
    let done = project.gofer(&["shell", "etl/latest/load", "--", "sh", "-c", change]);
    assert_eq!(done.out(), "changed\n");
    let done = project.gofer(&["shell", "etl/latest/load", "--", "cat", "/tmp/state"]);
    assert_eq!(done.out(), "left\n");
}

#[test]
fn without_a_command_it_is_a_shell_that_reads_what_is_piped_into_it() {
    let project = failed();
    let done = told(&project, &["shell", "etl/1/load"], "echo $DAY\nexit 5\n");
    assert_eq!((done.code, done.out().as_str()), (Some(5), "2026-11-24\n"));
    let many = "x".repeat(1 << 20);
    let done = told(&project, &["shell", "etl/1/load", "--", "cat"], &many);
    assert_eq!(done.code, Some(0), "{}", done.err());
    assert_eq!(
        done.stdout.len(),
        many.len(),
        "and every byte of it comes back"
    );
}

#[test]
fn in_a_terminal_it_has_the_terminals_size() {
    let project = failed();
    let gofer = crate::harness::gofer().display();
    let line = format!("stty cols 77 rows 22; {gofer} shell etl/1/load");
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    project.settle(&mut command);
    command.stdin(Stdio::piped());
    let mut live = Live::new(command);
    live.input(|stdin| {
        stdin.write_all(b"stty size; tty\nexit 6\n").unwrap();
        // The end of what `script` is told is the end of its terminal.
        std::thread::sleep(Duration::from_secs(4));
    });
    let done = live.done();
    assert_eq!(done.code, Some(6), "{}", done.out());
    assert!(done.out().contains("22 77"), "{}", done.out());
    assert!(done.out().contains("in a copy of what etl/1/load left"));
    project.assert_nothing_left();
}

#[test]
fn a_running_task_is_visited_beside_its_process() {
    let file = "name = \"etl\"\n[tasks.load]\nimage = \"gofer-demo:1\"\n\
                env = { DAY = \"today\" }\nscript = \"touch /tmp/begun; sleep 60\"\n";
    let project = Project::new(file);
    let mut run = project.spawn(&["run"]);
    run.until_it_says("running");
    let args = [
        "shell",
        "etl/1/load",
        "--",
        "sh",
        "-c",
        "echo $DAY; ls /tmp/begun; exit 9",
    ];
    let done = project.gofer(&args);
    assert_eq!(done.code, Some(9), "{}", done.err());
    assert_eq!(done.out(), "today\n/tmp/begun\n");
    project.gofer(&["cancel", "etl/1"]).assert_code(0);
    run.done().assert_code(3);
    project.assert_nothing_left();
    let done = project.gofer(&["shell", "etl/1/load"]);
    assert_eq!(done.code, Some(1));
    assert!(done.err().contains("was cancelled"), "{}", done.err());
}

#[test]
fn what_a_killed_shell_leaves_goes_with_the_next_run() {
    let project = failed();
    let shell = project.spawn(&[
        "shell",
        "etl/1/load",
        "--",
        "sh",
        "-c",
        "echo here; sleep 600",
    ]);
    let mut shell = shell;
    shell.until_it_says("here");
    assert!(
        !project.left().is_empty(),
        "it uses a container and an image"
    );
    shell.kill();
    project.write(
        "gofer.toml",
        "name = \"other\"\n[tasks.a]\nimage = \"gofer-demo:1\"\n",
    );
    project.gofer(&["run"]).assert_code(0);
    project.assert_nothing_left();
    let done = project.gofer(&["shell", "etl/1/load", "--", "cat", "/tmp/state"]);
    assert_eq!(done.out(), "left\n", "what failed is still kept");
}

#[test]
fn where_nothing_can_be_looked_into_it_says_why() {
    let file = "name = \"etl\"\n[tasks.good]\nimage = \"gofer-demo:1\"\n\
                [tasks.none]\nimage = \"gofer-e2e/no-such-image:1\"\npull = \"never\"\n";
    let project = Project::new(file);
    project.gofer(&["run"]).assert_code(2);
    for (of, why) in [
        ("etl/1/good", "succeeded, and only what fails is kept"),
        ("etl/1/none", "never ran"),
        ("etl/1", "name one of its tasks"),
        ("etl/9/good", "there is no run"),
        ("etl/1/nobody", "has no task `nobody`"),
    ] {
        let done = project.gofer(&["shell", of]);
        assert_ne!(done.code, Some(0));
        assert!(done.err().contains(why), "{of}: {}", done.err());
    }
    let shown = project.gofer(&["show", "etl/1"]).out();
    assert!(!shown.contains("gofer shell"), "{shown}");
}

#[test]
fn only_the_last_failures_are_kept_and_clean_takes_them() {
    let file = "name = \"etl\"\n[tasks.load]\nimage = \"gofer-demo:1\"\n\
                for_each = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\nmax_parallel = 2\nscript = \"exit 1\"\n\
                retry = { limit = 1, delay = \"0s\" }\n";
    let project = Project::new(file);
    project.gofer(&["run"]).assert_code(2);
    let kept = project.records().kept();
    assert_eq!(kept.len(), 8);
    let second =
        |row: &crate::harness::KeptRow| row.labels.contains(&("gofer.attempt", "2".to_owned()));
    assert!(kept.iter().all(second));
    project.assert_nothing_left();

    let dry = project.gofer(&["clean", "--dry-run", "-o", "json"]).json();
    assert_eq!(dry["things"].as_array().unwrap().len(), 8, "{dry}");
    assert_eq!(project.records().kept().len(), 8, "nothing was removed");
    let done = project.gofer(&["clean"]);
    assert_eq!(done.code, Some(64), "nobody can be asked: {}", done.err());
    project.gofer(&["clean", "--yes"]).assert_code(0);
    assert!(project.records().kept().is_empty());
    project.assert_nothing_left();
}

#[test]
fn a_run_that_is_to_keep_nothing_keeps_nothing() {
    let project =
        Project::new("name = \"etl\"\n[tasks.a]\nimage = \"gofer-demo:1\"\nscript = \"exit 1\"\n");
    let mut command = project.command(&["run"]);
    command.env("GOFER_KEEP", "none");
    let done = Live::new(command).done();
    done.assert_code(2);
    assert!(!done.out().contains("gofer shell"), "{}", done.out());
    assert!(project.records().kept().is_empty());
    project.assert_nothing_left();
}

#[test]
fn runs_beyond_their_retention_go_with_their_logs_and_containers() {
    let file = "name = \"etl\"\n[retention]\nruns = 2\n[tasks.a]\nimage = \"gofer-demo:1\"\n\
                script = \"echo hi; exit 1\"\n";
    let project = Project::new(file);
    for _ in 0..4 {
        project.gofer(&["run"]).assert_code(2);
    }
    let runs = project.gofer(&["runs", "-q"]).out();
    assert_eq!(runs.lines().count(), 2, "{runs}");
    let logs = std::fs::read_dir(project.data.join("logs")).unwrap();
    assert_eq!(logs.count(), 2);
    assert_eq!(project.records().kept().len(), 2);
    project.records().assert_sound();
    project.assert_nothing_left();
    let done = project.gofer(&["logs", "etl/1/a"]);
    assert_eq!(done.code, Some(1), "{}", done.out());
    // A run that was interrupted stays, however many come after it.
    project.write("gofer.toml", &file.replace("exit 1", "sleep 600"));
    let mut long = project.spawn(&["run"]);
    long.until_it_says("hi");
    long.kill();
    project.write("gofer.toml", file);
    for _ in 0..3 {
        project.gofer(&["run"]).assert_code(2);
    }
    let runs = project.gofer(&["runs", "-q"]).out();
    assert_eq!(runs.lines().count(), 3, "{runs}");
    let shown = project.gofer(&["show", "etl/5"]);
    assert!(shown.out().contains("interrupted"), "{}", shown.out());
    wait_for("its end", Duration::from_secs(30), || {
        let done = project.gofer(&["cancel", "etl/5"]);
        (done.code == Some(0)).then_some(())
    });
}

#[test]
fn a_kept_volume_is_listed_and_deleted_unless_a_run_uses_it() {
    let file = "name = \"etl\"\n[tasks.a]\nimage = \"gofer-demo:1\"\n\
                volumes = { \"/cache\" = { persistent = \"cache\" } }\n\
                script = \"echo x > /cache/x; echo written; test ! -e /wait || sleep 600\"\n";
    let project = Project::new(file);
    project.gofer(&["run"]).assert_code(0);
    let listed = project.gofer(&["volume", "list", "-q"]);
    assert_eq!(listed.out(), "etl/cache\n", "{}", listed.err());

    project.write("gofer.toml", &file.replace("test ! -e /wait ||", ""));
    let mut run = project.spawn(&["run"]);
    run.until_it_says("written");
    let refused = project.gofer(&["volume", "delete", "cache", "--yes"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.err().contains("etl/2 is not over"),
        "{}",
        refused.err()
    );
    project.gofer(&["cancel", "etl/2"]).assert_code(0);
    run.done().assert_code(3);

    let asked = project.gofer(&["volume", "delete", "cache"]);
    assert_eq!(asked.code, Some(64), "nobody can be asked: {}", asked.err());
    let deleted = project.gofer(&["volume", "delete", "etl/cache", "--yes"]);
    deleted.assert_code(0);
    assert_eq!(
        project.gofer(&["volume", "-o", "json"]).json(),
        serde_json::json!([])
    );
    let again = project.gofer(&["volume", "delete", "cache", "--yes"]);
    assert!(
        again.err().contains("no volume `cache` is kept"),
        "{}",
        again.err()
    );
    project.assert_nothing_left();
}

const BESIDE: &str = r#"
name = "old"
[tasks.load]
image = "gofer-demo:1"
user = "1234:99"
working_dir = "/tmp"
env = { PW = { secret = "pw" } }
files = { "/etc/gofer-e2e.pw" = { secret = "pw" } }
volumes = { "/shared" = { scratch = "s" } }
script = "echo left > state; echo both > /shared/state; echo of it > $GOFER_ARTIFACTS/a; exit 3"
[tasks.load.services.db]
image = "gofer-demo:1"
command = ["nc", "-ll", "-p", "5432", "-e", "echo", "hello"]
ready = { tcp = 5432 }
"#;

/// Seconds that a failure is old: `GOFER_E2E_SHELL_AFTER`.
#[test]
fn a_failure_of_long_ago_is_looked_into_and_nothing_is_left_of_that() {
    let project = Project::new(BESIDE);
    let secret = "e2e-secret-of-an-old-failure";
    let secrets = project.write("secrets", &format!("pw={secret}\n"));
    let run = project.gofer(&["run", "--secrets", secrets.to_str().unwrap()]);
    run.assert_code(2);
    let wait = crate::harness::number("GOFER_E2E_SHELL_AFTER", 3);
    std::thread::sleep(Duration::from_secs(wait as u64));

    let script = "id -u; pwd; echo $PW $GOFER_TASK; cat state /shared/state $GOFER_ARTIFACTS/a \
                  /etc/gofer-e2e.pw; echo; exit 42";
    let done = project.gofer(&["shell", "old/1/load", "--", "sh", "-c", script]);
    assert_eq!(done.code, Some(42), "{}", done.err());
    let expected = format!("1234\n/tmp\n{secret} load\nleft\nboth\nof it\n{secret}\n");
    assert_eq!(done.out(), expected);
    println!("{wait} s after its end: {:?}", done.took);

    project.assert_nothing_left();
    let docker = project.docker();
    for image in docker.cli(&["images", "-aq"]).lines() {
        // One that somebody else has removed since has no secret of ours.
        let about = std::panic::catch_unwind(|| docker.cli(&["image", "inspect", image]));
        assert!(!about.unwrap_or_default().contains(secret), "{image}");
    }
    project.gofer(&["clean", "--yes"]).assert_code(0);
    let label = format!("gofer.store={}", project.store());
    assert_eq!(docker.leftovers(&label, &[]), [""; 0], "volumes go with it");
}
