//! Fanning out.

use super::{Ran, assert_says, attempts, file, span, text};
use crate::harness::{Events, Project, wait_for};
use std::time::Duration;

#[test]
fn s47_over_an_empty_list_a_task_is_succeeded_starts_nothing_and_its_dependants_run() {
    let project = Project::new(&file(
        "",
        r#"
[tasks.lists]
script = 'echo "files=[]" >> "$GOFER_OUTPUT"'
[tasks.each]
depends_on = ["lists"]
for_each = { output = "lists.files" }
script = 'echo "size=1" >> "$GOFER_OUTPUT"'
[tasks.after]
depends_on = ["each"]
env = { SIZES = { output = "each.size" } }
script = 'echo "$SIZES"'
"#,
    ));
    let events = Events::listen(project.docker(), &project.store());
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let each = super::task(&run, "each");
    assert_eq!(super::ended(each), "succeeded (no_items)");
    assert_eq!(each["items"], serde_json::json!([]));
    assert_eq!(project.logs("p/1/after"), b"[]\n");
    wait_for("the events", Duration::from_secs(10), || {
        (events.count("die", "after//1") > 0).then_some(())
    });
    assert_eq!(events.starts("attempt"), ["after//1", "lists//1"]);
}

#[test]
fn s48_a_gathered_output_is_a_list_in_item_order_without_gaps() {
    let ran = Ran::of(
        r#"
[tasks.each]
allow_failure = true
for_each = ["2.5", "0.5", "0.2", "0"]
script = '''
sleep "$GOFER_ITEM"
[ "$GOFER_ITEM_INDEX" = 1 ] || echo "x=$GOFER_ITEM_INDEX" >> "$GOFER_OUTPUT"
[ "$GOFER_ITEM_INDEX" != 2 ]
'''
[tasks.reads]
depends_on = ["each"]
env = { ALL = { output = "each.x", default = "none" } }
script = 'echo "$ALL"'
"#,
    );
    let failed = "failed (exit_code)";
    let ok = "succeeded";
    assert_eq!(ran.items("each"), [ok, ok, failed, ok]);
    let items = &ran.task("each")["items"];
    let over = |index: usize| span(&items[index]["attempts"][0]).1;
    assert!(over(3) < over(0), "the last was done first");
    assert_eq!(ran.log("reads"), "[\"0\",\"3\"]\n");
}

#[test]
fn s49_a_dependant_waits_for_all_items_also_after_one_has_failed() {
    let ran = Ran::of(
        r#"
[tasks.each]
for_each = ["fails", "slow"]
script = 'if [ "$GOFER_ITEM" = fails ]; then exit 4; fi; sleep 1.5'
[tasks.after]
depends_on = { each = "any" }
script = "true"
"#,
    );
    assert_eq!(ran.items("each"), ["failed (exit_code)", "succeeded"]);
    let items = &ran.task("each")["items"];
    let [(_, failed), (_, slow)] = [0, 1].map(|index: usize| span(&items[index]["attempts"][0]));
    let (began, _) = span(&ran.task("after")["attempts"][0]);
    assert!(
        failed < slow && slow <= began,
        "{failed:?} {slow:?} {began:?}"
    );
}

#[test]
fn s50_a_failed_item_does_not_stop_the_others_and_the_task_is_failed_and_names_the_items() {
    let ran = Ran::of(
        r#"
[tasks.each]
for_each = ["a", "b", "c", "d"]
max_parallel = 1
script = '[ "$GOFER_ITEM" = a ] || [ "$GOFER_ITEM" = d ]'
"#,
    );
    let failed = "failed (exit_code)";
    assert_eq!(
        ran.items("each"),
        ["succeeded", failed, failed, "succeeded"]
    );
    assert_eq!(super::ended(ran.task("each")), failed);
    assert_says(ran.message("each"), &["1", "2"]);
    assert!(
        !ran.message("each").contains('3'),
        "{}",
        ran.message("each")
    );
}

#[test]
fn s52_for_each_over_the_gathered_list_of_another_fan_out_works() {
    let ran = Ran::of(
        r#"
[tasks.first]
for_each = ["a", "b"]
script = 'echo "name=$GOFER_ITEM$GOFER_ITEM" >> "$GOFER_OUTPUT"'
[tasks.second]
depends_on = ["first"]
for_each = { output = "first.name" }
script = 'echo "name=<$GOFER_ITEM>" >> "$GOFER_OUTPUT"'
"#,
    );
    ran.assert_run("succeeded");
    assert_eq!(ran.task("second")["items"][1]["item"], "bb");
    assert_eq!(ran.task("second")["outputs"]["name"], r#"["<aa>","<bb>"]"#);
}

/// How many attempts of these tasks ran at once, as the engine saw it.
fn most_at_once(events: &Events, of: impl Fn(&str) -> bool) -> i32 {
    let (mut now, mut most) = (0, 0);
    for event in events.all() {
        if event.role == "attempt" && of(&event.unit) {
            now += match event.action.as_str() {
                "start" => 1,
                "die" => -1,
                _ => 0,
            };
            most = most.max(now);
        }
    }
    most
}

#[test]
fn s53_max_parallel_holds_at_every_instant_and_free_places_go_in_the_order_of_being_ready_then_name()
 {
    let project = Project::new(&file(
        "max_parallel = 3",
        r#"
[tasks.each]
for_each = [1, 2, 3, 4]
max_parallel = 2
script = "sleep 0.5"
[tasks.other]
for_each = [1, 2, 3, 4]
script = "sleep 0.5"
"#,
    ));
    let events = Events::listen(project.docker(), &project.store());
    project.run(&[]).0.assert_code(0);
    wait_for("the events", Duration::from_secs(10), || {
        let ends = events.all().into_iter();
        let ends = ends.filter(|event| event.role == "attempt" && event.action == "die");
        (ends.count() == 8).then_some(())
    });
    let in_task = most_at_once(&events, |unit| unit.starts_with("each/"));
    let in_run = most_at_once(&events, |_| true);
    assert!(
        in_task <= 2 && (2..=3).contains(&in_run),
        "{in_task} {in_run}"
    );

    let ran = Ran::with(
        "max_parallel = 1",
        r#"
[tasks.c]
script = "true"
[tasks.b]
script = "true"
[tasks.d]
script = "true"
[tasks.a]
depends_on = ["b"]
script = "true"
"#,
        &[],
    );
    let mut order: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| (span(&ran.task(name)["attempts"][0]).0, name))
        .to_vec();
    order.sort();
    let order: Vec<&str> = order.into_iter().map(|(_, name)| name).collect();
    assert_eq!(order, ["b", "c", "d", "a"]);
}

#[test]
fn s54_text_that_is_not_a_json_list_fails_the_task_with_its_first_80_characters() {
    let shown: String = ('a'..='z').cycle().take(79).collect();
    let ran = Ran::of(&format!(
        r#"
[tasks.writes]
script = 'echo "list=#{shown}THE REST" >> "$GOFER_OUTPUT"'
[tasks.each]
depends_on = ["writes"]
for_each = {{ output = "writes.list" }}
script = "true"
"#
    ));
    assert_eq!(super::ended(ran.task("each")), "failed (not_a_list)");
    assert_says(ran.message("each"), &[&format!("#{shown}")]);
    assert!(!ran.message("each").contains("#{shown}T"));
    assert!(
        !ran.message("each").contains("THE"),
        "{}",
        ran.message("each")
    );
}

#[test]
fn s55_more_than_1000_items_fail_the_task_before_any_starts() {
    let numbers = |count: usize| -> String {
        let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        format!("list=[{}]", numbers.join(","))
    };
    let ran = Ran::with(
        "[params.list]\ntype = \"json\"",
        "[tasks.each]\nfor_each = { param = \"list\" }\nscript = \"true\"\n",
        &["--param", &numbers(1001)],
    );
    let each = ran.task("each");
    assert_eq!(super::ended(each), "failed (too_many_items)");
    assert_says(text(&each["message"]), &["1001", "1000"]);
    assert!(ran.items("each").is_empty() && attempts(each).is_empty());
}
