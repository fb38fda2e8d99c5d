use crate::{
    container::Does,
    scheduler::Making,
    world::{World, assert_settled, key, load, pipeline, start, states, unit, until},
};
use gofer_core::run::{Reason, RunState, Subject, TaskState};
use gofer_scheduler::StartError;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

#[test]
fn a_dag_runs_in_its_order_and_leaves_nothing_behind() {
    let world = World::new();
    for task in ["a", "b", "c", "d"] {
        world.scheduler.script(task, |_| {
            vec![(50, Does::Out(b"done\n")), (100, Does::Exit(0))]
        });
    }
    world.live(async |engine| {
        let diamond = pipeline(&json!({
            "a": {},
            "b": { "depends_on": { "a": "success" } },
            "c": { "depends_on": { "a": "success" } },
            "d": { "depends_on": { "b": "success", "c": "success" } },
        }));
        let run = start(&engine, diamond).await;
        assert_eq!((run.number, run.head.state), (1, RunState::Running));
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        assert_eq!(stored.row.claim, None);
        assert_settled(&world, &stored.run);
        assert_eq!(world.scheduler.released(), [run.id]);
        let starts: Vec<String> = world
            .scheduler
            .deeds()
            .into_iter()
            .filter(|deed| deed.starts_with("start"))
            .collect();
        assert_eq!(starts, ["start a#1", "start b#1", "start c#1", "start d#1"]);
        let elapsed = world.clock.elapsed();
        assert!(
            elapsed < Duration::from_millis(330),
            "b and c did not run together: {elapsed:?}"
        );
        for task in ["a", "b", "c", "d"] {
            let (log, end, holes) = world.log(run.id, task, 1);
            assert_eq!(
                (log.as_slice(), end.is_some(), holes.len()),
                (&b"done\n"[..], true, 0)
            );
        }
    });
}

#[test]
fn a_failure_is_tried_again_and_the_second_try_counts() {
    let world = World::new();
    world
        .scheduler
        .script("a", |id| vec![(10, Does::Exit(i32::from(id.number < 3)))]);
    world.live(async |engine| {
        let retry = json!({ "limit": 3, "delay": "10s" });
        let run = start(&engine, pipeline(&json!({ "a": { "retry": retry } }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        let codes: Vec<_> = unit(&stored, "a")
            .attempts
            .iter()
            .map(|it| it.exit_code)
            .collect();
        assert_eq!(codes, [Some(1), Some(1), Some(0)]);
        let elapsed = world.clock.elapsed().as_secs();
        assert_eq!(elapsed, 30, "pauses of 10 s and 20 s");
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn every_attempt_of_a_run_uses_the_image_of_the_first() {
    let world = World::new();
    world
        .scheduler
        .script("a", |id| vec![(10, Does::Exit(i32::from(id.number < 2)))]);
    world.live(async |engine| {
        let retry = json!({ "limit": 1, "delay": "1s" });
        let tasks = json!({ "a": { "retry": retry }, "b": { "depends_on": { "a": "success" } } });
        let run = start(&engine, pipeline(&tasks)).await;
        engine.settled().await;
        let first = ("demo:1".to_owned(), false);
        let pinned = ("demo:1@sha256:1".to_owned(), true);
        assert_eq!(world.scheduler.images("a"), [first, pinned.clone()]);
        assert_eq!(world.scheduler.images("b").first(), Some(&pinned));
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "b").attempts[0].image, Some(pinned.0));
    });
}

#[test]
fn tasks_that_want_a_pull_before_use_wait_for_the_first_one_to_say_what_the_name_means() {
    let world = World::new();
    for task in ["a", "b", "c"] {
        world.scheduler.making(
            task,
            Making {
                pull: 1_000,
                fails: None,
            },
        );
    }
    world.live(async |engine| {
        let task = json!({ "pull": "always" });
        start(
            &engine,
            pipeline(&json!({ "a": task, "b": task, "c": task })),
        )
        .await;
        engine.settled().await;
        let all = [
            world.scheduler.images("a"),
            world.scheduler.images("b"),
            world.scheduler.images("c"),
        ];
        let unpinned = all
            .concat()
            .into_iter()
            .filter(|(_, pinned)| !pinned)
            .count();
        assert_eq!(unpinned, 1);
    });
}

#[test]
fn the_containers_of_all_runs_together_have_so_many_places() {
    let world = World::new();
    world.options.lock().unwrap().max_parallel = 2;
    for task in ["a", "b", "c", "d"] {
        world
            .scheduler
            .script(task, |_| vec![(1_000, Does::Exit(0))]);
    }
    world.live(async |engine| {
        start(&engine, pipeline(&json!({ "a": {}, "b": {} }))).await;
        start(&engine, pipeline(&json!({ "c": {}, "d": {} }))).await;
        engine.settled().await;
        assert_eq!(world.clock.elapsed().as_secs(), 2);
    });
}

#[test]
fn a_start_that_may_have_happened_is_never_made_again() {
    let world = World::new();
    let other = world.scheduler.clone();
    world
        .scheduler
        .set_hook(Some(std::sync::Arc::new(move |step| {
            if step == "before start" {
                other.goes_away(1);
                other.vanish("a");
            }
            Box::pin(std::future::ready(()))
        })));
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(states(&stored)[0].1, "lost");
        assert_eq!(world.scheduler.count("create a#1"), 1);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn outputs_are_handed_on_and_a_fan_out_gathers_its_items() {
    let world = World::new();
    world.scheduler.script("list", |_| {
        vec![(5, Does::Output("rows=[1,2,3]\n")), (10, Does::Exit(0))]
    });
    world.scheduler.script("load", |id| {
        let text = ["n=zero\n", "n=one\n", "n=two\n"][id.item.unwrap() as usize];
        let late = 100 - 10 * u64::from(id.item.unwrap());
        vec![(0, Does::Output(text)), (late, Does::Exit(0))]
    });
    world.live(async |engine| {
        let tasks = json!({
            "list": {},
            "load": {
                "depends_on": { "list": "success" },
                "for_each": { "output": "list.rows" },
            },
            "sum": {
                "depends_on": { "load": "success" },
                "env": { "ALL": { "output": "load.n" } },
            },
        });
        let run = start(&engine, pipeline(&tasks)).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        let all = world.scheduler.variable("sum", "ALL").unwrap();
        assert_eq!(all, r#"["zero","one","two"]"#);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn outputs_that_cannot_be_read_fail_a_task_that_exited_with_0() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![(5, Does::Output("nonsense\n")), (10, Does::Exit(0))]
    });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        let task = unit(&load(&engine, &run).await, "a");
        assert_eq!(
            (task.state, task.reason),
            (TaskState::Failed, Some(Reason::BadOutputs))
        );
        assert!(task.message.unwrap().contains("line 1 of $GOFER_OUTPUT"));
    });
}

#[test]
fn a_failed_start_says_why_and_an_engine_that_is_away_is_asked_again() {
    let world = World::new();
    world.scheduler.making(
        "a",
        Making {
            pull: 0,
            fails: Some(StartError::Failed {
                reason: Reason::ImageNotFound,
                message: "there is no image demo:1".to_owned(),
                never_again: false,
            }),
        },
    );
    world.scheduler.goes_away(5);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {}, "b": {} }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let task = unit(&stored, "a");
        assert_eq!(task.reason, Some(Reason::ImageNotFound));
        assert_eq!(task.message.as_deref(), Some("there is no image demo:1"));
        assert_eq!(states(&stored)[1], ("b".to_owned(), "succeeded"));
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_container_that_somebody_else_removes_is_lost() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(60_000, Does::Exit(0))]);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        world.scheduler.vanish("a");
        engine.settled().await;
        let task = unit(&load(&engine, &run).await, "a");
        assert_eq!(
            (task.state, task.reason),
            (TaskState::Lost, Some(Reason::ContainerVanished))
        );
    });
}

#[test]
fn a_pull_is_told_to_those_who_watch_and_taken_back() {
    let world = World::new();
    world.scheduler.making(
        "a",
        Making {
            pull: 10_000,
            fails: None,
        },
    );
    world.scheduler.script("a", |_| vec![(100, Does::Exit(0))]);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        let mut watch = engine.watch(run.id);
        while engine.progress(run.id).is_empty() {
            watch.changed().await.unwrap();
        }
        let note = (key("a"), "pulling demo:1: 0 of 10 MB".to_owned());
        assert_eq!(engine.progress(run.id), [note]);
        until(&engine, &run, "a", TaskState::Running).await;
        assert_eq!(engine.progress(run.id), []);
        engine.settled().await;
        while watch.changed().await.is_ok() {}
    });
}

/// How many transactions a run takes in which only this task is left when it starts, and whose outputs take some
/// time to be read.
fn commits_of_last(ms: u64, reading: u64) -> u32 {
    let world = World::new();
    world
        .scheduler
        .script("a", move |_| vec![(ms, Does::Exit(0))]);
    let clock = world.clock.clone();
    world.scheduler.set_hook(Some(Arc::new(move |step| {
        let reading = Duration::from_millis(if step == "before collect" { reading } else { 0 });
        let clock = clock.clone();
        Box::pin(async move { gofer_core::Clock::sleep(&clock, reading).await })
    })));
    let commits = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&commits);
    world.set_store_hook(Some(Arc::new(move |what, is_before| {
        counting.fetch_add(u32::from(what == "commit" && is_before), Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(())))
    })));
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        if ms + reading > 100 {
            until(&engine, &run, "a", TaskState::Running).await;
            let elapsed = world.clock.elapsed();
            assert!(elapsed < Duration::from_millis(40), "{elapsed:?}");
        }
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        let attempt = &unit(&stored, "a").attempts[0];
        assert!(attempt.started_at.is_some() && attempt.image.is_some());
        let history = engine.store().history(run.id, 0, 100).await.unwrap();
        let states = history
            .into_iter()
            .filter_map(|(_, change)| match change.of {
                Subject::Unit(_, state) => Some(state),
                _ => None,
            });
        let told: Vec<TaskState> = states.collect();
        assert!(
            told.ends_with(&[TaskState::Running, TaskState::Succeeded]),
            "{told:?}"
        );
        assert_settled(&world, &stored.run);
    });
    commits.load(Ordering::SeqCst)
}

#[test]
fn that_the_last_task_began_is_told_within_a_moment_or_with_its_end() {
    let fewest = commits_of_last(10, 0);
    assert_eq!(commits_of_last(10, 10), fewest);
    for (ms, reading) in [(1_000, 0), (10, 1_000)] {
        assert_eq!(commits_of_last(ms, reading), fewest + 1, "{ms}, {reading}");
    }
}
