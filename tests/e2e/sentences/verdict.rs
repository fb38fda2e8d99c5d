//! The verdict of a run.

use super::{Ran, assert_says, file, task};
use crate::harness::{Live, Project, wait_for};
use std::time::Duration;

#[test]
fn s16_a_failed_task_makes_the_run_failed_even_if_a_handler_ran_and_every_last_task_succeeded() {
    let ran = Ran::of(
        r#"
[tasks.fails]
script = "exit 4"
[tasks.handler]
depends_on = { fails = "failure" }
script = "true"
[tasks.last]
depends_on = ["handler"]
script = "true"
"#,
    );
    ran.done.assert_code(2);
    ran.assert_run("failed (task_failed)").assert_tasks(&[
        ("fails", "failed (exit_code)"),
        ("handler", "succeeded"),
        ("last", "succeeded"),
    ]);
    assert_says(super::text(&ran.run["message"]), &["fails"]);
}

#[test]
fn s17_with_allow_failure_the_run_is_succeeded_the_task_stays_failed_and_lists_show_it_amber() {
    let ran = Ran::of("[tasks.lint]\nallow_failure = true\nscript = \"exit 4\"\n");
    ran.done.assert_code(0);
    ran.assert_run("succeeded")
        .assert_tasks(&[("lint", "failed (exit_code)")]);
    assert_eq!(ran.task("lint")["allow_failure"], true);
    let yellow = |command: &[&str], words: &str| {
        let mut command = ran.project.command(command);
        command.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR");
        let shown = Live::new(command).done().out();
        assert_says(&shown, &[&format!("\u{1b}[33m{words}")]);
    };
    yellow(&["show", "p/1"], "✗ failed");
    yellow(&["runs"], "✓ succeeded");
    let runs = ran.project.gofer(&["runs"]).out();
    assert_says(&runs, &["lint failed, which is allowed"]);
}

#[test]
fn s18_a_dependant_of_an_allowed_failure_runs_under_success_and_under_failure() {
    Ran::of(
        r#"
[tasks.lint]
allow_failure = true
script = "exit 4"
[tasks.on_success]
depends_on = ["lint"]
script = "true"
[tasks.on_failure]
depends_on = { lint = "failure" }
script = "true"
"#,
    )
    .assert_run("succeeded")
    .assert_tasks(&[
        ("lint", "failed (exit_code)"),
        ("on_success", "succeeded"),
        ("on_failure", "succeeded"),
    ]);
}

#[test]
fn s19_a_failed_finally_task_makes_a_run_failed_that_otherwise_succeeded() {
    let ran = Ran::of(
        r#"
[tasks.work]
script = "true"
[tasks.tidy]
finally = true
script = 'echo "$GOFER_RUN_STATE"; exit 4'
"#,
    );
    ran.done.assert_code(2);
    ran.assert_run("failed (task_failed)")
        .assert_tasks(&[("work", "succeeded"), ("tidy", "failed (exit_code)")]);
    assert_eq!(ran.log("tidy"), "succeeded\n");
}

#[test]
fn s20_a_run_of_which_all_ordinary_tasks_were_skipped_is_skipped_with_nothing_to_do() {
    let ran = Ran::of(
        r#"
[tasks.work]
when = "1 == 2"
script = "true"
[tasks.after]
depends_on = ["work"]
script = "true"
[tasks.tidy]
finally = true
script = 'echo "$GOFER_RUN_STATE"'
"#,
    );
    ran.done.assert_code(0);
    ran.assert_run("skipped (nothing_to_do)").assert_tasks(&[
        ("work", "skipped (condition_false)"),
        ("after", "skipped (upstream_skipped)"),
        ("tidy", "succeeded"),
    ]);
    assert_eq!(ran.log("tidy"), "skipped\n");
}

#[test]
fn s21_lost_fails_the_run_and_meets_failure_never_success_unless_allowed() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.gone]
script = "echo begun; sleep 60"
[tasks.allowed]
allow_failure = true
script = "echo begun; sleep 60"
[tasks.after]
depends_on = ["gone"]
script = "true"
[tasks.handler]
depends_on = { gone = "failure" }
script = "true"
[tasks.after_allowed]
depends_on = ["allowed"]
script = "true"
"#,
    ));
    let ran = lose(project, &["gone", "allowed"]);
    ran.done.assert_code(2);
    ran.assert_run("failed (task_failed)").assert_tasks(&[
        ("gone", "lost (container_vanished)"),
        ("allowed", "lost (container_vanished)"),
        ("after", "skipped (upstream_failed)"),
        ("handler", "succeeded"),
        ("after_allowed", "succeeded"),
    ]);
    assert_says(super::text(&ran.run["message"]), &["gone"]);
}

/// Runs it until these have begun, takes their containers away while no `gofer` runs, goes on.
pub(super) fn lose(project: Project, tasks: &[&str]) -> Ran {
    let store = project.store();
    let live = project.spawn(&["run", "-o", "json"]);
    wait_for("all to begin", Duration::from_mins(1), || {
        let said = live.said();
        let begun = |name: &&str| {
            let mut lines = said.lines().filter(|line| line.starts_with(*name));
            lines.any(|line| line.ends_with("| begun"))
        };
        tasks.iter().all(begun).then_some(())
    });
    live.kill();
    for name in tasks {
        let id = project.docker().container_of(&store, name);
        project.docker().remove(&id.expect("it runs"));
    }
    let done = project.gofer(&["run", "--resume", "-o", "json"]);
    let run = done.json();
    Ran { project, done, run }
}

#[test]
fn s22_a_timed_out_task_is_timed_out_fails_the_run_and_meets_failure() {
    let ran = Ran::of(
        r#"
[tasks.slow]
timeout = "1s"
stop_grace = "0s"
script = "sleep 60"
[tasks.handler]
depends_on = { slow = "failure" }
script = "true"
[tasks.after]
depends_on = ["slow"]
script = "true"
"#,
    );
    ran.done.assert_code(2);
    ran.assert_run("failed (task_failed)").assert_tasks(&[
        ("slow", "timed_out (timeout)"),
        ("handler", "succeeded"),
        ("after", "skipped (upstream_failed)"),
    ]);
    assert_eq!(ran.attempts("slow"), ["timed_out (timeout)"]);
    assert_eq!(task(&ran.run, "after")["attempts"], serde_json::json!([]));
}

#[test]
fn s23_a_failure_in_one_branch_stops_nothing_in_another() {
    Ran::of(
        r#"
[tasks.fails]
script = "exit 4"
[tasks.slow]
script = "sleep 0.5"
[tasks.second]
depends_on = ["slow"]
script = "true"
[tasks.third]
depends_on = ["second"]
script = "true"
"#,
    )
    .assert_run("failed (task_failed)")
    .assert_tasks(&[
        ("fails", "failed (exit_code)"),
        ("slow", "succeeded"),
        ("second", "succeeded"),
        ("third", "succeeded"),
    ]);
}
