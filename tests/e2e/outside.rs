//! Containers that somebody else touches.

use crate::harness::{Live, Project, Since, wait_for};
use serde_json::Value;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

fn pipeline(script: &str) -> String {
    format!(
        r#"
name = "touched"
[tasks.work]
image = "gofer-demo:1"
script = '''
{script}
'''
[tasks.tidy]
image = "gofer-demo:1"
finally = true
script = "echo tidy"
"#
    )
}

/// A run whose task has begun, and the id of its container.
fn begun(project: &Project) -> (Live, String) {
    let store = project.store();
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("| begun");
    let id = project
        .docker()
        .container_of(&store, "work")
        .expect("it runs");
    (live, id)
}

/// The task's document at the end, which has to come soon.
fn end(project: &Project, live: Live) -> Value {
    let begun = Since::now();
    let done = live.done();
    let took = begun.elapsed();
    assert!(
        took < SOON + Duration::from_secs(3),
        "the end came after {took:?}"
    );
    done.assert_code(2);
    project.assert_nothing_left();
    let run = done.json();
    assert_eq!(
        run["tasks"][0]["state"], "succeeded",
        "the finally task ran"
    );
    run["tasks"][1].clone()
}

fn assert_ended(task: &Value, state: &str, reason: &str, code: Option<i32>) {
    assert_eq!(task["state"], state, "{task:#}");
    assert_eq!(task["reason"], reason, "{task:#}");
    assert_eq!(
        task["attempts"][0]["exit_code"],
        Value::from(code),
        "{task:#}"
    );
    assert!(
        task["message"]
            .as_str()
            .is_some_and(|words| !words.is_empty())
    );
}

#[test]
fn a_container_that_is_removed_is_lost() {
    let project = Project::new(&pipeline("echo begun; sleep 60"));
    let (live, id) = begun(&project);
    project.docker().remove(&id);
    let task = end(&project, live);
    // `docker rm -f` kills before it removes: which of the two is seen first is the engine's affair.
    let states = [
        ("lost", "container_vanished"),
        ("failed", "stopped_outside"),
    ];
    let found = (
        task["state"].as_str().unwrap(),
        task["reason"].as_str().unwrap(),
    );
    assert!(states.contains(&found), "{task:#}");
}

#[test]
fn a_container_that_is_killed_has_failed_and_says_so() {
    let project = Project::new(&pipeline("echo begun; sleep 60"));
    let (live, id) = begun(&project);
    project.docker().act(&id, "kill");
    assert_ended(&end(&project, live), "failed", "stopped_outside", Some(137));
}

#[test]
fn a_container_that_is_stopped_never_succeeds() {
    // It ends well when it is told to end; it has not done its work.
    let project = Project::new(&pipeline("trap 'exit 0' TERM; echo begun; sleep 60 & wait"));
    let (live, id) = begun(&project);
    project.docker().act(&id, "stop?t=5");
    assert_ended(&end(&project, live), "failed", "stopped_outside", Some(0));
}

#[test]
fn a_container_that_is_paused_goes_on_running_and_says_so() {
    let project = Project::new(&pipeline("echo begun; sleep 1; echo done"));
    let (mut live, id) = begun(&project);
    project.docker().act(&id, "pause");
    let words = wait_for("the sentence", SOON, || {
        let shown = project.gofer(&["show", "touched/1", "-o", "json"]).json();
        assert_eq!(shown["tasks"][1]["state"], "running");
        shown["tasks"][1]["message"].as_str().map(str::to_owned)
    });
    assert!(words.contains("paused outside Gofer"), "{words}");
    assert!(words.contains("docker unpause"), "{words}");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(live.is_going());
    project.docker().act(&id, "unpause");
    let done = live.done();
    done.assert_code(0);
    assert_eq!(project.logs("touched/1/work"), b"begun\ndone\n");
    project.assert_nothing_left();
}

#[test]
fn a_paused_task_is_still_timed_out() {
    let paused = pipeline("echo begun; sleep 60").replace(
        "[tasks.work]",
        "[tasks.work]\ntimeout = \"3s\"\nstop_grace = \"1s\"",
    );
    let project = Project::new(&paused);
    let (live, id) = begun(&project);
    project.docker().act(&id, "pause");
    let task = end(&project, live);
    assert_eq!(
        (&task["state"], &task["reason"]),
        (&"timed_out".into(), &"timeout".into()),
        "{task:#}"
    );
}

#[test]
fn what_happened_while_no_gofer_ran_is_told_as_it_was() {
    for (what, state, reason) in [
        ("kill", "failed", "exit_code"),
        ("remove", "lost", "container_vanished"),
    ] {
        let project = Project::new(&pipeline("echo begun; sleep 60"));
        let (live, id) = begun(&project);
        live.kill();
        if what == "remove" {
            project.docker().remove(&id);
        } else {
            project.docker().act(&id, what);
        }
        let live = project.spawn(&["run", "--resume", "-o", "json"]);
        let task = end(&project, live);
        assert_eq!(task["state"], state, "{what}: {task:#}");
        let reasons = [reason, "stopped_outside"];
        assert!(
            reasons.contains(&task["reason"].as_str().unwrap()),
            "{what}: {task:#}"
        );
    }
}
