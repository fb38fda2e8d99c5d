use crate::{
    container::Does,
    world::{
        World, assert_settled, key, load, namespace, pipeline, start, start_with, states, unit,
        until, values,
    },
};
use gofer_core::run::{Again, NotAgain, RunState, TaskState};
use gofer_engine::{Engine, Error, Rerun, Resumed};
use gofer_store::RunRow;
use serde_json::json;
use std::{sync::Arc, time::Duration};

fn diamond() -> gofer_core::definition::Pipeline {
    pipeline(&json!({
        "a": {},
        "b": { "depends_on": { "a": "success" } },
        "c": { "depends_on": { "b": "success" } },
    }))
}

async fn rerun(engine: &Engine, run: &RunRow, again: Again) -> Result<RunRow, Error> {
    let rerun = Rerun {
        run: run.id,
        again,
        secrets: Vec::new(),
    };
    engine.rerun(rerun).await
}

#[test]
fn a_rerun_of_what_failed_adds_attempts_in_the_same_run() {
    let world = World::new();
    world.scheduler.script("b", |id| {
        vec![(1_000, Does::Exit(i32::from(id.number == 1)))]
    });
    world.live(async |engine| {
        let run = start(&engine, diamond()).await;
        engine.settled().await;
        assert_eq!(load(&engine, &run).await.row.head.state, RunState::Failed);
        let again = rerun(&engine, &run, Again::Failed).await.unwrap();
        assert_eq!((again.id, again.number), (run.id, run.number));
        assert_eq!(again.head.state, RunState::Running);
        assert_eq!(again.claim.unwrap().epoch.0, 2);
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        let attempts = ["a", "b", "c"].map(|task| unit(&stored, task).attempts.len());
        assert_eq!(attempts, [1, 2, 1]);
        assert_eq!(unit(&stored, "b").attempts[0].state, TaskState::Failed);
        assert_settled(&world, &stored.run);
        assert_eq!(stored.row.claim, None);
        for number in [1, 2] {
            assert!(world.log(run.id, "b", number).1.is_some(), "{number}");
        }
    });
}

#[test]
fn a_run_that_goes_on_or_has_nothing_to_do_again_is_left_as_it_is() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(60_000, Does::Exit(0))]);
    world.live(async |engine| {
        let run = start(&engine, diamond()).await;
        until(&engine, &run, "a", TaskState::Running).await;
        let refused = rerun(&engine, &run, Again::Everything).await.unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("etl/1 cannot be rerun so: it is not over"),
            "{refused}"
        );
        engine.settled().await;
        let before = load(&engine, &run).await;
        let refused = rerun(&engine, &run, Again::Failed).await;
        let Err(Error::NotRerun { why, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(why, NotAgain::NothingFailed);
        assert_eq!(load(&engine, &run).await, before);
        // It was let go again, so the next one may have it.
        rerun(&engine, &run, Again::Everything).await.unwrap();
        engine.settled().await;
        assert_eq!(unit(&load(&engine, &run).await, "c").attempts.len(), 2);
    });
}

#[test]
fn a_rerun_begins_as_soon_as_the_run_is_cleared_up_after() {
    let world = World::new();
    world.live(async |engine| {
        let run = start(&engine, diamond()).await;
        until(&engine, &run, "c", TaskState::Succeeded).await;
        let again = rerun(&engine, &run, Again::From(vec![key("c")])).await;
        assert_eq!(again.unwrap().id, run.id);
        engine.settled().await;
        assert_eq!(unit(&load(&engine, &run).await, "c").attempts.len(), 2);
    });
}

#[test]
fn secrets_are_asked_for_again_and_what_is_missing_is_said_before_anything_starts() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(1_000, Does::Exit(0))]);
    let needs = || {
        pipeline(&json!({
            "a": { "env": { "P": { "secret": "p" }, "Q": { "secret": "q" } } },
        }))
    };
    world.live(async |engine| {
        let secrets = [("p", "one-one"), ("q", "two-two")];
        let run = start_with(&engine, needs(), &secrets).await.unwrap();
        engine.settled().await;
        let before = load(&engine, &run).await;
        let refused = rerun(&engine, &run, Again::Everything).await.unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("`p`") && said.contains("`q`"), "{said}");
        assert_eq!(load(&engine, &run).await, before);
        let rerun = Rerun {
            run: run.id,
            again: Again::Everything,
            secrets: values(&[("p", "new-new"), ("q", "two-two"), ("z", "zzz-zzz")]),
        };
        engine.rerun(rerun).await.unwrap();
        let sealed = engine.store().sealed(run.id).await.unwrap();
        let names: Vec<&str> = sealed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["p", "q"]);
        engine.settled().await;
        assert_eq!(
            load(&engine, &run).await.row.head.state,
            RunState::Succeeded
        );
        assert!(engine.store().sealed(run.id).await.unwrap().is_empty());
    });
}

#[test]
fn a_rerun_whose_process_dies_is_gone_on_with() {
    let world = World::new();
    world.scheduler.script("b", |id| {
        vec![(60_000, Does::Exit(i32::from(id.number == 1)))]
    });
    let run = world.live(async |engine| {
        let run = start(&engine, diamond()).await;
        engine.settled().await;
        rerun(&engine, &run, Again::Failed).await.unwrap();
        until(&engine, &run, "b", TaskState::Running).await;
        run
    });
    world.live(async |engine| {
        let resumed = engine.resume(&namespace(), &run.pipeline, Vec::new()).await;
        assert!(matches!(resumed, Ok(Resumed::Driving(_))), "{resumed:?}");
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let all: Vec<&str> = states(&stored)
            .into_iter()
            .map(|(_, state)| state)
            .collect();
        assert_eq!(all, ["succeeded"; 3]);
        assert_eq!(unit(&stored, "b").attempts.len(), 2);
        assert_settled(&world, &stored.run);
    });
}

#[test]
fn a_run_is_rerun_by_one_process_only() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| vec![(5_000, Does::Exit(0))]);
    world.live(async |engine| {
        let (_, other) = world.engine();
        let run = start(&engine, diamond()).await;
        engine.settled().await;
        let both = tokio::join!(
            rerun(&engine, &run, Again::Everything),
            rerun(&other, &run, Again::Everything),
        );
        let went = [&both.0, &both.1].into_iter().filter(|it| it.is_ok());
        assert_eq!(went.count(), 1, "{both:?}");
        engine.settled().await;
        other.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "a").attempts.len(), 2);
    });
}

#[test]
fn a_process_that_dies_before_a_rerun_is_stored_leaves_the_run_as_it_was() {
    let world = World::new();
    world
        .scheduler
        .script("b", |id| vec![(0, Does::Exit(i32::from(id.number == 1)))]);
    let (run, before) = world.live(async |engine| {
        let run = start(&engine, diamond()).await;
        engine.settled().await;
        (run.clone(), load(&engine, &run).await)
    });
    world.live(async |engine| {
        world.set_store_hook(Some(Arc::new(|what, is_before| {
            let dies = what == "commit" && is_before;
            Box::pin(async move {
                if dies {
                    std::future::pending::<()>().await;
                }
                Ok(())
            })
        })));
        let again = rerun(&engine, &run, Again::Failed);
        let waited = tokio::time::timeout(Duration::from_secs(5), again).await;
        assert!(waited.is_err(), "{waited:?}");
        world.set_store_hook(None);
    });
    world.live(async |engine| {
        let stored = load(&engine, &run).await;
        assert_eq!(
            (&stored.run, &stored.row.head),
            (&before.run, &before.row.head)
        );
        assert_eq!(stored.row.claim.unwrap().epoch.0, 2);
        rerun(&engine, &run, Again::Failed).await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded);
        assert_eq!(unit(&stored, "b").attempts.len(), 2);
        assert_settled(&world, &stored.run);
    });
}
