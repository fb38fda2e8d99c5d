use crate::{
    container::Does,
    world::{World, assert_settled, etl, load, namespace, pipeline, start, states, unit, until},
};
use gofer_core::{
    definition::Pipeline,
    run::{RunState, TaskState},
};
use gofer_engine::{Engine, Resumed};
use gofer_store::RunRow;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::sync::Notify;

/// Counts steps, and stops the world at one of them.
#[derive(Clone)]
pub(crate) struct Crash {
    at: u32,
    seen: Arc<AtomicU32>,
    pub(crate) happened: Arc<Notify>,
}

impl Crash {
    pub(crate) fn new(at: u32) -> Self {
        Self {
            at,
            seen: Arc::default(),
            happened: Arc::default(),
        }
    }

    async fn step(self) {
        if self.seen.fetch_add(1, Ordering::SeqCst) == self.at {
            self.happened.notify_one();
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn arm(&self, world: &World) {
        let (store, scheduler) = (self.clone(), self.clone());
        world.set_store_hook(Some(Arc::new(move |_, _| {
            let step = store.clone().step();
            Box::pin(async move {
                step.await;
                Ok(())
            })
        })));
        world
            .scheduler
            .set_hook(Some(Arc::new(move |_| Box::pin(scheduler.clone().step()))));
    }

    pub(crate) fn disarm(world: &World) {
        world.set_store_hook(None);
        world.scheduler.set_hook(None);
    }

    pub(crate) fn has_happened(&self) -> bool {
        self.seen.load(Ordering::SeqCst) > self.at
    }
}

fn scripted() -> World {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"one\n")),
            (40, Does::Err(b"two\n")),
            (80, Does::Out(b"three without an end")),
            (90, Does::Output("n=1\n")),
            (100, Does::Exit(0)),
        ]
    });
    world.scheduler.script("b", |id| {
        vec![
            (0, Does::Out(b"b\n")),
            (60, Does::Exit(i32::from(id.number == 1))),
        ]
    });
    world.scheduler.script("c", |_| vec![(10, Does::Exit(0))]);
    world.scheduler.script("last", |_| {
        vec![(10, Does::Out(b"cleaned\n")), (10, Does::Exit(0))]
    });
    world
}

fn steps() -> Pipeline {
    pipeline(&json!({
        "a": {},
        "b": { "retry": { "limit": 2, "delay": "1s" } },
        "c": { "depends_on": { "a": "success", "b": "success" }, "env": { "N": { "output": "a.n" } } },
        "last": { "finally": true },
    }))
}

/// A life that ends at the crash, or when the run is settled.
fn first_life(world: &World, crash: &Crash) {
    crash.arm(world);
    world.live(async |engine| {
        let life = async {
            start(&engine, steps()).await;
            engine.settled().await;
        };
        tokio::select! {
            biased;
            () = crash.happened.notified() => {}
            () = life => {}
        }
    });
    Crash::disarm(world);
}

async fn resumed(engine: &Engine) -> Option<RunRow> {
    match engine
        .resume(&namespace(), &etl(), Vec::new())
        .await
        .unwrap()
    {
        Resumed::Driving(row) => Some(row),
        Resumed::Nothing => None,
        Resumed::Following(row) => panic!("nobody lives to follow: {row:?}"),
    }
}

fn check(world: &World, at: u32) {
    for task in ["a#1", "b#1", "b#2", "c#1", "last#1"] {
        let starts = world.scheduler.count(&format!("start {task}"));
        assert_eq!(
            starts,
            1,
            "{task} started {starts} times, crash {at}: {:?}",
            world.scheduler.deeds()
        );
    }
    assert_eq!(world.scheduler.variable("c", "N").as_deref(), Some("1"));
}

/// The truth after a restart is what it would have been without: one start for each attempt, whole
/// logs, nothing left behind. At every call of the store and of the scheduler, before and after.
#[test]
fn a_crash_at_any_step_changes_nothing_but_the_time() {
    let mut at = 0;
    loop {
        let world = scripted();
        let crash = Crash::new(at);
        first_life(&world, &crash);
        if !crash.has_happened() {
            break;
        }
        world.live(async |engine| {
            let mut run = resumed(&engine).await;
            engine.settled().await;
            engine.sweep().await.unwrap();
            engine.settled().await;
            let filter = gofer_store::Filter::default();
            run = engine
                .store()
                .runs(&filter, None, 1)
                .await
                .unwrap()
                .rows
                .pop()
                .or(run);
            let Some(run) = run else {
                assert!(at < 8, "crash {at}: the run is gone");
                return;
            };
            let stored = load(&engine, &run).await;
            assert_eq!(
                stored.row.head.state,
                RunState::Succeeded,
                "crash {at}: {stored:#?}"
            );
            assert_eq!(stored.row.claim, None, "crash {at}");
            assert!(engine.store().sealed(run.id).await.unwrap().is_empty());
            assert_settled(&world, &stored.run);
            check(&world, at);
            let (log, end, holes) = world.log(run.id, "a", 1);
            assert_eq!(
                String::from_utf8(log).unwrap(),
                "one\nthree without an end",
                "crash {at}"
            );
            assert_eq!(
                (end.unwrap().engine.stderr, holes.len()),
                (4, 0),
                "crash {at}"
            );
        });
        at += 1;
    }
    assert!(at > 90, "only {at} steps were tried");
}

/// Twice in a row: the second life crashes too.
#[test]
fn a_second_crash_during_the_recovery_changes_nothing_either() {
    for first in (10..90).step_by(7) {
        let mut second = 0;
        loop {
            let world = scripted();
            first_life(&world, &Crash::new(first));
            let crash = Crash::new(second);
            crash.arm(&world);
            world.live(async |engine| {
                let life = async {
                    resumed(&engine).await;
                    engine.settled().await;
                };
                tokio::select! {
                    biased;
                    () = crash.happened.notified() => {}
                    () = life => {}
                }
            });
            Crash::disarm(&world);
            world.live(async |engine| {
                resumed(&engine).await;
                engine.sweep().await.unwrap();
                engine.settled().await;
                assert_eq!(world.scheduler.holds(), 0, "crashes {first}, {second}");
                check(&world, first);
            });
            if !crash.has_happened() {
                break;
            }
            second += 3;
        }
    }
}

#[test]
fn a_drained_engine_leaves_its_containers_running_and_the_next_goes_on() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"one ")),
            (30_000, Does::Out(b"two")),
            (60_000, Does::Exit(0)),
        ]
    });
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        engine.drain().await;
        assert!(matches!(
            engine.resume(&namespace(), &etl(), Vec::new()).await,
            Err(gofer_engine::Error::Draining)
        ));
        run
    });
    assert_eq!(world.scheduler.holds(), 1);
    assert_eq!(world.scheduler.count("stop a#1"), 0);
    world.live(async |engine| {
        assert!(resumed(&engine).await.is_some());
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored), [("a".to_owned(), "succeeded")]);
        assert_eq!(world.log(run.id, "a", 1).0, b"one two");
        assert_eq!(world.scheduler.count("start a#1"), 1);
    });
}

#[test]
fn a_container_that_is_gone_after_a_restart_is_lost_and_never_made_again() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![(0, Does::Out(b"one")), (60_000, Does::Exit(0))]
    });
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        run
    });
    world.scheduler.vanish("a");
    world.live(async |engine| {
        resumed(&engine).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored), [("a".to_owned(), "lost")]);
        assert_eq!(world.scheduler.count("start a#1"), 1);
        let (log, end, holes) = world.log(run.id, "a", 1);
        assert_eq!((log.as_slice(), holes.len()), (&b"one"[..], 1));
        assert!(end.is_some(), "nobody closed the log");
    });
}

#[test]
fn what_no_unfinished_run_needs_is_taken_from_the_scheduler_and_nothing_else() {
    let world = World::new();
    world
        .scheduler
        .script("b", |_| vec![(60_000, Does::Exit(0))]);
    world.live(async |engine| {
        let done = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        world.scheduler.stray(done.id, "a");
        world
            .scheduler
            .stray(gofer_core::id::RunId(uuid::Uuid::from_u128(99)), "unknown");
        let live = start(&engine, pipeline(&json!({ "b": {} }))).await;
        until(&engine, &live, "b", TaskState::Running).await;
        assert_eq!(world.scheduler.holds(), 3);
        let (_, other) = world.engine();
        other.sweep().await.unwrap();
        assert_eq!(world.scheduler.holds(), 1);
        engine.settled().await;
        assert_eq!(states(&load(&engine, &live).await)[0].1, "succeeded");
    });
}

/// The wall clock is set forward while a task runs: its time is up within a second of that.
#[test]
fn a_step_of_the_wall_clock_is_noticed() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(36_000_000, Does::Exit(0))]);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": { "timeout": "2h" } }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let begun = world.clock.elapsed();
        world.clock.step(std::time::Duration::from_hours(3));
        engine.settled().await;
        assert_eq!(
            unit(&load(&engine, &run).await, "a").state,
            TaskState::TimedOut
        );
        assert!(world.clock.since(begun).as_secs() < 3);
    });
}

#[test]
fn a_resumed_run_keeps_the_image_that_its_first_attempt_found() {
    let world = World::new();
    world.scheduler.script("a", |id| {
        vec![(60_000, Does::Exit(i32::from(id.number == 1)))]
    });
    world.live(async |engine| {
        let retry = json!({ "a": { "retry": { "limit": 1, "delay": "1s" } } });
        let run = start(&engine, pipeline(&retry)).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        until(&engine, &run, "a", TaskState::Retrying).await;
    });
    world.live(async |engine| {
        resumed(&engine).await;
        engine.settled().await;
        let second = ("demo:1@sha256:1".to_owned(), true);
        assert_eq!(world.scheduler.images("a").last(), Some(&second));
    });
}

#[test]
fn a_timeout_that_came_while_nobody_drove_is_kept_at_once() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(600_000, Does::Exit(0))]);
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": { "timeout": "1m" } }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        run
    });
    world.live(async |engine| {
        tokio::time::sleep(std::time::Duration::from_mins(2)).await;
        resumed(&engine).await;
        engine.settled().await;
        let task = unit(&load(&engine, &run).await, "a");
        assert_eq!(task.state, TaskState::TimedOut);
        assert_eq!(world.clock.elapsed().as_secs(), 120);
    });
}
