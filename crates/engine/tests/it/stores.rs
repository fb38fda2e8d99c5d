use crate::{
    container::Does,
    scheduler::Making,
    world::{
        World, assert_settled, etl, load, namespace, pipeline, start, start_with, states, until,
    },
};
use gofer_core::run::{RunState, TaskState};
use gofer_engine::{Error, Resumed};
use gofer_store::Error as StoreError;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// The first so many commits fail.
pub(crate) fn fails(world: &World, times: u32, error: fn() -> StoreError) {
    let left = Arc::new(AtomicU32::new(times));
    world.set_store_hook(Some(Arc::new(move |what, is_before| {
        let fails = what == "commit"
            && is_before
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                .is_ok();
        Box::pin(std::future::ready(if fails {
            Err(error())
        } else {
            Ok(())
        }))
    })));
}

#[test]
fn a_busy_store_is_waited_for_and_nothing_is_done_before_it_is_stored() {
    let world = World::new();
    world.live(async |engine| {
        fails(&world, 10, || StoreError::Busy);
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        // That it is made was stored with the run.
        assert_eq!(
            world.scheduler.deeds(),
            ["create a#1"],
            "an effect came before its commit"
        );
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_full_disk_is_said_and_waited_for() {
    let world = World::new();
    world.live(async |engine| {
        fails(&world, 50, || StoreError::Full);
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let notes: Vec<String> = engine
            .progress(run.id)
            .into_iter()
            .map(|(_, note)| note)
            .collect();
        assert_eq!(notes, ["waiting: the disk is full"]);
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        assert!(world.clock.elapsed() > Duration::from_secs(30));
    });
}

#[test]
fn a_store_that_fails_again_and_again_is_left_alone_and_containers_go_on() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(60_000, Does::Exit(0))]);
    world.live(async |engine| {
        let retry = json!({ "a": {}, "b": {}, "c": { "depends_on": { "b": "success" } } });
        let run = start(&engine, pipeline(&retry)).await;
        until(&engine, &run, "a", TaskState::Running).await;
        fails(&world, u32::MAX, || {
            StoreError::Failed("no such table".to_owned())
        });
        let error = engine.cancel(run.id, "somebody").await.unwrap_err();
        assert!(matches!(error, Error::NotDriven(_)), "{error}");
        engine.settled().await;
        world.set_store_hook(None);
        assert_eq!(world.scheduler.holds(), 1);
        assert_eq!(world.scheduler.count("stop a#1"), 0);
    });
}

#[test]
fn a_driver_that_lost_its_claim_stops_without_another_call() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(5_000, Does::Exit(0))]);
    world
        .scheduler
        .script("b", |_| vec![(5_000, Does::Exit(0))]);
    world.live(async |engine| {
        let tasks = json!({ "a": {}, "b": { "depends_on": { "a": "success" } } });
        let run = start(&engine, pipeline(&tasks)).await;
        until(&engine, &run, "a", TaskState::Running).await;
        world.stored.kill(engine.store().instance());
        let (_, other) = world.engine();
        let Resumed::Driving(_) = other
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap()
        else {
            panic!("the owner is dead");
        };
        engine.settled().await;
        assert_eq!(load(&other, &run).await.row.head.state, RunState::Running);
        other.settled().await;
        let stored = load(&other, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        let deeds = world.scheduler.deeds();
        for deed in ["start a#1", "remove a#1", "start b#1", "remove b#1"] {
            assert_eq!(world.scheduler.count(deed), 1, "{deed}: {deeds:?}");
        }
    });
}

#[test]
fn a_run_that_was_lost_while_it_was_taken_up_is_not_driven() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(60_000, Does::Exit(0))]);
    world
        .scheduler
        .script("b", |_| vec![(600_000, Does::Exit(0))]);
    let tasks = json!({ "a": {}, "b": { "depends_on": { "a": "success" } } });
    let pulls = |pull| {
        world.scheduler.making("a", Making { pull, fails: None });
    };
    pulls(600_000);
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&tasks)).await;
        until(&engine, &run, "a", TaskState::Starting).await;
        run
    });
    pulls(0);
    world.live(async |engine| {
        let is_first = Arc::new(AtomicBool::new(true));
        world.set_store_hook(Some(Arc::new(move |what, is_before| {
            let is_slow = what == "sealed" && is_before && is_first.swap(false, Ordering::SeqCst);
            let wait = if is_slow { 120 } else { 0 };
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(wait)).await;
                Ok(())
            })
        })));
        let (namespace, etl) = (namespace(), etl());
        let slow = engine.resume(&namespace, &etl, Vec::new());
        let quick = async {
            let quick = engine.resume(&namespace, &etl, Vec::new()).await.unwrap();
            assert!(matches!(quick, Resumed::Driving(_)));
            world.stored.kill(engine.store().instance());
            let (_, other) = world.engine();
            let taken = other.resume(&namespace, &etl, Vec::new()).await.unwrap();
            assert!(matches!(taken, Resumed::Driving(_)));
            until(&other, &run, "b", TaskState::Running).await;
            other
        };
        let (_, other) = tokio::join!(slow, quick);
        other.settled().await;
        engine.settled().await;
        for deed in ["create a#1", "start a#1", "start b#1"] {
            assert_eq!(world.scheduler.count(deed), 1, "{deed}");
        }
        assert_eq!(world.scheduler.holds(), 0);
    });
}

#[test]
fn a_run_that_a_living_process_drives_is_followed() {
    let world = World::new();
    world.live(async |engine| {
        world
            .scheduler
            .script("a", |_| vec![(60_000, Does::Exit(0))]);
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        let (_, other) = world.engine();
        for engine in [&other, &engine] {
            let resumed = engine
                .resume(&namespace(), &etl(), Vec::new())
                .await
                .unwrap();
            assert!(matches!(resumed, Resumed::Following(row) if row.id == run.id));
        }
        engine.settled().await;
        let resumed = other
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap();
        assert_eq!(resumed, Resumed::Nothing);
    });
}

#[test]
fn a_pipeline_that_makes_us_panic_harms_only_itself_and_is_refused_after_three_times() {
    let world = World::new();
    world.scheduler.script("bad", |_| panic!("a bug"));
    world
        .scheduler
        .script("good", |_| vec![(5_000, Does::Exit(0))]);
    world.live(async |engine| {
        let mut other = pipeline(&json!({ "good": {} }));
        other.name = "other".parse().unwrap();
        let version = engine.apply(&namespace(), other).await.unwrap();
        let good = engine
            .start(gofer_engine::Start {
                namespace: namespace(),
                pipeline: "other".parse().unwrap(),
                version: version.number,
                params: std::collections::BTreeMap::new(),
                secrets: Vec::new(),
                trigger: "manual".to_owned(),
                calls: std::collections::BTreeMap::new(),
                mounts: Vec::new(),
                only: None,
                like: None,
            })
            .await
            .unwrap();
        for _ in 0..3 {
            start(&engine, pipeline(&json!({ "bad": {} }))).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let error = start_with(&engine, pipeline(&json!({ "bad": {} })), &[])
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Quarantined { times: 3, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("a bug"), "{error}");
        engine.settled().await;
        assert_eq!(states(&load(&engine, &good).await)[0].1, "succeeded");
    });
}
