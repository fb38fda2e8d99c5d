use super::*;
use crate::{
    definition::{Condition, Task},
    name::TaskName,
};

#[test]
fn an_unknown_parent_is_named_with_the_one_that_was_meant() {
    refused(
        tasks(json!({"load": {}, "report": {"depends_on": {"laod": "success"}}})),
        "tasks.report.depends_on.laod",
        "there is no task `laod`, did you mean `load`?",
    );
}

#[test]
fn what_follows_from_an_unknown_parent_is_not_said_besides() {
    refused(
        tasks(
            json!({"list": {}, "load": {"depends_on": {"lst": "success"}, "env": {"X": {"output": "list.x"}}}}),
        ),
        "tasks.load.depends_on.lst",
        "did you mean `list`?",
    );
}

#[test]
fn a_task_cannot_wait_for_itself() {
    refused(
        tasks(json!({"a": {"depends_on": {"a": "any"}}})),
        "tasks.a.depends_on.a",
        "cannot wait for itself",
    );
}

#[test]
fn a_cycle_is_named_whole_and_once() {
    refused(
        tasks(json!({
            "b": {"depends_on": {"c": "success"}},
            "c": {"depends_on": {"a": "success", "root": "success"}},
            "a": {"depends_on": {"b": "any"}},
            "root": {}, "below": {"depends_on": {"a": "success"}},
        })),
        "tasks.a.depends_on.b",
        "these tasks wait for one another: a → b → c → a",
    );
}

#[test]
fn a_cycle_begins_with_its_first_name_wherever_it_was_met() {
    refused(
        tasks(json!({
            "above": {"depends_on": {"two": "any"}},
            "one": {"depends_on": {"two": "any"}},
            "two": {"depends_on": {"one": "any"}},
        })),
        "tasks.one.depends_on.two",
        "one → two → one",
    );
}

#[test]
fn two_cycles_are_two_problems_and_hide_no_other() {
    let errors = errors(tasks(json!({
        "a": {"depends_on": {"b": "any"}}, "b": {"depends_on": {"a": "any"}},
        "c": {"depends_on": {"d": "any", "b": "any"}}, "d": {"depends_on": {"c": "any"}, "max_parallel": 3},
    })));
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(
        errors.iter().any(|line| line.ends_with("a → b → a")),
        "{errors:?}"
    );
    assert!(
        errors.iter().any(|line| line.ends_with("c → d → c")),
        "{errors:?}"
    );
    assert!(
        errors
            .iter()
            .any(|line| line.starts_with("tasks.d.max_parallel")),
        "{errors:?}"
    );
}

#[test]
fn an_ordinary_task_cannot_wait_for_a_finally_task() {
    refused(
        tasks(json!({"clean": {"finally": true}, "load": {"depends_on": {"clean": "any"}}})),
        "tasks.load.depends_on.clean",
        "`clean` is a finally task",
    );
}

#[test]
fn a_finally_task_may_wait_only_for_finally_tasks() {
    refused(
        tasks(json!({"load": {}, "clean": {"finally": true, "depends_on": {"load": "any"}}})),
        "tasks.clean.depends_on.load",
        "leave out `load`",
    );
    accepted(tasks(
        json!({"one": {"finally": true}, "two": {"finally": true, "depends_on": {"one": "any"}}}),
    ));
}

#[test]
fn a_success_edge_onto_a_task_with_when_is_noted() {
    let edge = |condition: &str| {
        let value = tasks(json!({"a": {"when": "true"}, "b": {"depends_on": {"a": condition}}}));
        let notes = found(value, Severity::Note);
        notes
            .into_iter()
            .map(|note| (note.path.to_string(), note.message))
            .collect::<Vec<_>>()
    };
    let notes = edge("success");
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0].0, "tasks.b.depends_on.a");
    assert!(
        notes[0]
            .1
            .contains("`b` is skipped too; with `not_failed` it would run"),
        "{notes:?}"
    );
    assert!(edge("not_failed").is_empty());
}

/// 1,000 tasks, each waiting for the last `parents` before it.
fn many(parents: usize) -> Pipeline {
    let name = |nth: usize| -> TaskName { format!("task-{nth:04}").parse().unwrap() };
    let value = || serde_json::from_value(json!({"output": "task-0000.x"})).unwrap();
    let mut pipeline = pipeline(tasks(json!({})));
    for nth in 0..1_000_usize {
        let before = nth.saturating_sub(parents)..nth;
        let mut task = Task {
            depends_on: before
                .map(|parent| (name(parent), Condition::Success))
                .collect(),
            ..Task::default()
        };
        if nth > 0 {
            task.container.env.insert("X".parse().unwrap(), value());
        }
        pipeline.tasks.insert(name(nth), task);
    }
    pipeline
}

#[test]
fn a_thousand_tasks_in_a_chain_or_all_to_all_are_checked_at_once() {
    for parents in [1, 1_000] {
        let pipeline = many(parents);
        let clock = stopwatch();
        assert_eq!(check(&pipeline), []);
        // Far above what it takes, even unoptimised on a busy machine; a cubic walk takes minutes.
        assert!(
            clock().as_millis() < 10_000,
            "{parents} parents: {:?}",
            clock()
        );
    }
}

#[test]
fn a_file_full_of_mistakes_is_answered_in_time_and_whole() {
    let long = "x".repeat(40);
    let mut value = tasks(json!({}));
    for nth in 0..1_000 {
        let unknown = (0..50).map(|parent| (format!("y{nth}-{parent}-{long}"), json!("any")));
        let unknown: serde_json::Map<String, Json> = unknown.collect();
        value["tasks"][format!("task-{nth:04}-{long}")] = json!({"depends_on": unknown});
    }
    let pipeline = pipeline(value);
    let clock = stopwatch();
    assert_eq!(check(&pipeline).len(), 50_000);
    assert!(clock().as_millis() < 20_000, "{:?}", clock());
}

#[expect(clippy::disallowed_methods, reason = "a test that measures")]
fn stopwatch() -> impl Fn() -> std::time::Duration {
    let start = std::time::Instant::now();
    move || start.elapsed()
}
