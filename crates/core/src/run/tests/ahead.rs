//! Containers that are worth making before it is decided that they run.

use super::world::{World, exits, hangs, writes};
use crate::run::Key;
use serde_json::{Value as Json, json};

fn key(task: &str) -> Key {
    Key {
        task: task.parse().unwrap(),
        item: None,
    }
}

fn named(Key { task, item }: &Key, number: u32) -> String {
    match item {
        Some(item) => format!("{task}/{item}:{number}"),
        None => format!("{task}:{number}"),
    }
}

/// What is expected next to a task, as `task:attempt behind task:attempt`.
fn ahead(world: &World, of: &str) -> Vec<String> {
    let found = world.book.ahead_of(&key(of));
    let words = found.map(|it| {
        let (behind, number) = &it.behind;
        let (it, behind) = (named(&it.key, it.attempt), named(behind, *number));
        format!("{it} behind {behind}")
    });
    words.collect()
}

fn chain(second: &Json) -> World {
    let mut world = World::new(json!({"tasks": {"a": {}, "b": second}})).script("a", [hangs()]);
    world.admit().until(2);
    world
}

fn behind_a(mut more: Json) -> Json {
    more["depends_on"] = json!({"a": "success"});
    more
}

#[test]
fn what_waits_for_one_running_task_is_expected() {
    let world = chain(&behind_a(json!({})));
    assert_eq!(ahead(&world, "a"), ["b:1 behind a:1"]);
    assert_eq!(ahead(&world, "b"), [""; 0]);
}

#[test]
fn nothing_is_expected_whose_turn_may_not_come_or_that_is_not_known_yet() {
    for more in [
        json!({"env": {"X": {"output": "a.x"}}}),
        json!({"when": "outputs.a.x == '1'"}),
        json!({"when": "run.trigger == 'x'"}),
        json!({"inputs": ["a"]}),
        json!({"services": {"db": {"image": "busybox"}}}),
        json!({"for_each": ["x", "y"]}),
    ] {
        let world = chain(&behind_a(more.clone()));
        assert_eq!(ahead(&world, "a"), [""; 0], "{more}");
    }
    let world = chain(&json!({"depends_on": {"a": "failure"}}));
    assert_eq!(ahead(&world, "a"), [""; 0]);
}

#[test]
fn of_several_parents_the_last_one_counts() {
    let mut world = World::new(json!({"tasks": {
        "a": {}, "b": {}, "c": {"depends_on": {"a": "success", "b": "any"}},
    }}))
    .script("a", [exits(0).takes(5)])
    .script("b", [exits(3).takes(60)]);
    world.admit().until(2);
    assert_eq!(ahead(&world, "a"), [""; 0], "two are open");
    world.until(6);
    assert_eq!(ahead(&world, "a"), ["c:1 behind b:1"]);
}

#[test]
fn behind_a_fan_out_its_last_item_counts() {
    let mut world = World::new(json!({"tasks": {
        "a": {"for_each": ["x", "y"]}, "b": {"depends_on": {"a": "success"}},
    }}))
    .script("a/0", [exits(0).takes(5)])
    .script("a/1", [exits(0).takes(60)]);
    world.admit().until(2);
    assert_eq!(ahead(&world, "a"), [""; 0]);
    world.until(6);
    assert_eq!(ahead(&world, "a"), ["b:1 behind a/1:1"]);
}

#[test]
fn the_finally_tasks_are_expected_behind_the_last_ordinary_one() {
    let mut world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}}, "z": {"finally": true},
    }}))
    .script("b", [exits(4).takes(60)]);
    world.admit().until(0);
    assert!(!ahead(&world, "a").iter().any(|it| it.starts_with("z:")));
    world.until(5);
    let found: Vec<_> = world.book.ahead_of(&key("b")).collect();
    assert_eq!(ahead(&world, "b"), ["z:1 behind b:1"]);
    // It is told how the run stands. That is not known yet: the comparison finds it out.
    world.finish();
    assert_ne!(*found[0].container, world.begun("z")[0].container);
}

#[test]
fn a_default_that_is_not_taken_in_the_end_makes_another_container() {
    let second = behind_a(json!({"env": {"X": {"output": "a.x", "default": "none"}, "Y": "1"}}));
    let mut world = World::new(json!({"tasks": {"a": {}, "b": second}}))
        .script("a", [writes(&[("x", "some")]).takes(5)]);
    world.admit().until(2);
    let found: Vec<_> = world.book.ahead_of(&key("a")).collect();
    world.finish();
    assert_ne!(*found[0].container, world.begun("b")[0].container);
}

#[test]
fn what_was_expected_is_what_is_decided() {
    let second = behind_a(json!({"env": {"X": "1"}, "retry": {"limit": 1}}));
    let mut world =
        World::new(json!({"tasks": {"a": {}, "b": second}})).script("a", [exits(0).takes(5)]);
    world.admit().until(2);
    let found: Vec<_> = world.book.ahead_of(&key("a")).collect();
    world.finish();
    assert_eq!(*found[0].container, world.begun("b")[0].container);
}

#[test]
fn a_run_that_is_being_stopped_expects_nothing() {
    let mut world = chain(&behind_a(json!({})));
    world.cancel();
    assert_eq!(ahead(&world, "a"), [""; 0]);
}
