//! Finally tasks, and cancelling.

use super::{Ran, assert_order, assert_says, ended, file, refused, task};
use crate::harness::{Project, Since, wait_for};
use rustix::process::Signal;
use serde_json::Value;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

/// A run that is cancelled once it has said this.
pub(super) fn cancelled(project: &Project, when: &str) -> (Value, String) {
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says(when);
    live.signal(Signal::INT);
    let done = live.done();
    done.assert_code(3);
    (done.json(), done.err())
}

#[test]
fn s24_finally_tasks_run_after_success_failure_cancel_and_run_timeout_and_know_which_it_was() {
    let project = Project::new(&file(
        "timeout = \"3s\"\n[params.script]",
        r#"
[tasks.work]
stop_grace = "0s"
env = { SCRIPT = { param = "script" } }
script = 'echo begun; eval "$SCRIPT"'
[tasks.tells]
finally = true
script = 'echo "$GOFER_RUN_STATE $GOFER_FAILED_TASKS"'
[tasks.asks]
finally = true
when = 'run.state == "cancelled"'
script = "true"
"#,
    ));
    let ends = [
        ("succeeded", "succeeded []", "true"),
        ("failed (task_failed)", "failed [\"work\"]", "exit 4"),
        ("cancelled (by_person)", "cancelled", "sleep 60"),
        ("failed (timed_out)", "failed", "sleep 60 # to the end"),
    ];
    for (state, told, script) in ends {
        let mut live = project.spawn(&["run", "-o", "json", "-p", &format!("script={script}")]);
        if state.starts_with("cancelled") {
            live.until_it_says("| begun");
            live.signal(Signal::INT);
        }
        let run = live.done().json();
        assert_eq!(ended(&run), state);
        assert_eq!(ended(task(&run, "tells")), "succeeded", "{state}");
        let log = String::from_utf8(project.logs("p/latest/tells")).unwrap();
        assert!(log.starts_with(told), "{state}: {log}");
        let asked = ended(task(&run, "asks"));
        let is_cancelled = state.starts_with("cancelled");
        assert_eq!(asked == "succeeded", is_cancelled, "{state}: {asked}");
    }
}

#[test]
fn s25_a_finally_task_whose_producer_wrote_nothing_runs_with_the_default_and_is_refused_without() {
    let reads = |reference: &str| {
        format!(
            r#"
[tasks.work]
script = "exit 4"
[tasks.tidy]
finally = true
env = {{ PATH_TO_REMOVE = {reference} }}
script = 'echo "$PATH_TO_REMOVE"'
"#
        )
    };
    let ran = Ran::of(&reads(r#"{ output = "work.path", default = "none" }"#));
    ran.assert_tasks(&[("work", "failed (exit_code)"), ("tidy", "succeeded")]);
    assert_eq!(ran.log("tidy"), "none\n");
    let said = refused("", &reads(r#"{ output = "work.path" }"#));
    assert_says(&said, &["tasks.tidy.env", "work.path", "default"]);
}

#[test]
fn s26_any_does_not_run_after_a_cancel_and_waiting_tasks_become_cancelled_at_once() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.work]
stop_grace = "1s"
script = "trap '' TERM; echo begun; sleep 60"
[tasks.after]
depends_on = { work = "any" }
script = "true"
[tasks.last]
depends_on = { after = "any" }
script = "true"
[tasks.tidy]
finally = true
script = "true"
"#,
    ));
    let (run, said) = cancelled(&project, "| begun");
    for (name, state) in [
        ("work", "cancelled (run_cancelled)"),
        ("after", "cancelled (run_cancelled)"),
        ("last", "cancelled (run_cancelled)"),
        ("tidy", "succeeded"),
    ] {
        assert_eq!(ended(task(&run, name)), state, "{name}\n{said}");
    }
    assert_eq!(task(&run, "after")["attempts"], serde_json::json!([]));
    assert_order(&said, "after ⊘ cancelled", "work  ⊘ cancelled");
    assert_order(&said, "last  ⊘ cancelled", "work  ⊘ cancelled");
}

#[test]
fn s28_while_finally_tasks_run_after_a_cancel_the_run_is_cancelling() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.work]
stop_grace = "0s"
script = "echo begun; sleep 60"
[tasks.tidy]
finally = true
script = 'echo tidying; sleep 2'
"#,
    ));
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("| begun");
    live.signal(Signal::INT);
    live.until_it_says("| tidying");
    let shown = project.gofer(&["show", "p/1", "-o", "json"]).json();
    assert_eq!(shown["state"], "cancelling", "{shown:#}");
    assert_eq!(ended(task(&shown, "work")), "cancelled (run_cancelled)");
    assert_eq!(ended(&live.done().json()), "cancelled (by_person)");
}

#[test]
fn s29_a_cancelled_task_is_cancelled_whatever_exit_code_its_container_then_reports() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.well]
script = "trap 'exit 0' TERM; echo begun; sleep 60 & wait"
[tasks.badly]
script = "trap 'exit 7' TERM; echo begun; sleep 60 & wait"
"#,
    ));
    let live = project.spawn(&["run", "-o", "json"]);
    wait_for("both to begin", MINUTE, || {
        (live.said().matches("| begun").count() == 2).then_some(())
    });
    live.signal(Signal::INT);
    let run = live.done().json();
    for (name, code) in [("well", 0), ("badly", 7)] {
        let task = task(&run, name);
        assert_eq!(ended(task), "cancelled (run_cancelled)", "{task:#}");
        let [attempt] = &task["attempts"].as_array().unwrap()[..] else {
            panic!("{task:#}")
        };
        assert_eq!(ended(attempt), "cancelled (run_cancelled)");
        assert_eq!(attempt["exit_code"], code);
    }
}

#[test]
fn s30_a_script_that_sleeps_ends_within_2_s_of_a_cancel_with_the_default_grace() {
    let project = Project::new(&file("", "[tasks.work]\nscript = \"sleep 60\"\n"));
    let store = project.store();
    let mut took = Vec::new();
    // What else the machine does is not what is measured.
    for _ in 0..5 {
        let live = project.spawn(&["run", "-o", "json"]);
        wait_for("its start", MINUTE, || {
            let id = project.docker().container_of(&store, "work")?;
            let found = project.docker().inspect(&id)?;
            (found["State"]["Running"] == true).then_some(())
        });
        let since = Since::now();
        live.signal(Signal::INT);
        let run = live.done().json();
        took.push(since.elapsed());
        assert_eq!(ended(task(&run, "work")), "cancelled (run_cancelled)");
        if since.elapsed() <= Duration::from_secs(2) {
            return;
        }
    }
    panic!("it took {took:?}");
}

#[test]
fn s31_a_retry_that_is_due_never_starts_after_a_cancel_and_a_task_in_retrying_becomes_cancelled() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.work]
retry = { limit = 3, delay = "1s" }
script = "exit 4"
[tasks.tidy]
finally = true
script = "sleep 2"
"#,
    ));
    let (run, said) = cancelled(&project, "retrying");
    let work = task(&run, "work");
    assert_eq!(ended(work), "cancelled (run_cancelled)", "{said}");
    assert_eq!(super::attempts(work), ["failed (exit_code)"]);
    assert_eq!(ended(task(&run, "tidy")), "succeeded", "past its due time");
}
