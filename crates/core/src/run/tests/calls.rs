//! Tasks that call a pipeline.

use super::world::{World, exits, hangs, key, start};
use crate::{
    id::{AttemptId, RunId},
    run::{Effect, MOST_DEPTH, Outcome, Reason, RunState, TaskState::*, child_of, waits_for},
};
use jiff::ToSpan as _;
use serde_json::json;

fn calls_once() -> serde_json::Value {
    json!({"tasks": {"a": {"pipeline": {"name": "child"}}}})
}

#[test]
fn a_called_run_takes_no_place_of_its_callers_max_parallel() {
    let pipeline = json!({"max_parallel": 1, "tasks": {
        "a": {}, "b": {"pipeline": {"name": "child"}}, "c": {},
        "m": {"pipeline": {"name": "child"}, "for_each": [1, 2, 3], "max_parallel": 2},
    }});
    let mut world = World::new(pipeline)
        .script("a", [hangs()])
        .child("m", Outcome::Succeeded, &[]);
    world.admit().until(0);
    assert_eq!(
        world.state("b").0,
        Running,
        "though the only place is taken"
    );
    assert_eq!(world.state("c").0, Waiting);
    world.until(10);
    assert_eq!(world.state("m").0, Succeeded);
    assert_eq!(world.most_live("m"), 2, "its own max_parallel holds");
    world.cancel().finish();
}

#[test]
fn a_called_run_holds_a_slot_of_each_pool() {
    let pipeline = json!({"tasks": {
        "a": {"pipeline": {"name": "child"}, "pools": ["db"]},
        "b": {"pools": ["db", "gpu"]},
        "c": {"pools": ["gpu"]},
    }});
    let mut world = World::new(pipeline).script("c", [exits(0).takes(5)]);
    world.admit().until(3);
    let why = waits_for(world.book.plan(), world.book.run(), &key("b"));
    assert_eq!(
        why.as_deref(),
        Some("waits for a slot of db, which a holds and of gpu, which c holds")
    );
    world.until(10);
    assert_eq!(world.state("b").0, Waiting, "all or none");
    world.cancel().finish();
}

#[test]
fn what_became_of_the_called_run_stands_in_the_message() {
    let failed = World::new(calls_once())
        .child("a", Outcome::Failed, &[("x.n", "1")])
        .run();
    assert_eq!(failed.state("a"), (Failed, Some(Reason::ChildFailed)));
    assert_eq!(failed.message("a"), "child/7 failed: x ended as failed");
    assert_eq!(failed.unit("a").outputs["x.n"], "1", "also of a failed one");
    let alone = World::new(calls_once())
        .child("a", Outcome::Cancelled, &[])
        .run();
    assert_eq!(alone.message("a"), "child/7 was cancelled by itself");
    let lost = World::new(calls_once())
        .child("a", Outcome::Lost, &[])
        .run();
    assert_eq!(lost.state("a").0, Lost);
}

#[test]
fn a_failed_call_is_tried_again_and_a_refused_one_is_not() {
    let pipeline = json!({"tasks": {
        "a": {"pipeline": {"name": "child"}, "retry": {"limit": 2, "delay": "1s"}},
    }});
    let failed = World::new(pipeline.clone())
        .child("a", Outcome::Failed, &[])
        .run();
    assert_eq!(failed.called.len(), 3);
    let refused = World::new(pipeline).child("a", Outcome::Refused, &[]).run();
    assert_eq!(refused.called.len(), 1);
    assert_eq!(refused.state("a"), (Failed, Some(Reason::ChildFailed)));
}

#[test]
fn a_calls_timeout_cancels_the_child_once_and_the_task_is_timed_out() {
    let pipeline = json!({"tasks": {
        "a": {"pipeline": {"name": "child"}, "timeout": "30s"},
    }});
    let world = World::new(pipeline).run();
    assert_eq!(world.state("a"), (TimedOut, Some(Reason::Timeout)));
    assert_eq!(world.calls_cancelled, [(key("a"), 1)]);
    assert_eq!(world.now, start() + 31.seconds());
}

#[test]
fn each_cancel_of_the_caller_is_one_more_of_the_called_run() {
    let mut world = World::new(calls_once()).deaf("a");
    world.admit().until(1).cancel().until(2).cancel().until(3);
    assert_eq!(world.calls_cancelled, [(key("a"), 1), (key("a"), 2)]);
    let again = world.book.resume();
    assert!(
        matches!(
            again.as_slice(),
            [Effect::Call { .. }, Effect::CancelCall { times: 2, .. }]
        ),
        "{again:?}"
    );
    world.cancel().finish();
    assert_eq!(world.calls_cancelled.last(), Some(&(key("a"), 3)));
    assert_eq!(world.state("a").0, Cancelled);
    assert_eq!(world.book.run().head.state, RunState::Cancelled);
}

#[test]
fn a_fan_out_of_calls_gathers_what_the_called_runs_wrote() {
    let world = World::new(json!({"tasks": {
        "loop": {"pipeline": {"name": "child", "params": {"n": {"item": "."}}}, "for_each": [4, 5]},
        "r": {"depends_on": {"loop": "success"}, "env": {"ALL": {"output": "loop.t.n"}}},
    }}))
    .child("loop", Outcome::Succeeded, &[("t.n", "x")])
    .run();
    assert_eq!(world.called.len(), 2);
    assert_eq!(world.env("r", "ALL").as_deref(), Some(r#"["x","x"]"#));
}

#[test]
fn the_run_of_an_attempt_is_always_the_same_and_of_no_other_attempt() {
    let attempt = |number| AttemptId {
        run: RunId(uuid::Uuid::from_u128(7)),
        task: "load".parse().unwrap(),
        item: Some(3),
        number,
    };
    let run = child_of(&attempt(1), start());
    assert_eq!(run, child_of(&attempt(1), start()));
    assert_ne!(run, child_of(&attempt(2), start()));
    assert_eq!(run.0.get_version_num(), 7);
    assert!(
        run < child_of(&attempt(1), start() + 1.second()),
        "in order"
    );
    const { assert!(MOST_DEPTH == 8) };
}
