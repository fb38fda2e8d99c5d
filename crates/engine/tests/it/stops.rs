use crate::{
    container::Does,
    scheduler::Making,
    world::{World, assert_settled, document, load, pipeline, start, states, unit, until},
};
use gofer_core::{
    Clock as _,
    run::{Reason, RunReason, RunState, Stage, TaskState},
};
use gofer_engine::Error;
use serde_json::json;
use std::time::Duration;

fn sleeper(world: &World, task: &str) {
    world
        .scheduler
        .script(task, |_| vec![(3_600_000, Does::Exit(0))]);
}

#[test]
fn a_task_that_takes_too_long_is_stopped_and_timed_out() {
    let world = World::new();
    sleeper(&world, "a");
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": { "timeout": "90s" } }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let task = unit(&stored, "a");
        assert_eq!(
            (task.state, task.reason),
            (TaskState::TimedOut, Some(Reason::Timeout))
        );
        assert_eq!(task.attempts[0].exit_code, Some(143));
        assert_eq!(world.clock.elapsed().as_secs(), 90);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_cancelled_task_gets_its_grace_and_the_finally_tasks_run() {
    let world = World::new();
    world.scheduler.script("a", |_| vec![(0, Does::Stubborn)]);
    world
        .scheduler
        .script("last", |_| vec![(1_000, Does::Exit(0))]);
    world.live(async |engine| {
        let tasks = json!({
            "a": { "stop_grace": "7s" },
            "b": { "depends_on": { "a": "any" } },
            "last": { "finally": true },
        });
        let run = start(&engine, pipeline(&tasks)).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let begun = world.clock.elapsed();
        engine.cancel(run.id, "somebody").await.unwrap();
        assert_eq!(
            load(&engine, &run).await.row.head.state,
            RunState::Cancelling
        );
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let head = &stored.row.head;
        assert_eq!(
            (head.state, head.reason),
            (RunState::Cancelled, Some(RunReason::ByPerson))
        );
        let names = ["cancelled", "cancelled", "succeeded"];
        assert_eq!(
            states(&stored)
                .iter()
                .map(|(_, state)| *state)
                .collect::<Vec<_>>(),
            names
        );
        assert_eq!(unit(&stored, "a").attempts[0].exit_code, Some(137));
        assert_eq!(
            (world.clock.since(begun)).as_secs(),
            8,
            "7 s of grace and 1 s"
        );
        assert!(matches!(
            engine.cancel(run.id, "somebody").await,
            Err(Error::Over(_))
        ));
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_second_cancel_stops_the_finally_tasks_and_a_third_leaves_no_grace() {
    let world = World::new();
    world
        .scheduler
        .script("last", |_| vec![(0, Does::Stubborn)]);
    world.live(async |engine| {
        let tasks = json!({ "a": {}, "last": { "finally": true, "stop_grace": "1h" } });
        let run = start(&engine, pipeline(&tasks)).await;
        until(&engine, &run, "last", TaskState::Running).await;
        for _ in 0..3 {
            engine.cancel(run.id, "somebody").await.unwrap();
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored)[1].1, "cancelled");
        assert!(world.clock.elapsed().as_secs() < 60);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_container_that_was_not_started_before_a_cancel_never_is() {
    let world = World::new();
    world.scheduler.making(
        "a",
        Making {
            pull: 600_000,
            fails: None,
        },
    );
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        let mut watch = engine.watch(run.id);
        while engine.progress(run.id).is_empty() {
            watch.changed().await.unwrap();
        }
        engine.cancel(run.id, "somebody").await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored)[0].1, "cancelled");
        assert_eq!(world.scheduler.count("start a#1"), 0);
        assert!(
            world.clock.elapsed().as_secs() < 2,
            "the pull was waited for"
        );
    });
}

#[test]
fn a_container_that_exists_when_the_cancel_comes_is_not_permitted_to_start() {
    let world = World::new();
    world.live(async |engine| {
        let other = engine.clone();
        let cancelled = std::sync::Arc::new(tokio::sync::Notify::new());
        let told = std::sync::Arc::clone(&cancelled);
        world
            .scheduler
            .set_hook(Some(std::sync::Arc::new(move |step| {
                let (engine, told) = (other.clone(), std::sync::Arc::clone(&told));
                let is_created = step == "after create";
                Box::pin(async move {
                    if is_created {
                        let filter = gofer_store::Filter::default();
                        let run = engine.store().runs(&filter, None, 1).await.unwrap().rows[0].id;
                        engine.cancel(run, "somebody").await.unwrap();
                        told.notify_one();
                    }
                })
            })));
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        cancelled.notified().await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored)[0].1, "cancelled");
        assert_eq!(
            (
                world.scheduler.count("create a#1"),
                world.scheduler.count("start a#1")
            ),
            (1, 0)
        );
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_run_that_is_cancelled_before_its_start_was_told_that_it_is_stored_is_driven_once() {
    let world = World::new();
    sleeper(&world, "a");
    let clock = world.clock.clone();
    world.set_store_hook(Some(std::sync::Arc::new(move |what, is_before| {
        let clock = clock.clone();
        Box::pin(async move {
            if what == "create_run" && !is_before {
                clock.sleep(Duration::from_mins(1)).await;
            }
            Ok(())
        })
    })));
    world.live(async |engine| {
        let cancel = async {
            let filter = gofer_store::Filter::default();
            loop {
                let rows = engine.store().runs(&filter, None, 1).await.unwrap().rows;
                if let Some(run) = rows.first() {
                    engine.cancel(run.id, "somebody").await.unwrap();
                    return engine.settled().await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let (run, ()) = tokio::join!(start(&engine, pipeline(&json!({ "a": {} }))), cancel);
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored)[0].1, "cancelled");
        assert!(world.scheduler.count("create a#1") <= 1);
        assert_eq!(world.scheduler.count("remove a#1"), 1);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_stop_that_comes_while_the_container_starts_reaches_it_then() {
    let world = World::new();
    sleeper(&world, "a");
    world.live(async |engine| {
        let other = engine.clone();
        world
            .scheduler
            .set_hook(Some(std::sync::Arc::new(move |step| {
                let engine = other.clone();
                let is_starting = step == "before start";
                Box::pin(async move {
                    if is_starting {
                        let filter = gofer_store::Filter::default();
                        let run = engine.store().runs(&filter, None, 1).await.unwrap().rows[0].id;
                        engine.cancel(run, "somebody").await.unwrap();
                    }
                })
            })));
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored)[0].1, "cancelled");
        assert_eq!(world.scheduler.count("start a#1"), 1);
        assert!(world.clock.elapsed().as_secs() < 2);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn the_time_of_a_run_ends_its_tasks() {
    let world = World::new();
    sleeper(&world, "a");
    world.live(async |engine| {
        let run = start(
            &engine,
            document(json!({ "timeout": "5m", "tasks": { "a": {} } })),
        )
        .await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let head = &stored.row.head;
        assert_eq!(
            (head.state, head.reason),
            (RunState::Failed, Some(RunReason::TimedOut))
        );
        assert_eq!(unit(&stored, "a").reason, Some(Reason::RunTimedOut));
        assert_eq!(world.clock.elapsed().as_secs(), 300);
    });
}

#[test]
fn another_process_asks_the_owner_for_a_stop_by_the_store_and_a_knock() {
    let world = World::new();
    sleeper(&world, "a");
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let (_, other) = world.engine();
        let begun = world.clock.elapsed();
        other.cancel(run.id, "somebody").await.unwrap();
        assert_eq!(
            world.knocks.lock().unwrap().as_slice(),
            [engine.store().instance()]
        );
        engine.settled().await;
        assert!(
            world.clock.since(begun) <= Duration::from_millis(1_001),
            "without the knock"
        );
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Cancelled);
        assert!(engine.store().requests().await.unwrap().is_empty());
    });
}

#[test]
fn a_request_counts_once_however_often_it_is_found() {
    let world = World::new();
    world.scheduler.script("a", |_| vec![(0, Does::Stubborn)]);
    world
        .scheduler
        .script("last", |_| vec![(1_000, Does::Exit(0))]);
    world.live(async |engine| {
        let tasks = json!({ "a": { "stop_grace": "20s" }, "last": { "finally": true } });
        let run = start(&engine, pipeline(&tasks)).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let (_, other) = world.engine();
        other.cancel(run.id, "somebody").await.unwrap();
        crate::stores::fails(&world, 14, || gofer_store::Error::Full);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(
            load(&engine, &run).await.row.head.state,
            RunState::Cancelling
        );
        assert!(engine.store().requests().await.unwrap().is_empty());
        engine.settled().await;
        assert_eq!(
            states(&load(&engine, &run).await)[1],
            ("last".to_owned(), "succeeded")
        );
    });
}

#[test]
fn a_cancel_that_comes_with_the_wish_to_start_wins() {
    let world = World::new();
    world.scheduler.making(
        "a",
        Making {
            pull: 50,
            fails: None,
        },
    );
    world
        .scheduler
        .script("b", |_| vec![(10_000, Does::Exit(0))]);
    world.live(async |engine| {
        world.set_store_hook(Some(std::sync::Arc::new(|what, is_before| {
            Box::pin(async move {
                if what == "commit" && is_before {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Ok(())
            })
        })));
        let run = start(&engine, pipeline(&json!({ "a": {}, "b": {} }))).await;
        // While the start of b is being stored a comes to ask for its own.
        tokio::time::sleep(Duration::from_millis(60)).await;
        engine.cancel(run.id, "somebody").await.unwrap();
        engine.settled().await;
        assert_eq!(world.scheduler.count("start b#1"), 1);
        assert_eq!(
            (
                world.scheduler.count("create a#1"),
                world.scheduler.count("start a#1")
            ),
            (1, 0)
        );
    });
}

#[test]
fn a_knock_is_heard_at_once() {
    let world = World::new();
    sleeper(&world, "a");
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let (_, other) = world.engine();
        let begun = world.clock.elapsed();
        other.cancel(run.id, "somebody").await.unwrap();
        engine.knocked();
        engine.settled().await;
        assert!(world.clock.since(begun) < Duration::from_millis(100));
    });
}

#[test]
fn a_cancel_of_a_run_whose_owner_died_takes_it_over_first() {
    let world = World::new();
    sleeper(&world, "a");
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        run
    });
    world.live(async |engine| {
        engine.cancel(run.id, "somebody").await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Cancelled);
        assert_eq!(unit(&stored, "a").attempts[0].stage, Stage::Removed);
        assert_settled(&world, &stored.run);
    });
}
