use crate::{
    container::Does,
    world::{World, etl, load, namespace, pipeline, start, states, until},
};
use gofer_core::run::TaskState;
use serde_json::json;
use std::time::Duration;

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
