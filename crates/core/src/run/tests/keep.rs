//! What stays of failed attempts.

use super::world::{Does, World, exits, key};
use crate::run::{Effect, Ending, Event, Exit, Keep, MOST_KEPT, Reason, Stage, TaskState};
use serde_json::json;

fn stages(world: &World, unit: &str) -> Vec<Stage> {
    let attempts = &world.unit(unit).attempts;
    attempts.iter().map(|attempt| attempt.stage).collect()
}

/// Attempts of all units that are kept.
fn kept(world: &World) -> usize {
    let units = world.book.run().tasks.iter();
    let attempts = units
        .flat_map(|task| std::iter::once(&task.own).chain(&task.items))
        .flat_map(|unit| &unit.attempts);
    attempts
        .filter(|attempt| attempt.stage == Stage::Kept)
        .count()
}

#[test]
fn the_last_failed_attempt_of_a_task_is_kept_and_the_ones_before_it_go() {
    let pipeline = json!({"tasks": {
        "a": {"retry": {"limit": 2, "delay": "1s"}}, "b": {"depends_on": {"a": "failure"}},
    }});
    let world = World::new(pipeline).script("a", [exits(1)]).run();
    assert_eq!(
        stages(&world, "a"),
        [Stage::Removed, Stage::Removed, Stage::Kept]
    );
    assert_ne!(stages(&world, "b"), [Stage::Kept], "it succeeded");
}

#[test]
fn what_a_retry_mends_is_kept_no_longer() {
    let pipeline = json!({"tasks": {"a": {"retry": {"limit": 2, "delay": "60s"}}}});
    let mut world = World::new(pipeline).script("a", [exits(1), exits(0)]);
    world.admit().until(30);
    assert_eq!(
        stages(&world, "a"),
        [Stage::Kept],
        "it can be looked into while the next one waits"
    );
    world.finish();
    assert_eq!(kept(&world), 0);
}

#[test]
fn only_what_is_there_and_failed_by_itself_is_kept() {
    let ended = |ending| Does::ends(ending);
    let cases = [
        (ended(Ending::Vanished), false),
        (ended(Ending::NoExitCode), false),
        (
            ended(Ending::NotStarted(Reason::ImageNotFound, String::new())),
            false,
        ),
        (exits(0), false),
        (exits(1), true),
        (
            ended(Ending::Exited(Exit {
                engine_restarted: true,
                ..exit(137)
            })),
            true,
        ),
    ];
    for (does, is_kept) in cases {
        let what = format!("{does:?}");
        let world = World::new(json!({"tasks": {"a": {}}}))
            .script("a", [does])
            .run();
        assert_eq!(kept(&world) == 1, is_kept, "{what}");
    }
}

fn exit(code: i32) -> Exit {
    Exit {
        at: super::world::start(),
        code,
        out_of_memory: false,
        engine_restarted: false,
        stopped_outside: false,
        bad_command: None,
    }
}

#[test]
fn nothing_is_kept_of_a_cancelled_task_and_a_timed_out_one_is() {
    let pipeline = json!({"tasks": {"a": {"timeout": "10s"}}});
    let mut world = World::new(pipeline.clone()).script("a", [super::world::hangs()]);
    world.admit().until(5).cancel().finish();
    assert_eq!(world.unit("a").state, TaskState::Cancelled);
    assert_eq!(kept(&world), 0);
    let world = World::new(pipeline)
        .script("a", [super::world::hangs()])
        .run();
    assert_eq!(world.unit("a").state, TaskState::TimedOut);
    assert_eq!(kept(&world), 1);
}

#[test]
fn of_many_failures_the_newest_are_kept() {
    let items: Vec<u32> = (0..30).collect();
    let pipeline = json!({"tasks": {"a": {"for_each": items, "max_parallel": 1}}});
    let world = World::new(pipeline).script("a", [exits(1)]).run();
    assert_eq!(kept(&world), MOST_KEPT);
    assert_eq!(stages(&world, "a/29"), [Stage::Kept]);
    assert_ne!(stages(&world, "a/0"), [Stage::Kept]);
}

#[test]
fn a_rule_of_none_keeps_nothing() {
    let mut world = World::new(json!({"tasks": {"a": {}}})).script("a", [exits(1)]);
    world.book = world.book.clone().keeping(Keep::None);
    world.admit().finish();
    assert_eq!(kept(&world), 0);
}

#[test]
fn a_rerun_lets_go_of_what_it_does_again_and_of_nothing_else() {
    let mut world = World::new(json!({"tasks": {"a": {}, "b": {}}}))
        .script("a", [exits(1)])
        .script("b", [exits(1)]);
    world.admit().finish();
    assert_eq!(kept(&world), 2);
    world.send(&Event::Rerun {
        keys: vec![key("a")],
    });
    assert_eq!(stages(&world, "b"), [Stage::Kept]);
    assert_ne!(stages(&world, "a")[0], Stage::Kept);
    world.finish();
    assert_eq!(stages(&world, "a").last(), Some(&Stage::Kept));
}

#[test]
fn what_turns_out_not_to_be_there_is_kept_no_longer() {
    let mut world = World::new(json!({"tasks": {"a": {}}})).script("a", [exits(1)]);
    world.admit().finish();
    let (key, attempt) = (key("a"), 1);
    world.send(&Event::Removed { key, attempt });
    assert_eq!(stages(&world, "a"), [Stage::Removed]);
    assert!(world.book.kept.is_empty());
}

#[test]
fn a_restart_finds_what_is_to_be_kept() {
    let world = World::new(json!({"tasks": {"a": {}}}))
        .script("a", [exits(1)])
        .run();
    let keeps = |effect: &Effect| matches!(effect, Effect::Keep { attempt: 1, .. });
    assert!(world.book.resume().iter().any(keeps));
}
