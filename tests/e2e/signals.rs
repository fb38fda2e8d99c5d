//! Ctrl-C once, twice, three times; and going on.

use crate::harness::{Live, Project};
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;

const SLOW: &str = r#"
name = "slow"
[defaults]
image = "gofer-demo:1"
[tasks.work]
stop_grace = "1s"
script = "echo begun; sleep 60; echo never"
[tasks.after]
depends_on = ["work"]
script = "true"
[tasks.tidy]
finally = true
script = 'echo "tidying after $GOFER_RUN_STATE"; sleep "${TIDY:-0}"; echo tidy'
"#;

/// The finally task takes its time.
fn slow_tidy() -> String {
    SLOW.replace("${TIDY:-0}", "20")
}

#[test]
fn a_first_signal_cancels_and_finally_tasks_run() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let project = Project::new(SLOW);
        let mut live = project.spawn(&["run", "-o", "json"]);
        live.until_it_says("| begun");
        live.signal(signal);
        let done = live.done();
        done.assert_code(3);
        let run = done.json();
        assert_eq!(
            (&run["state"], &run["reason"]),
            (&json!("cancelled"), &json!("by_person"))
        );
        let [after, tidy, work] = [&run["tasks"][0], &run["tasks"][1], &run["tasks"][2]];
        assert_eq!(
            (&work["state"], &work["reason"]),
            (&json!("cancelled"), &json!("run_cancelled"))
        );
        assert_eq!(after["state"], "cancelled");
        assert_eq!(tidy["state"], "succeeded");
        assert_eq!(
            project.logs("slow/1/tidy"),
            b"tidying after cancelled\ntidy\n"
        );
        project.assert_nothing_left();
    }
}

#[test]
fn a_second_signal_ends_the_finally_tasks_too() {
    let project = Project::new(&slow_tidy());
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("| begun");
    live.signal(Signal::INT);
    live.until_it_says("| tidying");
    live.signal(Signal::INT);
    let done = live.done();
    done.assert_code(3);
    assert!(done.took < Duration::from_secs(20), "{:?}", done.took);
    assert_eq!(done.json()["tasks"][1]["state"], "cancelled");
    project.assert_nothing_left();
}

#[test]
fn a_third_signal_leaves_and_resume_goes_on() {
    let project = Project::new(
        &SLOW
            .replace("sleep 60; echo never", "trap '' TERM; sleep 6; echo done")
            .replace("1s", "1h"),
    );
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("| begun");
    live.signal(Signal::INT);
    live.until_it_says("cancelling");
    live.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    live.signal(Signal::INT);
    let done = live.done();
    assert!(done.took < Duration::from_secs(5), "{:?}", done.took);
    done.assert_code(3);
    assert!(done.err().contains("gofer run --resume"), "{}", done.err());
    assert_eq!(
        project
            .docker()
            .containers(&format!("gofer.store={}", project.store()))
            .iter()
            .filter(|one| one["State"] == "running" && one["Labels"]["gofer.role"] == "attempt")
            .count(),
        1
    );
    let (done, run) = project.run(&["--resume"]);
    done.assert_code(3);
    assert_eq!(run["number"], 1);
    assert_eq!(run["state"], "cancelled");
    assert_eq!(project.logs("slow/1/work"), b"begun\ndone\n");
    project.assert_nothing_left();
}

#[test]
fn another_process_cancels_a_run_by_its_name() {
    let project = Project::new(SLOW);
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("| begun");
    project.gofer(&["cancel", "slow/1"]).assert_code(0);
    let done = live.done();
    done.assert_code(3);
    assert_eq!(done.json()["state"], "cancelled");
    project.assert_nothing_left();
}

#[test]
fn a_run_whose_process_is_dead_can_be_cancelled() {
    let project = Project::new(SLOW);
    let mut live = project.spawn(&["run"]);
    live.until_it_says("| begun");
    live.kill();
    let shown = project.gofer(&["show", "slow/1", "-o", "json"]).json();
    assert_eq!(
        (&shown["state"], &shown["interrupted"]),
        (&json!("running"), &json!(true))
    );
    project.gofer(&["cancel", "slow/1"]).assert_code(0);
    let shown = project.gofer(&["show", "slow/1", "-o", "json"]).json();
    assert_eq!(shown["state"], "cancelled", "{shown}");
    project.assert_nothing_left();
}

#[test]
fn resume_follows_a_run_that_a_live_process_drives() {
    let project = Project::new(&SLOW.replace("sleep 60; echo never", "sleep 3; echo done"));
    let mut first = project.spawn(&["run", "-o", "json"]);
    first.until_it_says("| begun");
    let second: Live = project.spawn(&["run", "--resume", "-o", "json"]);
    let (first, second) = (first.done(), second.done());
    first.assert_code(0);
    second.assert_code(0);
    assert!(second.err().contains("following"), "{}", second.err());
    assert_eq!(first.json(), second.json());
    assert_eq!(project.records().runs(), (1, 0));
    let (done, run) = project.run(&["--resume"]);
    done.assert_code(0);
    assert!(done.err().contains("unfinished"), "{}", done.err());
    assert_eq!(run["number"], 2);
    project.assert_nothing_left();
}
