//! Containers that are made before it is decided that they run.

use crate::{
    container::Does,
    scheduler::Making,
    world::{World, assert_settled, etl, load, namespace, pipeline, start, unit, until},
};
use gofer_core::run::{Reason, TaskState};
use gofer_engine::Resumed;
use gofer_scheduler::StartError;
use serde_json::{Value as Json, json};
use std::{sync::Arc, time::Duration};

/// `a` takes a second and ends with `code`; `b` begins behind it.
fn world(code: i32) -> World {
    let world = World::new();
    world.scheduler.script("a", move |_| {
        vec![(10, Does::Output("n=1\n")), (1_000, Does::Exit(code))]
    });
    world
}

fn chain(second: Json) -> Json {
    let mut second = second;
    second["depends_on"] = json!({"a": "success"});
    json!({"a": {}, "b": second})
}

#[test]
fn what_comes_next_is_made_while_the_one_before_it_runs() {
    let world = world(0);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&chain(json!({})))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(
            world.scheduler.deeds(),
            ["create a#1", "start a#1", "create b#1"]
        );
        let b = unit(&load(&engine, &run).await, "b").clone();
        assert_eq!((b.state, b.attempts.len()), (TaskState::Waiting, 0));
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_settled(&world, &stored.run);
        assert_eq!(world.scheduler.count("create b#1"), 1);
        assert_eq!(world.scheduler.count("start b#1"), 1);
    });
}

#[test]
fn what_does_not_come_after_all_is_given_up_while_the_run_goes_on() {
    let world = world(3);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&chain(json!({})))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let b = unit(&stored, "b");
        assert_eq!(
            (b.state, b.reason),
            (TaskState::Skipped, Some(Reason::UpstreamFailed))
        );
        assert!(b.attempts.is_empty());
        assert_eq!(world.scheduler.count("give up b#1"), 1);
        assert_eq!(world.scheduler.count("start b#1"), 0);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn what_was_made_of_another_value_than_the_one_that_is_known_in_the_end_is_made_anew() {
    let world = world(0);
    world.live(async |engine| {
        let second = json!({"env": {"N": {"output": "a.n", "default": "none"}}});
        let run = start(&engine, pipeline(&chain(second))).await;
        engine.settled().await;
        assert_settled(&world, &load(&engine, &run).await.run);
        assert_eq!(world.scheduler.count("create b#1"), 2);
        assert_eq!(world.scheduler.count("start b#1"), 1);
        assert_eq!(world.scheduler.env("b", 0, "N"), "1");
    });
}

#[test]
fn a_failure_that_comes_too_early_is_told_when_its_time_has_come() {
    let world = world(0);
    let fails = Some(StartError::Failed {
        reason: Reason::ImageNotFound,
        message: "there is no such image".to_owned(),
        never_again: false,
    });
    world.scheduler.making("b", Making { fails, pull: 0 });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&chain(json!({})))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let b = unit(&load(&engine, &run).await, "b").clone();
        assert_eq!((b.state, b.attempts.len()), (TaskState::Waiting, 0));
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "b").reason, Some(Reason::ImageNotFound));
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn what_was_ordered_without_an_answer_is_removed_by_its_name_where_nobody_wants_it() {
    let world = world(3);
    let scheduler = world.scheduler.clone();
    world.scheduler.set_hook(Some(Arc::new(move |step| {
        if step == "after start" {
            // The next call is the order for `b`.
            scheduler.goes_away(1);
        }
        Box::pin(std::future::ready(()))
    })));
    world.live(async |engine| {
        let run = start(&engine, pipeline(&chain(json!({})))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "b").reason, Some(Reason::UpstreamFailed));
        assert_eq!(world.scheduler.count("start b#1"), 0);
        assert_eq!(world.scheduler.count("remove b#1"), 1);
        assert_settled(&world, &stored.run);
    });
}

/// A process makes `b` ahead and dies; the next one goes on with the run, to its end.
fn goes_on_after_a_death(world: &World) {
    world.live(async |engine| {
        let run = start(&engine, pipeline(&chain(json!({})))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    });
    assert_eq!(world.scheduler.count("create b#1"), 1);
    world.live(async |engine| {
        let resumed = engine.resume(&namespace(), &etl(), Vec::new()).await;
        let Resumed::Driving(run) = resumed.unwrap() else {
            panic!("nobody else drives it");
        };
        engine.settled().await;
        assert_settled(world, &load(&engine, &run).await.run);
    });
}

#[test]
fn what_a_dead_process_made_is_made_anew_by_the_next() {
    let world = world(0);
    goes_on_after_a_death(&world);
    assert_eq!(world.scheduler.count("create b#1"), 2);
    assert_eq!(world.scheduler.count("start b#1"), 1);
}

#[test]
fn what_a_dead_process_made_goes_with_the_run_where_nobody_wants_it() {
    let world = world(3);
    goes_on_after_a_death(&world);
    assert_eq!(world.scheduler.count("create b#1"), 1);
    assert_eq!(world.scheduler.count("start b#1"), 0);
    assert_eq!(world.scheduler.count("remove b#1"), 1);
}
