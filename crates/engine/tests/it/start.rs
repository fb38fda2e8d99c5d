use crate::{
    container::Does,
    world::{
        World, document, etl, load, namespace, pipeline, start_with, states, unit, until, values,
    },
};
use gofer_core::run::TaskState;
use gofer_engine::{Error, Resumed, Start};
use serde_json::json;
use std::{collections::BTreeMap, sync::atomic::Ordering};

fn needs_a_secret() -> gofer_core::definition::Pipeline {
    pipeline(&json!({ "a": { "env": { "PASSWORD": { "secret": "db_password" } } } }))
}

#[test]
fn everything_that_is_missing_is_said_at_once_and_nothing_is_stored() {
    let world = World::new();
    world.live(async |engine| {
        let needs = document(json!({
            "params": { "day": {}, "n": { "type": "int" } },
            "defaults": { "env": { "TOKEN": { "secret": "token" } } },
            "tasks": {
                "a": { "env": { "PASSWORD": { "secret": "db_password" } } },
                "b": { "registry": { "username": "me", "password": { "secret": "registry" } } },
            },
        }));
        let version = engine.apply(&namespace(), needs).await.unwrap();
        let refused = engine
            .start(Start {
                namespace: namespace(),
                pipeline: etl(),
                version: version.number,
                params: BTreeMap::from([("n".into(), "x".into()), ("dya".into(), "1".into())]),
                secrets: values(&[("token", "abcdef")]),
                trigger: "manual".to_owned(),
                calls: BTreeMap::new(),
                mounts: Vec::new(),
                only: None,
                like: None,
            })
            .await;
        let Err(Error::Refused(refused)) = refused else {
            panic!("{refused:?}")
        };
        let all = refused.problems.join("\n");
        for part in [
            "`dya`",
            "`day` is required",
            "`n`: \"x\" is not",
            "`db_password`",
            "`registry`",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(!all.contains("token"), "{all}");
        let filter = gofer_store::Filter::default();
        assert!(
            engine
                .store()
                .runs(&filter, None, 9)
                .await
                .unwrap()
                .rows
                .is_empty()
        );
    });
}

#[test]
fn a_document_that_breaks_a_rule_is_refused_wherever_it_comes_from() {
    let world = World::new();
    world.live(async |engine| {
        let reads_what_may_be_missing = document(json!({
            "tasks": {
                "a": {},
                "b": {
                    "depends_on": { "a": "any" },
                    "env": { "ROWS": { "output": "a.rows" } },
                },
            },
        }));
        let refused = engine.apply(&namespace(), reads_what_may_be_missing).await;
        let Err(Error::Refused(refused)) = refused else {
            panic!("{refused:?}")
        };
        let all = refused.problems.join("\n");
        assert!(all.contains("tasks.b.env.ROWS"), "{all}");
        assert!(all.contains("default"), "{all}");
    });
}

#[test]
fn a_secret_reaches_the_container_and_nothing_else() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"the password is hunter")),
            (1, Does::Out(b"2-and-more, that was it\n")),
            (2, Does::Output("word=hunter2-and-more\n")),
            (3, Does::Exit(0)),
        ]
    });
    world.live(async |engine| {
        let secrets = [
            ("db_password", "hunter2-and-more"),
            ("unused", "something else"),
        ];
        let run = start_with(&engine, needs_a_secret(), &secrets)
            .await
            .unwrap();
        let sealed = engine.store().sealed(run.id).await.unwrap();
        assert_eq!(sealed.len(), 1, "only what is named is kept");
        engine.settled().await;
        assert_eq!(
            world.scheduler.variable("a", "PASSWORD").as_deref(),
            Some("hunter2-and-more")
        );
        assert_eq!(
            world.log(run.id, "a", 1).0,
            b"the password is ***, that was it\n"
        );
        let task = unit(&load(&engine, &run).await, "a");
        assert_eq!(task.outputs["word"], "***");
        assert!(engine.store().sealed(run.id).await.unwrap().is_empty());
    });
}

#[test]
fn a_resume_masks_with_the_sealed_values_across_the_break() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (0, Does::Out(b"one hunter")),
            (60_000, Does::Out(b"2-and-more two hunter2-and-more\n")),
            (60_001, Does::Exit(0)),
        ]
    });
    let run = world.live(async |engine| {
        let secrets = [("db_password", "hunter2-and-more")];
        let run = start_with(&engine, needs_a_secret(), &secrets)
            .await
            .unwrap();
        until(&engine, &run, "a", TaskState::Running).await;
        run
    });
    assert_eq!(
        world.log(run.id, "a", 1).0,
        b"one ",
        "what may begin a secret is held back"
    );
    world.live(async |engine| {
        engine
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap();
        engine.settled().await;
        assert_eq!(world.log(run.id, "a", 1).0, b"one *** two ***\n");
    });
}

#[test]
fn no_log_is_read_without_the_values_that_mask_it() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (30_000, Does::Out(b"hunter2-and-more\n")),
            (60_000, Does::Exit(0)),
        ]
    });
    let secrets = [("db_password", "hunter2-and-more")];
    let run = world.live(async |engine| {
        let run = start_with(&engine, needs_a_secret(), &secrets)
            .await
            .unwrap();
        until(&engine, &run, "a", TaskState::Running).await;
        run
    });
    world.vault.is_lost.store(true, Ordering::SeqCst);
    world.live(async |engine| {
        let error = engine
            .resume(&namespace(), &etl(), Vec::new())
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("db_password") && text.contains("--secrets"),
            "{text}"
        );
        tokio::time::sleep(std::time::Duration::from_secs(40)).await;
        assert_eq!(world.log(run.id, "a", 1).0, b"");
        let resumed = engine
            .resume(&namespace(), &etl(), values(&secrets))
            .await
            .unwrap();
        assert!(matches!(resumed, Resumed::Driving(_)));
        engine.settled().await;
        assert_eq!(states(&load(&engine, &run).await)[0].1, "succeeded");
        assert_eq!(world.log(run.id, "a", 1).0, b"***\n");
    });
}

#[test]
fn a_value_that_a_resume_replaces_is_masked_as_well() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (60_000, Does::Out(b"old-password new-password\n")),
            (60_001, Does::Exit(0)),
        ]
    });
    let run = world.live(async |engine| {
        let secrets = [("db_password", "old-password")];
        let run = start_with(&engine, needs_a_secret(), &secrets)
            .await
            .unwrap();
        until(&engine, &run, "a", TaskState::Running).await;
        run
    });
    world.live(async |engine| {
        let secrets = values(&[("db_password", "new-password")]);
        engine.resume(&namespace(), &etl(), secrets).await.unwrap();
        engine.settled().await;
        assert_eq!(world.log(run.id, "a", 1).0, b"*** ***\n");
    });
}

#[test]
fn what_cannot_be_run_yet_is_refused_with_the_task() {
    let world = World::new();
    world.live(async |engine| {
        let mut asks = pipeline(&json!({ "a": {}, "b": {} }));
        let ask = gofer_core::definition::Approval {
            message: "go?".into(),
            roles: Vec::new(),
        };
        asks.tasks.values_mut().next().unwrap().approval = Some(ask);
        let error = start_with(&engine, asks, &[])
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("tasks.a"), "{error}");
    });
}
