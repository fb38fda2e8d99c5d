use crate::{
    container::Does,
    world::{World, etl, load, namespace, pipeline, start, states, until},
};
use gofer_core::{
    id::{AttemptId, RunId},
    run::TaskState,
};
use gofer_logs::{Body, More, Reader};
use serde_json::json;
use std::{sync::Arc, time::Duration};

#[test]
fn a_run_is_not_over_before_its_logs_are() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (10, Does::Out(b"x")),
            (20, Does::Exit(0)),
            (0, Does::LateLog(3_000)),
        ]
    });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(states(&load(&engine, &run).await)[0].1, "running");
        engine.settled().await;
        assert_eq!(states(&load(&engine, &run).await)[0].1, "succeeded");
        assert_eq!(world.clock.elapsed().as_secs(), 3);
        assert_eq!(world.log(run.id, "a", 1).2, [""; 0]);
    });
}

#[test]
fn a_log_without_an_end_is_waited_for_5_seconds_and_marked() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (10, Does::Out(b"x")),
            (20, Does::Exit(0)),
            (0, Does::LateLog(3_600_000)),
        ]
    });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        assert_eq!(world.clock.elapsed().as_secs(), 5);
        let (log, end, holes) = world.log(run.id, "a", 1);
        assert_eq!((log.as_slice(), end.is_some()), (&b"x"[..], true));
        assert!(holes[0].contains("within 5 s"), "{holes:?}");
    });
}

#[test]
fn a_break_of_the_engine_is_a_possible_hole_and_the_rest_is_kept() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"before ")),
            (10, Does::Breaks),
            (20, Does::Out(b"after")),
            (30, Does::Exit(0)),
        ]
    });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        let (log, end, holes) = world.log(run.id, "a", 1);
        assert_eq!(log, b"before after");
        assert_eq!((end.unwrap().holes, holes.len()), (1, 1));
    });
}

#[test]
fn a_replay_behind_a_hole_goes_by_time_and_loses_nothing_that_is_new() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"one ")),
            (1_000, Does::Unsaved(b"two ")),
            (1_010, Does::Breaks),
            (2_000, Does::Out(b"three ")),
            (120_000, Does::Out(b"four")),
            (120_001, Does::Exit(0)),
        ]
    });
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        run
    });
    world.live(async |engine| {
        engine
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap();
        engine.settled().await;
    });
    let (log, end, holes) = world.log(run.id, "a", 1);
    assert_eq!(String::from_utf8(log).unwrap(), "one two three four");
    assert_eq!((end.unwrap().holes, holes.len()), (2, 2));
}

#[test]
fn a_replay_is_skipped_to_the_byte_in_each_stream() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        let mut script = vec![(120_000, Does::Exit(0))];
        for nth in 0..40 {
            script.push((nth * 1_000, Does::Out(b"out \xff\0 line\n")));
            script.push((nth * 1_000 + 500, Does::Err(b"error")));
        }
        script.sort_by_key(|(at, _)| *at);
        script
    });
    let run = world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        run
    });
    for _ in 0..10 {
        world.live(async |engine| {
            engine
                .resume(&namespace(), &etl(), Vec::new())
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(3_777)).await;
        });
    }
    world.live(async |engine| {
        engine
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap();
        engine.settled().await;
    });
    let (log, end, holes) = world.log(run.id, "a", 1);
    assert_eq!(log, b"out \xff\0 line\n".repeat(40));
    let end = end.unwrap();
    assert_eq!(
        (end.engine.stderr, end.stored.stderr, holes.len()),
        (200, 200, 0)
    );
}

/// What of both streams is kept, in its order.
fn both(world: &World, run: RunId) -> String {
    let id = AttemptId {
        run,
        task: "a".parse().unwrap(),
        item: None,
        number: 1,
    };
    let mut reader = Reader::open(Arc::new(world.disk.clone()), &id);
    let mut all = Vec::new();
    while let More::Frames(frames) = reader.read_more().unwrap() {
        for frame in frames {
            if let Body::Output { bytes, .. } = frame.body {
                all.extend(bytes);
            }
        }
    }
    String::from_utf8(all).unwrap()
}

#[test]
fn a_line_that_an_engine_cuts_is_whole_and_one_that_a_job_does_not_end_holds_up_nothing_for_long() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"out 1\nou")),
            (2, Does::Err(b"err 1\nerr")),
            (4, Does::Out(b"t 2\nout 3\n")),
            (6, Does::Err(b" 2\n")),
            (1_000, Does::Out(b"name? ")),
            (1_010, Does::Err(b"err 3\n")),
            (3_000, Does::Out(b"last")),
            (3_001, Does::Err(b"err 4\n")),
            (3_002, Does::Exit(0)),
        ]
    });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let first = "out 1\nout 2\nout 3\nerr 1\nerr 2\n";
        assert_eq!(both(&world, run.id), first);
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(both(&world, run.id), format!("{first}name? "));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(both(&world, run.id), format!("{first}name? err 3\n"));
        engine.settled().await;
        assert_eq!(
            both(&world, run.id),
            format!("{first}name? err 3\nlasterr 4\n")
        );
    });
}

#[test]
fn followers_are_woken_at_most_every_10_ms_and_told_of_the_last_byte() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        let mut script: Vec<_> = (0..1_000).map(|nth| (nth, Does::Out(b"x"))).collect();
        script.push((60_000, Does::Exit(0)));
        script
    });
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let mut watch = engine.watch(run.id);
        watch.mark_unchanged();
        let mut woken = 0;
        while let Ok(changed) = tokio::time::timeout(Duration::from_secs(5), watch.changed()).await
        {
            changed.unwrap();
            woken += 1;
        }
        assert!((50..=101).contains(&woken), "{woken}");
        assert_eq!(world.log(run.id, "a", 1).0.len(), 1_000);
    });
}
