//! Called pipelines on a real engine.

use crate::harness::{Project, wait_for};
use rustix::process::Signal;
use serde_json::Value;
use std::time::Duration;

const PARENT: &str = r#"
name = "etl"
[tasks.load]
pipeline = { name = "load" }
[tasks.after]
depends_on = { load = "success" }
image = "gofer-demo:1"
env = { N = { output = "load.second.n" } }
script = 'echo "n=$N" >> "$GOFER_OUTPUT"'
"#;

const CHILD: &str = r#"
name = "load"
[defaults]
image = "gofer-demo:1"
[tasks.first]
script = "echo begun; sleep WAIT; exit CODE"
[tasks.second]
depends_on = ["first"]
script = 'echo "n=7" >> "$GOFER_OUTPUT"'
[tasks.last]
finally = true
script = "echo tidied"
"#;

fn project(wait: &str, code: &str) -> Project {
    let project = Project::new(PARENT);
    project.write(
        "load.toml",
        &CHILD.replace("WAIT", wait).replace("CODE", code),
    );
    project
}

fn show(project: &Project, run: &str) -> Value {
    project.gofer(&["show", run, "-o", "json"]).json()
}

fn state<'r>(run: &'r Value, task: &str) -> &'r str {
    let tasks = run["tasks"].as_array().unwrap();
    let task = tasks.iter().find(|it| it["name"] == task);
    task.map_or("", |task| task["state"].as_str().unwrap_or_default())
}

#[test]
fn s32_cancelling_reaches_child_runs() {
    let project = project("60", "0");
    let mut run = project.spawn(&["run"]);
    run.until_it_says("→ load/1");
    wait_for("the child's task", Duration::from_secs(20), || {
        (state(&show(&project, "load/1"), "first") == "running").then_some(())
    });
    run.signal(Signal::INT);
    let done = run.done();
    done.assert_code(3);
    let (parent, child) = (show(&project, "etl/1"), show(&project, "load/1"));
    assert_eq!(
        (&parent["state"], &child["state"]),
        (&"cancelled".into(), &"cancelled".into())
    );
    assert_eq!(state(&parent, "load"), "cancelled");
    assert_eq!(state(&child, "first"), "cancelled");
    assert_eq!(state(&child, "last"), "succeeded", "its finally task ran");
    assert_eq!(child["called_by"], "etl/1/load");
    project.assert_nothing_left();
}

#[test]
fn s32_a_child_that_is_cancelled_by_itself_makes_the_task_failed() {
    let project = project("60", "0");
    let mut run = project.spawn(&["run"]);
    run.until_it_says("→ load/1");
    wait_for("the child's task", Duration::from_secs(20), || {
        (state(&show(&project, "load/1"), "first") == "running").then_some(())
    });
    project.gofer(&["cancel", "load/1"]).assert_code(0);
    let done = run.done();
    done.assert_code(2);
    let parent = show(&project, "etl/1");
    assert_eq!(state(&parent, "load"), "failed");
    let load = parent["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "load");
    assert_eq!(load.unwrap()["reason"], "child_failed");
    assert!(
        done.out().contains("load/1 was cancelled by itself"),
        "{}",
        done.out()
    );
    project.assert_nothing_left();
}

#[test]
fn a_failure_in_a_called_run_is_shown_with_its_task_and_its_last_lines() {
    let project = project("0", "3");
    let done = project.gofer(&["run"]);
    done.assert_code(2);
    let out = done.out();
    for words in [
        "load/1 failed: first ended as failed: it exited with code 3",
        "load/1/first failed: it exited with code 3",
        "│ begun",
        "gofer show load/1",
    ] {
        assert!(out.contains(words), "{words}:\n{out}");
    }
    for command in ["logs", "shell"] {
        let done = project.gofer(&[command, "etl/1/load"]);
        done.assert_code(1);
        let said = done.err();
        let remedy = format!("→ gofer {command} load/1");
        assert!(
            said.contains("it called load/1") && said.contains(&remedy),
            "{said}"
        );
    }
}

#[test]
fn a_resume_of_the_caller_goes_on_with_the_called_run_and_starts_no_second_one() {
    let project = project("5", "0");
    let mut run = project.spawn(&["run"]);
    run.until_it_says("→ load/1");
    wait_for("the child's task", Duration::from_secs(20), || {
        (state(&show(&project, "load/1"), "first") == "running").then_some(())
    });
    run.kill();
    assert_eq!(show(&project, "load/1")["interrupted"], true);
    let (done, resumed) = project.run(&["--resume"]);
    done.assert_code(0);
    assert_eq!(resumed["number"], 1);
    let child = show(&project, "load/1");
    assert_eq!(child["state"], "succeeded");
    let second = project.gofer(&["show", "load/2"]);
    assert_ne!(second.code, Some(0), "{}", second.out());
    let after = resumed["tasks"][0].clone();
    assert_eq!(
        (&after["name"], &after["outputs"]["n"]),
        (&"after".into(), &"7".into())
    );
    project.assert_nothing_left();
}

#[test]
fn s81_a_pipeline_that_calls_itself_is_refused_before_anything_starts() {
    let project = Project::new(PARENT);
    let child = "name = \"load\"\n[tasks.back]\npipeline = { name = \"etl\" }\n";
    project.write("load.toml", child);
    for command in [&["validate"][..], &["run"]] {
        let done = project.gofer(command);
        done.assert_code(1);
        let said = done.err();
        assert!(
            said.contains("a pipeline cannot call itself: etl → load → etl"),
            "{said}"
        );
        assert!(said.contains("load.toml"), "{said}");
    }
}

#[test]
fn s81_nine_runs_inside_one_another_are_refused_before_anything_starts() {
    let project = Project::new(PARENT);
    let calls = |name: &str, other: &str| {
        let text = format!("name = \"{name}\"\n[tasks.go]\npipeline = {{ name = \"{other}\" }}\n");
        project.write(&format!("{name}.toml"), &text);
    };
    calls("load", "p1");
    for depth in 1..8 {
        calls(&format!("p{depth}"), &format!("p{}", depth + 1));
    }
    project.write(
        "p8.toml",
        &CHILD.replace("\"load\"", "\"p8\"").replace("WAIT", "0"),
    );
    let done = project.gofer(&["run"]);
    done.assert_code(1);
    assert!(done.err().contains("at most 8 deep"), "{}", done.err());
    assert!(!project.data.join("gofer.db").exists() || project.records().runs().0 == 0);
}

#[test]
fn everything_between_two_files_is_checked_before_anything_starts() {
    let project = Project::new(
        r#"
name = "etl"
[tasks.load]
pipeline = { name = "load", params = { dya = "x", rows = "many" } }
[tasks.gone]
pipeline = { name = "nowhere" }
"#,
    );
    project.write(
        "load.toml",
        r#"
name = "load"
[params.day]
[params.rows]
type = "int"
[tasks.x]
image = "gofer-demo:1"
script = "true"
env = { TOKEN = { secret = "token" } }
"#,
    );
    let done = project.gofer(&["run"]);
    done.assert_code(1);
    let said = done.err();
    for words in [
        "there is no param `dya`, did you mean `day`?",
        "param `day` of `load` is required",
        "\"many\" is not a whole number",
        "there is no file of the pipeline `nowhere`",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    project.write("gofer.toml", "name = \"etl\"\n[tasks.load]\npipeline = { name = \"load\", params = { day = \"x\", rows = 3 } }\n");
    let done = project.gofer(&["run"]);
    done.assert_code(1);
    assert!(
        done.err().contains("secret `token` is missing"),
        "{}",
        done.err()
    );
}

#[test]
fn a_task_that_waits_for_a_pool_says_who_holds_it() {
    let project = Project::new(
        r#"
name = "pools"
[defaults]
image = "gofer-demo:1"
pools = ["db"]
[tasks.a]
script = "echo mine; sleep 60"
[tasks.b]
script = "true"
"#,
    );
    let mut run = project.spawn(&["run"]);
    run.until_it_says("| mine");
    let shown = show(&project, "pools/1");
    let b = &shown["tasks"][1];
    assert_eq!(
        (b["state"].as_str(), b["message"].as_str()),
        (
            Some("waiting"),
            Some("waits for a slot of db, which a holds")
        )
    );
    let explained = project.gofer(&["explain", "pools/1"]).out();
    assert!(
        explained.contains("waits for a slot of db, which a holds"),
        "{explained}"
    );
    run.signal(Signal::INT);
    run.done().assert_code(3);
    project.assert_nothing_left();
}
