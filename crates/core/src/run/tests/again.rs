//! What a rerun is about, and what becomes of what is not.

use super::world::{World, exits, hangs, key, writes};
use crate::run::{
    Again, Event, Key, NotAgain, Reason, RunReason, RunState,
    TaskState::{Failed, Skipped, Succeeded},
};
use serde_json::{Value as Json, json};

fn again(world: &mut World, again: &Again) {
    let keys = world.book.again(again).unwrap();
    world.send(&Event::Rerun { keys });
    world.finish();
}

fn from(names: &[&str]) -> Again {
    Again::From(names.iter().map(|name| key(name)).collect())
}

fn refusal(world: &World, again: &Again) -> NotAgain {
    world.book.again(again).unwrap_err()
}

#[test]
fn a_run_that_goes_on_is_not_rerun() {
    let mut world = World::new(json!({"tasks": {"a": {}}})).script("a", [hangs()]);
    world.admit();
    assert_eq!(refusal(&world, &Again::Everything), NotAgain::NotOver);
}

#[test]
fn failed_means_what_ended_badly_and_what_was_behind_it() {
    let mut world = World::new(json!({"tasks": {
        "a": {}, "m": {"for_each": ["x", "y", "z"]},
        "after": {"depends_on": {"m": "success"}}, "other": {"depends_on": {"a": "success"}},
    }}))
    .script("m/1", [exits(1), exits(0)])
    .run();
    let keys = world.book.again(&Again::Failed).unwrap();
    assert_eq!(keys, [key("m/1")]);
    again(&mut world, &Again::Failed);
    let starts = ["a", "m", "after", "other"].map(|task| world.starts(task));
    assert_eq!(starts, [1, 4, 1, 1]);
    assert_eq!(world.book.run().head.state, RunState::Succeeded);
    assert_eq!(refusal(&world, &Again::Failed), NotAgain::NothingFailed);
}

#[test]
fn a_fan_out_without_items_that_failed_is_rerun_whole() {
    let mut world = World::new(json!({"tasks": {
        "list": {}, "m": {"depends_on": {"list": "success"}, "for_each": {"output": "list.f"}},
    }}))
    .script(
        "list",
        [writes(&[("f", "no list")]), writes(&[("f", r#"["x"]"#)])],
    )
    .run();
    assert_eq!(world.state("m"), (Failed, Some(Reason::NotAList)));
    assert_eq!(world.book.again(&Again::Failed).unwrap(), [key("m")]);
    again(&mut world, &from(&["list"]));
    assert_eq!((world.state("m").0, world.starts("m")), (Succeeded, 1));
}

#[test]
fn what_was_cancelled_is_rerun_with_the_failed_or_the_run_stays_cancelled() {
    let pipeline = || json!({"tasks": {"a": {}, "b": {}, "c": {"depends_on": {"b": "success"}}}});
    let cancelled = || {
        let mut world = World::new(pipeline()).script("b", [hangs(), exits(0)]);
        world.admit().until(5).cancel();
        world.finish();
        world
    };
    let mut world = cancelled();
    again(&mut world, &Again::Failed);
    let starts = ["a", "b", "c"].map(|task| world.starts(task));
    assert_eq!(starts, [1, 2, 1]);
    assert_eq!(world.book.run().head.state, RunState::Succeeded);

    let mut world = cancelled();
    again(&mut world, &from(&["a"]));
    let head = &world.book.run().head;
    assert_eq!(
        (head.state, head.reason),
        (RunState::Cancelled, Some(RunReason::ByPerson))
    );
    assert_eq!(
        head.message.as_deref(),
        Some("b was cancelled before, and not rerun")
    );
}

#[test]
fn from_names_tasks_and_items_that_are_there() {
    let world = World::new(json!({"tasks": {"list": {}, "m": {"for_each": ["x"]}}})).run();
    assert_eq!(world.book.again(&from(&["m/0"])).unwrap(), [key("m/0")]);
    let error = refusal(&world, &from(&["lits"])).to_string();
    assert_eq!(error, "it has no task `lits`, did you mean `list`?");
    let error = refusal(&world, &from(&["m/3"])).to_string();
    assert_eq!(
        error,
        "its task m has 1 items, counted from 0: there is no item 3"
    );
}

fn shared() -> Json {
    let mounted = |read_only: bool| json!({"/w": {"scratch": "work", "read_only": read_only}});
    json!({"tasks": {
        "build": {"volumes": mounted(false)},
        "test": {"depends_on": {"build": "success"}, "volumes": mounted(true)},
        "note": {"depends_on": {"build": "success"}},
    }})
}

#[test]
fn a_scratch_volume_is_gone_so_its_writers_must_run_again() {
    let world = World::new(shared()).script("test", [exits(1)]).run();
    for (what, starts) in [(Again::Failed, false), (from(&["test"]), false)] {
        let error = refusal(&world, &what).to_string();
        assert!(!starts && error.contains("scratch volume work"), "{error}");
        assert!(
            error.contains("test uses it") && error.contains("--from build"),
            "{error}"
        );
    }
    for what in [Again::Everything, from(&["build"]), from(&["note"])] {
        assert!(world.book.again(&what).is_ok(), "{what:?}");
    }
}

#[test]
fn one_item_of_a_writer_does_not_cover_the_others() {
    let volumes = json!({"/w": {"scratch": "work"}});
    let world = World::new(json!({"tasks": {"m": {"for_each": ["x", "y"], "volumes": volumes}}}))
        .script("m/1", [exits(1)])
        .run();
    assert!(matches!(
        refusal(&world, &Again::Failed),
        NotAgain::Scratch { .. }
    ));
    assert!(world.book.again(&from(&["m"])).is_ok());
    assert!(world.book.again(&from(&["m/0", "m/1"])).is_ok());
}

/// `list` gives two items and then `then`.
fn shrunk(then: &str) -> World {
    let mut world = World::new(json!({"tasks": {
        "list": {}, "m": {"depends_on": {"list": "success"}, "for_each": {"output": "list.f"}},
        "r": {"depends_on": {"m": "success"}, "env": {"ALL": {"output": "m.v"}}},
    }}))
    .script(
        "list",
        [writes(&[("f", r#"["x","y"]"#)]), writes(&[("f", then)])],
    )
    .script("m", [writes(&[("v", "old")]), writes(&[("v", "new")])])
    .run();
    again(&mut world, &Again::Everything);
    world
}

#[test]
fn an_item_that_left_the_list_keeps_its_attempts_and_counts_no_more() {
    let world = shrunk(r#"["x"]"#);
    assert_eq!(world.state("m/0").0, Succeeded);
    assert_eq!(world.state("m/1"), (Skipped, Some(Reason::NotInList)));
    assert_eq!(world.message("m/1"), "it is no longer in the list");
    assert_eq!(world.unit("m/1").attempts.len(), 1);
    assert_eq!(world.state("m").0, Succeeded);
    assert_eq!(world.env("r", "ALL").as_deref(), Some(r#"["new"]"#));
}

#[test]
fn a_list_that_became_empty_leaves_no_item_waiting() {
    let world = shrunk("[]");
    assert_eq!(world.state("m"), (Succeeded, Some(Reason::NoItems)));
    for item in ["m/0", "m/1"] {
        assert_eq!(world.state(item), (Skipped, Some(Reason::NotInList)));
    }
    assert_eq!(world.env("r", "ALL").as_deref(), Some("[]"));
}

#[test]
fn items_of_before_end_with_a_fan_out_that_is_skipped_or_cancelled_now() {
    let pipeline = json!({"tasks": {
        "list": {}, "m": {"depends_on": {"list": "success"}, "for_each": ["x", "y"]},
    }});
    let mut world = World::new(pipeline.clone())
        .script("list", [exits(0), exits(1)])
        .run();
    again(&mut world, &Again::Everything);
    assert_eq!(world.state("m"), (Skipped, Some(Reason::UpstreamFailed)));
    assert_eq!(world.state("m/1"), (Skipped, Some(Reason::UpstreamFailed)));

    let mut world = World::new(pipeline)
        .script("list", [exits(0), hangs()])
        .run();
    let keys: Vec<Key> = world.book.again(&Again::Everything).unwrap();
    world.send(&Event::Rerun { keys });
    world.until(20).cancel();
    world.finish();
    assert_eq!(world.state("m/1").1, Some(Reason::RunCancelled));
    assert_eq!(world.state("m").1, Some(Reason::RunCancelled));
}

#[test]
fn a_failure_counts_only_the_items_of_its_list() {
    let mut world = World::new(json!({"tasks": {
        "list": {}, "m": {"depends_on": {"list": "success"}, "for_each": {"output": "list.f"}},
    }}))
    .script(
        "list",
        [
            writes(&[("f", r#"["x","y","z"]"#)]),
            writes(&[("f", r#"["x"]"#)]),
        ],
    )
    .script("m", [exits(0), exits(7)])
    .run();
    again(&mut world, &Again::Everything);
    assert_eq!(world.message("m"), "item 0 of 1: it exited with code 7");
}
