//! Fan-out: sentences 47 to 55.

use super::world::{Does, World, exits, hangs, writes};
use crate::run::{Reason, TaskState::*, waits_for};
use serde_json::json;

fn mapped(list: &str) -> World {
    World::new(json!({"tasks": {
        "list": {},
        "map": {"depends_on": {"list": "success"}, "for_each": {"output": "list.files"}},
        "end": {"depends_on": {"map": "success"}, "env": {"ALL": {"output": "map.x"}}},
    }}))
    .script("list", [writes(&[("files", list)])])
}

#[test]
fn s47_over_an_empty_list_a_task_is_succeeded_and_gives_an_empty_list() {
    let world = mapped("[]").run();
    assert_eq!(world.state("map"), (Succeeded, Some(Reason::NoItems)));
    assert_eq!((world.starts("map"), world.starts("end")), (0, 1));
    assert_eq!(world.env("end", "ALL").as_deref(), Some("[]"));
}

#[test]
fn s48_gathered_outputs_are_in_item_order_without_gaps() {
    let world = World::new(json!({"tasks": {
        "map": {"for_each": [0, 1, 2, 3]},
        "end": {"depends_on": {"map": "any"}, "env": {"ALL": {"output": "map.x", "default": "[]"}}},
    }}))
    .script("map/0", [writes(&[("x", "slow")]).takes(60)])
    .script("map/1", [exits(0)])
    .script("map/2", [exits(1).also_writes(&[("x", "of a failed one")])])
    .script("map/3", [writes(&[("x", "fast")])])
    .run();
    assert_eq!(
        world.env("end", "ALL").as_deref(),
        Some(r#"["slow","fast"]"#)
    );
}

#[test]
fn s49_a_dependant_waits_for_all_items_also_after_one_has_failed() {
    let mut world = mapped(r#"["a","b"]"#)
        .script("map/0", [exits(1)])
        .script("map/1", [exits(0).takes(60)]);
    world.admit().until(30);
    assert_eq!(
        (world.state("map/0").0, world.state("end").0),
        (Failed, Waiting)
    );
    world.finish();
    assert_eq!(world.state("end"), (Skipped, Some(Reason::UpstreamFailed)));
}

#[test]
fn s50_a_failed_item_does_not_stop_the_others_and_the_task_names_the_items() {
    let world = mapped(r#"["a","b","c"]"#)
        .script("map/0", [exits(3)])
        .script("map/2", [exits(4)])
        .run();
    assert_eq!(world.starts("map"), 3);
    assert_eq!(world.state("map"), (Failed, Some(Reason::ExitCode)));
    assert_eq!(
        world.message("map"),
        "items 0, 2 of 3; the first: it exited with code 3"
    );
}

#[test]
fn where_every_item_failed_they_are_not_counted_out() {
    let world = mapped(r#"["a","b"]"#)
        .script("map/0", [exits(3)])
        .script("map/1", [exits(4)])
        .run();
    assert_eq!(
        world.message("map"),
        "all 2 items; the first: it exited with code 3"
    );
}

#[test]
fn s51_a_matrix_gives_its_items_with_keys_in_order_and_the_last_fastest() {
    let world = World::new(json!({"tasks": {
        "m": {"matrix": {"os": ["deb", "alp"], "arch": [1, 2]}, "env": {"A": {"item": "arch"}, "O": {"item": "os"}}},
    }}))
    .run();
    let all: Vec<String> = (0..4)
        .map(|item| {
            let name = format!("m/{item}");
            format!(
                "{}-{}",
                world.env(&name, "A").unwrap(),
                world.env(&name, "O").unwrap()
            )
        })
        .collect();
    assert_eq!(all, ["1-deb", "1-alp", "2-deb", "2-alp"]);
    assert_eq!(
        world.env("m/3", "GOFER_ITEM").as_deref(),
        Some(r#"{"arch":2,"os":"alp"}"#)
    );
    assert_eq!(world.env("m/3", "GOFER_ITEM_INDEX").as_deref(), Some("3"));
}

#[test]
fn s52_for_each_over_the_gathered_list_of_another_fan_out_works() {
    let world = World::new(json!({"tasks": {
        "a": {"for_each": ["x", "y"]},
        "b": {"depends_on": {"a": "success"}, "for_each": {"output": "a.name"}},
    }}))
    .script("a/0", [writes(&[("name", "one")])])
    .script("a/1", [writes(&[("name", "two")])])
    .run();
    assert_eq!(world.env("b/0", "GOFER_ITEM").as_deref(), Some("one"));
    assert_eq!(world.env("b/1", "GOFER_ITEM").as_deref(), Some("two"));
}

#[test]
fn s53_max_parallel_holds_at_every_instant_in_the_task_and_in_the_run() {
    let items: Vec<u32> = (0..20).collect();
    let world = World::new(json!({"tasks": {"m": {"for_each": items, "max_parallel": 3}}})).run();
    assert_eq!((world.most_live("m"), world.starts("m")), (3, 20));
    let items: Vec<u32> = (0..20).collect();
    let world = World::new(json!({"max_parallel": 2, "tasks": {"m": {"for_each": items}}})).run();
    assert_eq!((world.most_live("m"), world.starts("m")), (2, 20));
}

#[test]
fn free_places_go_in_the_order_of_becoming_ready_then_by_name() {
    let world = World::new(json!({"max_parallel": 1, "tasks": {
        "d": {}, "c": {}, "a": {"depends_on": {"c": "success"}}, "b": {"depends_on": {"c": "success"}},
    }}))
    .run();
    let order: Vec<String> = world
        .begun
        .iter()
        .map(|begun| begun.key.task.to_string())
        .collect();
    assert_eq!(order, ["c", "d", "a", "b"]);
}

#[test]
fn a_task_that_waits_for_a_place_says_so() {
    let mut world = World::new(json!({"max_parallel": 1, "tasks": {
        "a": {}, "b": {}, "c": {"depends_on": {"a": "success", "b": "success"}},
        "p": {"pools": ["gpu"]}, "z": {"finally": true},
    }}))
    .script("a", [hangs()]);
    world.admit().until(5);
    let why = |task: &str| {
        waits_for(
            world.book.plan(),
            world.book.run(),
            &super::world::key(task),
        )
        .unwrap_or_default()
    };
    assert_eq!(
        why("b"),
        "waits for a free place: the run's max_parallel is 1"
    );
    assert_eq!(why("c"), "waits for a, b");
    assert_eq!(why("z"), "waits for all ordinary tasks to end");
    assert_eq!(why("a"), "");
    world.cancel().finish();
}

#[test]
fn tasks_of_one_pool_run_one_after_the_other() {
    let world = World::new(json!({"tasks": {
        "m": {"for_each": [1, 2, 3], "pools": ["db"]}, "n": {},
    }}))
    .run();
    assert_eq!(world.most_live("m"), 1);
    assert_eq!(world.begun("n")[0].at, super::world::start());
}

#[test]
fn s54_text_that_is_not_a_json_list_fails_the_task_with_its_first_80_characters() {
    let text = "x".repeat(200);
    let world = mapped(&text).run();
    assert_eq!(world.state("map"), (Failed, Some(Reason::NotAList)));
    let shown = format!("{}…", "x".repeat(80));
    assert_eq!(
        world.message("map"),
        format!("for_each: this is not a JSON list: {shown:?}")
    );
    assert_eq!(
        mapped(r#"[["nested"]]"#).run().state("map"),
        (Failed, Some(Reason::NotAList))
    );
}

#[test]
fn s55_more_than_a_thousand_items_fail_the_task_before_any_starts() {
    let list = serde_json::to_string(&(0..1_001).collect::<Vec<u32>>()).unwrap();
    let world = mapped(&list).run();
    assert_eq!(world.state("map"), (Failed, Some(Reason::TooManyItems)));
    assert_eq!(world.starts("map"), 0);
    let list = serde_json::to_string(&(0..1_000).collect::<Vec<u32>>()).unwrap();
    assert_eq!(mapped(&list).run().starts("map"), 1_000);
}

#[test]
fn an_item_whose_when_cannot_be_asked_fails_alone() {
    let world = World::new(json!({"tasks": {
        "m": {"for_each": [{"n": 1}, {}], "when": "item.n == 1"},
    }}))
    .run();
    assert_eq!(world.state("m/0").0, Succeeded);
    assert_eq!(world.state("m/1"), (Failed, Some(Reason::WhenError)));
    assert_eq!(world.state("m").0, Failed);
}

#[test]
fn a_fan_out_takes_the_first_of_failed_timed_out_lost_cancelled_among_its_items() {
    let world = World::new(json!({"tasks": {"m": {"for_each": [1, 2, 3], "timeout": "5s"}}}))
        .script("m/0", [Does::ends(crate::run::Ending::Vanished)])
        .script("m/1", [hangs()])
        .run();
    assert_eq!(world.state("m"), (TimedOut, Some(Reason::Timeout)));
}
