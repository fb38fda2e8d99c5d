//! Retry: sentences 38 to 46.

use super::world::{Does, World, exits, hangs, key, start, writes};
use crate::run::{Ending, Event, Reason, TaskState::*};
use serde_json::{Value, json};

fn retried(retry: &Value, does: impl Into<Vec<Does>>) -> World {
    World::new(json!({"tasks": {"a": {"timeout": "10s", "retry": retry}}}))
        .script("a", does)
        .run()
}

fn seconds(world: &World) -> Vec<i64> {
    world
        .begun("a")
        .iter()
        .map(|begun| begun.at.duration_since(start()).as_secs())
        .collect()
}

#[test]
fn s38_a_limit_of_3_starts_at_most_four_containers() {
    assert_eq!(retried(&json!({"limit": 3}), [exits(1)]).starts("a"), 4);
    assert_eq!(retried(&json!({"limit": 0}), [exits(1)]).starts("a"), 1);
    let world = retried(&json!({"limit": 3}), [exits(1), exits(0)]);
    assert_eq!(
        (world.starts("a"), world.state("a")),
        (2, (Succeeded, None))
    );
}

#[test]
fn s39_pauses_double_up_to_the_cap_and_with_fixed_are_all_alike() {
    // Each try takes a second.
    let doubling = retried(
        &json!({"limit": 4, "delay": "10s", "max_delay": "30s"}),
        [exits(1)],
    );
    assert_eq!(seconds(&doubling), [0, 11, 32, 63, 94]);
    let fixed = retried(
        &json!({"limit": 2, "delay": "10s", "backoff": "fixed"}),
        [exits(1)],
    );
    assert_eq!(seconds(&fixed), [0, 11, 22]);
    let hundred = retried(&json!({"limit": 100, "delay": "10s"}), [exits(1)]);
    assert_eq!(hundred.starts("a"), 101, "a shift that would overflow");
}

#[test]
fn s40_with_exit_codes_only_those_are_tried_again_and_no_timeout_and_nothing_lost() {
    let retry = || json!({"limit": 2, "exit_codes": [75]});
    assert_eq!(retried(&retry(), [exits(75)]).starts("a"), 3);
    assert_eq!(retried(&retry(), [exits(1)]).starts("a"), 1);
    assert_eq!(retried(&retry(), [hangs()]).starts("a"), 1);
    assert_eq!(
        retried(&retry(), [Does::ends(Ending::Vanished)]).starts("a"),
        1
    );
}

#[test]
fn s41_with_final_exit_codes_all_but_those_are_tried_again() {
    let retry = || json!({"limit": 2, "final_exit_codes": [65]});
    assert_eq!(retried(&retry(), [exits(65)]).starts("a"), 1);
    assert_eq!(retried(&retry(), [exits(1)]).starts("a"), 3);
    assert_eq!(retried(&retry(), [hangs()]).starts("a"), 3);
    assert_eq!(
        retried(&retry(), [Does::ends(Ending::Vanished)]).starts("a"),
        3
    );
}

#[test]
fn s42_what_would_come_to_the_same_is_never_tried_again() {
    for reason in Reason::ALL {
        let again = ![
            Reason::MissingValue,
            Reason::WhenError,
            Reason::NotAList,
            Reason::TooManyItems,
            Reason::BadOutputs,
            Reason::Rejected,
            Reason::Unauthorized,
            Reason::WrongPlatform,
        ]
        .contains(reason);
        let ending = Ending::NotStarted(*reason, "it would not start".to_owned());
        let starts = retried(&json!({"limit": 2}), [Does::ends(ending)]).starts("a");
        assert_eq!(starts, if again { 3 } else { 1 }, "{reason}");
    }
    let ending = Ending::CannotStart(Reason::ImageNotFound, "no such name".to_owned());
    assert_eq!(
        retried(&json!({"limit": 2}), [Does::ends(ending)]).starts("a"),
        1
    );
    let world = World::with_params(
        json!({"params": {"image": {}}, "tasks": {"a": {"image": {"param": "image"}, "retry": {"limit": 2}}}}),
        &[("image", "not an image")],
    )
    .run();
    assert_eq!(world.state("a"), (Failed, Some(Reason::ImageNotFound)));
    assert_eq!(world.starts("a"), 0);
}

#[test]
fn s44_a_dependant_of_a_task_in_retrying_waits() {
    let mut world = World::new(json!({"tasks": {
        "a": {"retry": {"limit": 1, "delay": "60s"}}, "f": {"depends_on": {"a": "failure"}},
    }}))
    .script("a", [exits(1), exits(0)]);
    world.admit().until(30);
    assert_eq!(
        (world.state("a").0, world.state("f").0),
        (Retrying, Waiting)
    );
    world.finish();
    assert_eq!(world.state("f"), (Skipped, Some(Reason::UpstreamSucceeded)));
}

#[test]
fn s45_outputs_of_an_earlier_attempt_are_never_seen() {
    let world = World::new(json!({"tasks": {
        "a": {"retry": {"limit": 1}},
        "b": {"depends_on": {"a": "success"}, "env": {"N": {"output": "a.n", "default": "none"}}},
    }}))
    .script("a", [exits(1).also_writes(&[("n", "old")]), exits(0)])
    .run();
    assert_eq!(world.env("b", "N").as_deref(), Some("none"));
}

#[test]
fn outputs_of_a_failed_attempt_are_there_for_its_handlers() {
    let world = World::new(json!({"tasks": {
        "a": {}, "h": {"depends_on": {"a": "failure"}, "env": {"N": {"output": "a.n", "default": "none"}}},
    }}))
    .script("a", [exits(1).also_writes(&[("n", "5")])])
    .run();
    assert_eq!(world.env("h", "N").as_deref(), Some("5"));
}

#[test]
fn s46_each_item_has_its_own_tries_and_a_rerun_of_the_failed_keeps_the_rest() {
    let mut world = World::new(json!({"tasks": {
        "m": {"for_each": ["x", "y", "z"], "retry": {"limit": 1}},
        "r": {"depends_on": {"m": "success"}, "env": {"ALL": {"output": "m.v"}}},
    }}))
    .script("m/0", [writes(&[("v", "old-0")])])
    .script("m/1", [exits(1), exits(1), writes(&[("v", "new-1")])])
    .script("m/2", [exits(1), writes(&[("v", "old-2")])])
    .run();
    let tries = |world: &World, item: &str| world.unit(item).attempts.len();
    assert_eq!(
        [
            tries(&world, "m/0"),
            tries(&world, "m/1"),
            tries(&world, "m/2")
        ],
        [1, 2, 2]
    );
    assert_eq!(world.state("m"), (Failed, Some(Reason::ExitCode)));
    world.send(&Event::Rerun {
        keys: vec![key("m/1")],
    });
    world.finish();
    assert_eq!(
        [
            tries(&world, "m/0"),
            tries(&world, "m/1"),
            tries(&world, "m/2")
        ],
        [1, 3, 2]
    );
    assert_eq!(
        world.env("r", "ALL").as_deref(),
        Some(r#"["old-0","new-1","old-2"]"#)
    );
}

#[test]
fn a_rerun_has_all_its_tries_again_and_counts_on() {
    let mut world = World::new(json!({"tasks": {"a": {"retry": {"limit": 1}}}}))
        .script("a", [exits(1)])
        .run();
    world.send(&Event::Rerun {
        keys: vec![key("a")],
    });
    world.finish();
    let numbers: Vec<u32> = world.unit("a").attempts.iter().map(|a| a.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}

#[test]
fn a_rerun_takes_what_depends_on_it_and_the_finally_tasks_along() {
    let mut world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}}, "c": {}, "z": {"finally": true},
    }}))
    .script("a", [exits(1), exits(0)])
    .run();
    world.send(&Event::Rerun {
        keys: vec![key("a")],
    });
    world.finish();
    let starts = ["a", "b", "c", "z"].map(|task| world.starts(task));
    assert_eq!(starts, [2, 1, 1, 2]);
}
