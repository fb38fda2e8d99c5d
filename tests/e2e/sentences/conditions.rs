//! Skipping and conditions.

use super::{Ran, assert_order, assert_says, file, task};
use crate::harness::{Events, Project, wait_for};
use std::time::Duration;

#[test]
fn s01_a_task_whose_when_is_false_is_skipped_and_no_container_is_made() {
    let project = Project::new(&file(
        "[params.day]\ndefault = \"monday\"",
        r#"
[tasks.never]
when = 'params.day == "sunday"'
image = "registry.invalid/never:1"
pull = "always"
env = { TOKEN = { secret = "token" } }
script = "true"
[tasks.runs]
script = "true"
"#,
    ));
    let secrets = project.write("secrets.env", "token=long enough\n");
    let events = Events::listen(project.docker(), &project.store());
    let (done, run) = project.run(&["--secrets", secrets.to_str().unwrap()]);
    done.assert_code(0);
    let never = task(&run, "never");
    assert_eq!(super::ended(never), "skipped (condition_false)");
    assert_eq!(never["attempts"], serde_json::json!([]));
    wait_for("the other's end", Duration::from_secs(10), || {
        (events.count("die", "runs//1") > 0).then_some(())
    });
    let of_never = |unit: &str| unit.starts_with("never/");
    assert!(!events.all().iter().any(|event| of_never(&event.unit)));
    assert!(!done.err().contains("registry.invalid"), "{}", done.err());
}

#[test]
fn s02_a_success_dependant_of_a_skipped_task_is_skipped_and_names_the_task_whose_when_was_false() {
    let ran = Ran::of(
        r#"
[tasks.root]
when = "1 == 2"
script = "true"
[tasks.next]
depends_on = ["root"]
script = "true"
[tasks.last]
depends_on = ["next"]
script = "true"
"#,
    );
    ran.assert_tasks(&[
        ("root", "skipped (condition_false)"),
        ("next", "skipped (upstream_skipped)"),
        ("last", "skipped (upstream_skipped)"),
    ]);
    for name in ["next", "last"] {
        assert_says(ran.message(name), &["root", "`when`", "1 == 2"]);
    }
}

#[test]
fn s03_a_not_failed_dependant_of_a_skipped_task_runs_and_so_does_what_follows() {
    Ran::of(
        r#"
[tasks.root]
when = "1 == 2"
script = "true"
[tasks.next]
depends_on = { root = "not_failed" }
script = "true"
[tasks.third]
depends_on = ["next"]
script = "true"
[tasks.fourth]
depends_on = ["third"]
script = "true"
"#,
    )
    .assert_run("succeeded")
    .assert_tasks(&[
        ("root", "skipped (condition_false)"),
        ("next", "succeeded"),
        ("third", "succeeded"),
        ("fourth", "succeeded"),
    ]);
}

#[test]
fn s04_a_failure_does_not_get_through_not_failed_by_way_of_a_skip() {
    let ran = Ran::of(
        r#"
[tasks.fails]
script = "exit 4"
[tasks.skipped]
depends_on = ["fails"]
script = "true"
[tasks.last]
depends_on = { skipped = "not_failed" }
script = "true"
"#,
    );
    ran.assert_tasks(&[
        ("fails", "failed (exit_code)"),
        ("skipped", "skipped (upstream_failed)"),
        ("last", "skipped (upstream_failed)"),
    ]);
    assert_says(ran.message("last"), &["fails"]);
}

#[test]
fn s05_failure_is_met_by_a_parent_that_never_ran_because_of_a_failure_before_it() {
    Ran::of(
        r#"
[tasks.fails]
script = "exit 4"
[tasks.skipped]
depends_on = ["fails"]
script = "true"
[tasks.handler]
depends_on = { skipped = "failure" }
script = "true"
"#,
    )
    .assert_run("failed (task_failed)")
    .assert_tasks(&[
        ("fails", "failed (exit_code)"),
        ("skipped", "skipped (upstream_failed)"),
        ("handler", "succeeded"),
    ]);
}

#[test]
fn s06_a_failure_handler_that_was_not_needed_is_skipped_and_not_failed_passes_it() {
    let ran = Ran::of(
        r#"
[tasks.good]
script = "true"
[tasks.handler]
depends_on = { good = "failure" }
script = "true"
[tasks.last]
depends_on = { handler = "not_failed" }
script = "true"
"#,
    );
    ran.assert_run("succeeded").assert_tasks(&[
        ("good", "succeeded"),
        ("handler", "skipped (upstream_succeeded)"),
        ("last", "succeeded"),
    ]);
    assert_says(ran.message("handler"), &["good"]);
}

#[test]
fn s07_a_task_is_not_decided_before_its_last_parent_is_over_and_its_reason_never_depends_on_timing()
{
    let ran = Ran::of(
        r#"
[tasks.fails_at_once]
script = "exit 4"
[tasks.skipped_at_once]
when = "1 == 2"
script = "true"
[tasks.slow]
script = "sleep 1"
[tasks.fails_late]
depends_on = ["slow"]
script = "exit 5"
[tasks.skipped_late]
depends_on = ["slow"]
when = "1 == 2"
script = "true"
[tasks.one]
depends_on = ["fails_at_once", "skipped_late"]
script = "true"
[tasks.other]
depends_on = ["skipped_at_once", "fails_late"]
script = "true"
"#,
    );
    ran.assert_tasks(&[
        ("fails_at_once", "failed (exit_code)"),
        ("skipped_at_once", "skipped (condition_false)"),
        ("slow", "succeeded"),
        ("fails_late", "failed (exit_code)"),
        ("skipped_late", "skipped (condition_false)"),
        ("one", "skipped (upstream_failed)"),
        ("other", "skipped (upstream_failed)"),
    ]);
    let said = spaced(&ran.done.err());
    assert_order(&said, "slow ✓", "one ⊘");
    assert_order(&said, "fails_late ✗", "other ⊘");
}

/// Columns are one space apart.
fn spaced(said: &str) -> String {
    let lines = said.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ") + "\n"
    });
    lines.collect()
}

#[test]
fn s08_when_is_not_asked_if_dependencies_are_not_met_nor_for_each_read_if_when_is_false() {
    Ran::of(
        r#"
[tasks.fails]
script = "exit 4"
[tasks.would_err]
depends_on = ["fails"]
when = 'outputs.fails.nothing | int > 3'
script = "true"
[tasks.lists]
script = 'echo "list=this is no list" >> "$GOFER_OUTPUT"'
[tasks.would_fail]
depends_on = ["lists"]
when = 'outputs.lists.list == "other"'
for_each = { output = "lists.list" }
script = "true"
"#,
    )
    .assert_tasks(&[
        ("fails", "failed (exit_code)"),
        ("would_err", "skipped (upstream_failed)"),
        ("lists", "succeeded"),
        ("would_fail", "skipped (condition_false)"),
    ]);
}

#[test]
fn s09_a_when_that_names_no_item_is_asked_once_for_a_fan_out_and_one_that_does_for_each_item() {
    let ran = Ran::of(
        r#"
[tasks.writes]
script = 'echo "n=many" >> "$GOFER_OUTPUT"'
[tasks.once]
depends_on = ["writes"]
when = 'outputs.writes.n | int > 3'
for_each = ["a", "b", "c"]
script = "true"
[tasks.each]
when = 'item.n > 1'
for_each = [{ n = 1 }, { n = 2 }, { n = 3 }]
script = 'echo "n=$GOFER_ITEM_INDEX" >> "$GOFER_OUTPUT"'
"#,
    );
    ran.assert_tasks(&[
        ("writes", "succeeded"),
        ("once", "failed (when_error)"),
        ("each", "succeeded"),
    ]);
    assert!(ran.items("once").is_empty(), "it failed once, not thrice");
    assert_eq!(
        ran.items("each"),
        ["skipped (condition_false)", "succeeded", "succeeded"]
    );
    assert_eq!(ran.task("each")["outputs"]["n"], r#"["1","2"]"#);
}

#[test]
fn s10_a_fan_out_whose_when_is_false_is_skipped_not_succeeded_and_has_no_items() {
    let ran = Ran::of(
        r#"
[tasks.each]
when = "1 == 2"
for_each = ["a", "b"]
script = "true"
[tasks.after]
depends_on = ["each"]
script = "true"
"#,
    );
    ran.assert_run("skipped (nothing_to_do)").assert_tasks(&[
        ("each", "skipped (condition_false)"),
        ("after", "skipped (upstream_skipped)"),
    ]);
    assert!(ran.items("each").is_empty());
}
