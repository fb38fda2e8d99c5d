use crate::{
    container::Does,
    scheduler::Hook,
    world::{World, assert_settled, document, key, load, pipeline, start, unit},
};
use gofer_core::run::{Again, Keep, MOST_KEPT, Stage, TaskState};
use gofer_engine::{Engine, Error, LONGEST_KEPT, Options, RUNS_KEPT, Rerun, Visit};
use gofer_store::{Filter, RunRow};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

fn failing(world: &World) {
    world
        .scheduler
        .script("a", |_| vec![(1_000, Does::Exit(3))]);
}

async fn one(engine: &Engine) -> RunRow {
    let run = start(engine, pipeline(&json!({ "a": {} }))).await;
    engine.settled().await;
    run
}

async fn runs(engine: &Engine) -> Vec<u64> {
    let page = engine.store().runs(&Filter::default(), None, 100).await;
    page.unwrap().rows.iter().map(|row| row.number).collect()
}

#[test]
fn a_failed_container_stays_and_its_run_is_let_go() {
    let world = World::new();
    failing(&world);
    world.live(async |engine| {
        let run = one(&engine).await;
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "a").attempts[0].stage, Stage::Kept);
        assert_eq!(world.scheduler.holds(), 1);
        assert_eq!(stored.row.claim, None);
        assert_settled(&world, &stored.run);
        engine.sweep().await.unwrap();
        assert_eq!(world.scheduler.holds(), 1, "it is not an orphan");
    });
}

#[test]
fn where_nothing_is_to_be_kept_nothing_is() {
    let world = World::new();
    *world.options.lock().unwrap() = Options {
        keep: Keep::None,
        ..Options::default()
    };
    failing(&world);
    world.live(async |engine| {
        let stored = load(&engine, &one(&engine).await).await;
        assert_eq!(unit(&stored, "a").attempts[0].stage, Stage::Removed);
        assert_eq!(world.scheduler.holds(), 0);
    });
}

#[test]
fn of_many_runs_the_newest_failures_are_kept() {
    let world = World::new();
    failing(&world);
    world.live(async |engine| {
        let first = one(&engine).await;
        for _ in 0..MOST_KEPT {
            one(&engine).await;
        }
        let kept = engine.store().kept().await.unwrap();
        assert_eq!(kept.len(), MOST_KEPT);
        assert!(kept.iter().all(|row| row.attempt.run != first.id));
        assert_eq!(world.scheduler.holds(), MOST_KEPT);
        let stored = load(&engine, &first).await;
        assert_eq!(unit(&stored, "a").attempts[0].stage, Stage::Removed);
    });
}

#[test]
fn what_is_kept_for_too_long_goes_with_the_next_sweep() {
    let world = World::new();
    failing(&world);
    world.live(async |engine| {
        one(&engine).await;
        world.clock.step(Duration::from_hours(23));
        engine.sweep().await.unwrap();
        assert_eq!(world.scheduler.holds(), 1);
        world.clock.step(LONGEST_KEPT);
        engine.sweep().await.unwrap();
        assert_eq!(world.scheduler.holds(), 0);
        assert!(engine.store().kept().await.unwrap().is_empty());
    });
}

#[test]
fn a_killed_gofer_keeps_what_it_had_stored_that_it_keeps() {
    let world = World::new();
    failing(&world);
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {}, "b": {} }))).await;
        gofer_core::Clock::sleep(&world.clock, Duration::from_millis(1_500)).await;
        run
    });
    world.live(async |engine| {
        engine.sweep().await.unwrap();
        let _ = engine
            .resume(&run.namespace, &run.pipeline, Vec::new())
            .await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_settled(&world, &stored.run);
        assert_eq!(unit(&stored, "a").attempts[0].stage, Stage::Kept);
        assert_eq!(world.scheduler.holds(), 1);
    });
}

#[test]
fn the_newest_runs_are_kept_and_no_logs_of_the_others() {
    let world = World::new();
    world.live(async |engine| {
        for _ in 0..RUNS_KEPT + 2 {
            one(&engine).await;
        }
        let kept = runs(&engine).await;
        assert_eq!(kept.len(), RUNS_KEPT as usize);
        assert_eq!(kept.last(), Some(&3));
        let logs = gofer_logs::runs(&**engine.logs()).unwrap();
        assert_eq!(logs.len(), RUNS_KEPT as usize);
    });
}

#[test]
fn the_file_says_how_many_runs_are_kept_and_for_how_long() {
    let world = World::new();
    failing(&world);
    world.live(async |engine| {
        let file = |retention: serde_json::Value| {
            document(json!({ "tasks": { "a": {} }, "retention": retention }))
        };
        for _ in 0..4 {
            start(&engine, file(json!({ "runs": 2 }))).await;
            engine.settled().await;
        }
        assert_eq!(runs(&engine).await, [4, 3]);
        assert_eq!(world.scheduler.holds(), 2, "theirs go, too");
        world.clock.step(Duration::from_hours(25));
        start(&engine, file(json!({ "age": "1d" }))).await;
        engine.settled().await;
        assert_eq!(runs(&engine).await, [5]);
        assert_eq!(world.scheduler.holds(), 1);
    });
}

#[test]
fn clean_says_what_would_go_and_then_takes_it() {
    let world = World::new();
    failing(&world);
    world.live(async |engine| {
        one(&engine).await;
        let found = engine.clean(true).await.unwrap();
        let names: Vec<&str> = found.things.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["etl/1/a"]);
        assert_eq!(world.scheduler.holds(), 1);
        let gone = engine.clean(false).await.unwrap();
        assert_eq!(gone.things, found.things);
        assert_eq!(world.scheduler.holds(), 0);
        assert!(engine.clean(true).await.unwrap().things.is_empty());
        assert_eq!(runs(&engine).await, [1]);
    });
}

#[test]
fn a_shell_that_cannot_be_says_why() {
    let world = World::new();
    failing(&world);
    world.live(async |engine| {
        let tasks = json!({ "a": { "retry": { "limit": 1, "delay": "1s" } }, "b": {} });
        let run = start(&engine, pipeline(&tasks)).await;
        engine.settled().await;
        let why = async |task: &str, attempt: Option<u32>| {
            let visit = Visit {
                key: key(task),
                attempt,
                command: Vec::new(),
                terminal: None,
            };
            match engine.shell(run.id, visit).await {
                Err(Error::NoShell(why)) => why,
                Err(error) => panic!("{error}"),
                Ok(_) => panic!("there is a shell"),
            }
        };
        assert!(why("b", None).await.contains("etl/1/b succeeded"));
        assert!(
            why("a", Some(1))
                .await
                .contains("only that of the last one")
        );
        assert!(why("a", Some(7)).await.contains("has no attempt 7"));
        // The scheduler is asked, and has none here.
        assert!(why("a", None).await.contains("no shell here"));
        engine.clean(false).await.unwrap();
        assert!(why("a", None).await.contains("any more"));
    });
}

/// A failed run whose container is past its time; its next attempt takes ten seconds.
async fn aged(world: &World, engine: &Engine) -> RunRow {
    world.scheduler.script("a", |id| match id.number {
        1 => vec![(1_000, Does::Exit(3))],
        _ => vec![(10_000, Does::Exit(0))],
    });
    let run = one(engine).await;
    world.clock.step(LONGEST_KEPT + Duration::from_hours(1));
    run
}

fn again(run: &RunRow) -> Rerun {
    Rerun {
        run: run.id,
        again: Again::Failed,
        secrets: Vec::new(),
    }
}

#[test]
fn a_rerun_waits_until_a_sweep_has_taken_away_what_is_old_of_the_run() {
    let world = World::new();
    world.live(async |engine| {
        let run = aged(&world, &engine).await;
        let (_, other) = world.engine();
        let (clock, steps) = (world.clock.clone(), Arc::new(Mutex::new(Vec::new())));
        let into = Arc::clone(&steps);
        let hook: Hook = Arc::new(move |what| {
            let (clock, into, what) = (clock.clone(), Arc::clone(&into), what.to_owned());
            Box::pin(async move {
                let is_first = what == "before release" && into.lock().unwrap().is_empty();
                if is_first {
                    gofer_core::Clock::sleep(&clock, Duration::from_secs(3)).await;
                }
                if ["after release", "after create"].contains(&what.as_str()) {
                    into.lock().unwrap().push(what);
                }
            })
        });
        world.scheduler.set_hook(Some(hook));
        let rerun = async {
            gofer_core::Clock::sleep(&world.clock, Duration::from_secs(1)).await;
            engine.rerun(again(&run)).await.unwrap()
        };
        let (swept, _) = tokio::join!(other.sweep(), rerun);
        assert_eq!(swept.unwrap(), []);
        engine.settled().await;
        world.scheduler.set_hook(None);
        let steps = steps.lock().unwrap().clone();
        let created = steps.iter().position(|step| step == "after create");
        assert_eq!(created, Some(steps.len() - 2), "{steps:?}");
        assert!(steps.len() > 2, "the sweep released, too: {steps:?}");
        let stored = load(&engine, &run).await;
        assert_settled(&world, &stored.run);
        assert_eq!(unit(&stored, "a").state, TaskState::Succeeded);
    });
}

#[test]
fn a_sweep_leaves_a_run_alone_that_was_taken_up_since_it_looked() {
    let world = World::new();
    world.live(async |engine| {
        let run = aged(&world, &engine).await;
        let (_, other) = world.engine();
        let (first, rerunner, row) = (AtomicBool::new(true), engine.clone(), run.clone());
        let first = Arc::new(first);
        world.set_store_hook(Some(Arc::new(move |what, is_before| {
            let is_first = what == "reclaim" && is_before && first.swap(false, Ordering::SeqCst);
            let (engine, run) = (rerunner.clone(), row.clone());
            Box::pin(async move {
                if is_first {
                    Box::pin(engine.rerun(again(&run))).await.unwrap();
                }
                Ok(())
            })
        })));
        let before = world.scheduler.released().len();
        assert_eq!(other.sweep().await.unwrap(), []);
        assert_eq!(world.scheduler.released().len(), before, "it is driven");
        world.set_store_hook(None);
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_settled(&world, &stored.run);
        assert_eq!(unit(&stored, "a").state, TaskState::Succeeded);
        assert_eq!(world.scheduler.holds(), 0);
    });
}
