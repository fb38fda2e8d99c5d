//! Skipping and conditions: sentences 1 to 15.

use super::world::{Does, World, exits, plan, writes};
use crate::run::{Ending, Reason::*, RunReason, RunState, TaskState::*};
use serde_json::json;

#[test]
fn s01_a_task_whose_when_is_false_is_skipped_and_starts_nothing() {
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {"a": {"when": "params.x == 'yes'", "env": {"S": {"secret": "gone"}}}}}),
        &[("x", "no")],
    )
    .run();
    assert_eq!(world.state("a"), (Skipped, Some(ConditionFalse)));
    assert_eq!((world.starts("a"), world.unit("a").attempts.len()), (0, 0));
    assert_eq!(
        world.message("a"),
        "its `when` was false: params.x == 'yes'"
    );
}

fn skipped_chain() -> World {
    World::with_params(
        json!({"params": {"x": {}}, "tasks": {
            "a": {"when": "params.x == 'yes'"},
            "b": {"depends_on": {"a": "success"}},
            "c": {"depends_on": {"b": "success"}},
            "d": {"depends_on": {"c": "not_failed"}},
            "e": {"depends_on": {"d": "success"}},
            "f": {"depends_on": {"e": "success"}},
        }}),
        &[("x", "no")],
    )
    .run()
}

#[test]
fn s02_a_success_dependant_of_a_skipped_task_names_the_task_whose_when_was_false() {
    let world = skipped_chain();
    for task in ["b", "c"] {
        assert_eq!(
            world.state(task),
            (Skipped, Some(UpstreamSkipped)),
            "{task}"
        );
        let message = world.message(task);
        assert_eq!(
            message, "a was skipped: its `when` was false: params.x == 'yes'",
            "{task}"
        );
    }
}

#[test]
fn s03_a_not_failed_dependant_of_a_skipped_task_runs_and_so_does_what_follows() {
    let world = skipped_chain();
    for task in ["d", "e", "f"] {
        assert_eq!(world.state(task), (Succeeded, None), "{task}");
    }
}

#[test]
fn s04_a_failure_does_not_get_through_not_failed_by_way_of_a_skip() {
    let world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}}, "c": {"depends_on": {"b": "not_failed"}},
    }}))
    .script("a", [exits(3)])
    .run();
    assert_eq!(world.state("b"), (Skipped, Some(UpstreamFailed)));
    assert_eq!(world.state("c"), (Skipped, Some(UpstreamFailed)));
    assert_eq!(world.message("c"), "a ended as failed (exit_code)");
}

#[test]
fn s05_failure_is_met_by_a_parent_that_never_ran_because_of_a_failure_before_it() {
    let world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}}, "c": {"depends_on": {"b": "failure"}},
    }}))
    .script("a", [exits(3)])
    .run();
    assert_eq!(world.state("c"), (Succeeded, None));
}

#[test]
fn s06_a_handler_that_was_not_needed_is_skipped_and_not_failed_passes_it() {
    let world = World::new(json!({"tasks": {
        "a": {}, "h": {"depends_on": {"a": "failure"}}, "n": {"depends_on": {"h": "not_failed"}},
    }}))
    .run();
    assert_eq!(world.state("h"), (Skipped, Some(UpstreamSucceeded)));
    assert_eq!(world.state("n"), (Succeeded, None));
}

#[test]
fn s07_a_task_is_not_decided_before_its_last_parent_is_over() {
    let mut world = World::new(json!({"tasks": {
        "a": {}, "b": {}, "c": {"depends_on": {"a": "success", "b": "success"}},
    }}))
    .script("a", [exits(1)])
    .script("b", [exits(0).takes(60)]);
    world.admit().until(30);
    assert_eq!(world.state("a").0, Failed);
    assert_eq!(world.state("c"), (Waiting, None));
    world.finish();
    assert_eq!(world.state("c"), (Skipped, Some(UpstreamFailed)));
}

#[test]
fn s08_when_is_not_asked_if_dependencies_are_not_met_nor_for_each_read_if_when_is_false() {
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {
            "a": {},
            "b": {"depends_on": {"a": "success"}, "when": "outputs.a.gone == 'x'"},
            "c": {"when": "params.x == 'yes'", "for_each": {"param": "x"}},
        }}),
        &[("x", "not a list")],
    )
    .script("a", [exits(1)])
    .run();
    assert_eq!(world.state("b"), (Skipped, Some(UpstreamFailed)));
    assert_eq!(world.state("c"), (Skipped, Some(ConditionFalse)));
}

#[test]
fn s09_a_when_without_item_is_asked_once_and_one_with_item_for_each_item() {
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {
            "once": {"for_each": [1, 2], "when": "params.x == 'yes'"},
            "each": {"for_each": [1, 2, 3], "when": "item != 2"},
        }}),
        &[("x", "yes")],
    )
    .run();
    assert_eq!(world.starts("once"), 2);
    assert_eq!(world.starts("each"), 2);
    assert_eq!(world.state("each/1"), (Skipped, Some(ConditionFalse)));
}

#[test]
fn s10_a_fan_out_whose_when_is_false_is_skipped_and_has_no_items() {
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {"a": {"for_each": [1, 2], "when": "params.x == 'yes'"}}}),
        &[("x", "no")],
    )
    .run();
    assert_eq!(world.state("a"), (Skipped, Some(ConditionFalse)));
    assert!(world.book.run().tasks[0].items.is_empty());
}

#[test]
fn s11_a_fan_out_of_skipped_items_is_skipped_and_of_one_success_and_skips_succeeded() {
    let world = World::new(json!({"tasks": {
        "all": {"for_each": [1, 2], "when": "item > 5"},
        "one": {"for_each": [1, 6], "when": "item > 5"},
    }}))
    .run();
    assert_eq!(world.state("all"), (Skipped, Some(ConditionFalse)));
    assert_eq!(world.state("one"), (Succeeded, None));
}

#[test]
fn s14_a_misspelt_output_key_fails_the_task_and_lists_the_keys_that_were_written() {
    let world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}, "when": "outputs.a.rosw == '1'"},
    }}))
    .script("a", [writes(&[("rows", "1"), ("size", "2")])])
    .run();
    assert_eq!(world.state("b"), (Failed, Some(WhenError)));
    assert!(
        world.message("b").contains("it wrote rows, size"),
        "{}",
        world.message("b")
    );
    assert_eq!(world.starts("b"), 0);
}

#[test]
fn s15_every_skipped_task_has_a_reason_that_names_the_rule_and_the_task_it_came_from() {
    let world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}}, "c": {"depends_on": {"a": "failure"}},
        "d": {"depends_on": {"c": "failure", "b": "success"}}, "e": {},
        "f": {"depends_on": {"e": "failure"}},
    }}))
    .script("a", [Does::ends(Ending::Vanished)])
    .run();
    for (task, said) in world.book.run().tasks.iter().zip(&world.book.plan().tasks) {
        if task.own.state == Skipped {
            assert!(
                task.own.reason.is_some() && task.own.message.is_some(),
                "{}",
                said.name
            );
        }
    }
    assert_eq!(world.message("b"), "a ended as lost (container_vanished)");
    assert_eq!(world.message("f"), "e succeeded, so this was not needed");
    assert_eq!(
        world.state("d"),
        (Skipped, Some(UpstreamFailed)),
        "the worst reason"
    );
}

#[test]
fn of_several_unmet_conditions_the_worst_is_the_reason() {
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {
            "good": {}, "skip": {"when": "params.x == 'yes'"},
            "t": {"depends_on": {"good": "failure", "skip": "success"}},
        }}),
        &[("x", "no")],
    )
    .run();
    assert_eq!(world.state("t"), (Skipped, Some(UpstreamSkipped)));
}

#[test]
fn the_whole_table_of_conditions() {
    // parent: succeeded, failed, allowed failure, skipped, behind a failure
    let table = [
        ("success", [true, false, true, false, false]),
        ("failure", [false, true, true, false, true]),
        ("not_failed", [true, false, true, true, false]),
        ("any", [true, true, true, true, true]),
    ];
    for (condition, expected) in table {
        for (nth, runs) in expected.into_iter().enumerate() {
            let parent = ["good", "bad", "allowed", "off", "behind"][nth];
            let world = World::new(json!({"tasks": {
                "good": {}, "bad": {}, "allowed": {"allow_failure": true},
                "off": {"when": "run.trigger == 'nobody'"},
                "behind": {"depends_on": {"bad": "success"}},
                "t": {"depends_on": {parent: condition}},
            }}))
            .script("bad", [exits(1)])
            .script("allowed", [exits(1)])
            .run();
            assert_eq!(world.starts("t") == 1, runs, "{condition} after {parent}");
        }
    }
}

#[test]
fn a_run_of_which_all_tasks_were_skipped_says_so() {
    let world = World::new(json!({"tasks": {"a": {"when": "run.trigger == 'x'"}}})).run();
    let head = &world.book.run().head;
    assert_eq!(
        (head.state, head.reason),
        (RunState::Skipped, Some(RunReason::NothingToDo))
    );
}

#[test]
fn a_plan_with_an_unknown_parent_is_refused() {
    let pipeline =
        json!({"name": "p", "tasks": {"a": {"image": "x", "depends_on": {"b": "success"}}}});
    assert!(crate::plan::Plan::new(serde_json::from_value(pipeline).unwrap()).is_err());
    assert_eq!(plan(json!({"tasks": {"a": {}}})).tasks.len(), 1);
}
