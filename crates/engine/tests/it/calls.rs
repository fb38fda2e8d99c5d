//! Tasks that call a pipeline.

use crate::{
    container::Does,
    crashes::Crash,
    world::{World, assert_settled, load, namespace, states, unit, until, values},
};
use gofer_core::{
    definition::Pipeline,
    name::PipelineName,
    run::{Reason, RunReason, RunState, TaskState},
};
use gofer_engine::{Engine, Error, Resumed, Start};
use gofer_store::{Filter, RunRow};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::atomic::Ordering};

fn pipeline(name: &str, mut document: Value) -> Pipeline {
    document["name"] = json!(name);
    document["defaults"] = json!({ "image": "demo:1", "command": ["go"] });
    serde_json::from_value(document).unwrap()
}

/// Starts the first of these, which may call the others.
async fn start(
    engine: &Engine,
    family: &[Pipeline],
    secrets: &[(&str, &str)],
) -> Result<RunRow, Error> {
    let mut versions: BTreeMap<PipelineName, u32> = BTreeMap::new();
    for pipeline in family {
        let version = engine.apply(&namespace(), pipeline.clone()).await?;
        versions.insert(pipeline.name.clone(), version.number);
    }
    let name = family[0].name.clone();
    let version = versions.remove(&name).unwrap();
    engine
        .start(Start {
            namespace: namespace(),
            pipeline: name,
            version,
            params: BTreeMap::new(),
            secrets: values(secrets),
            trigger: "manual".to_owned(),
            calls: versions,
            mounts: Vec::new(),
            only: None,
            like: None,
        })
        .await
}

async fn runs_of(engine: &Engine, pipeline: &str) -> Vec<RunRow> {
    let filter = Filter {
        pipeline: Some(pipeline.parse().unwrap()),
        ..Filter::default()
    };
    let mut rows = engine.store().runs(&filter, None, 99).await.unwrap().rows;
    rows.reverse();
    rows
}

/// Waits until there is a run of a pipeline whose task is in a state.
async fn child_is(engine: &Engine, pipeline: &str, task: &str, state: TaskState) -> RunRow {
    for _ in 0..100_000 {
        if let Some(row) = runs_of(engine, pipeline).await.pop() {
            until(engine, &row, task, state).await;
            return row;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("{pipeline} never ran");
}

fn etl() -> Pipeline {
    pipeline(
        "etl",
        json!({ "tasks": {
            "call": { "pipeline": { "name": "load", "params": { "day": "monday" } } },
            "after": {
                "depends_on": { "call": "success" },
                "env": { "ROWS": { "output": "call.x.rows" } },
            },
        }}),
    )
}

fn child() -> Pipeline {
    pipeline(
        "load",
        json!({ "params": { "day": {} }, "tasks": {
            "x": { "env": { "DAY": { "param": "day" } } },
            "y": { "depends_on": { "x": "success" } },
        }}),
    )
}

#[test]
fn a_called_pipeline_has_a_run_of_its_own_and_hands_on_what_its_tasks_wrote() {
    let world = World::new();
    world.scheduler.script("x", |_| {
        vec![(5, Does::Output("rows=12\n")), (9, Does::Exit(0))]
    });
    world.live(async |engine| {
        let run = start(&engine, &[etl(), child()], &[]).await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded, "{stored:#?}");
        assert_eq!(unit(&stored, "call").outputs["x.rows"], "12");
        assert_eq!(
            world.scheduler.variable("after", "ROWS").as_deref(),
            Some("12")
        );
        assert_eq!(
            world.scheduler.variable("x", "DAY").as_deref(),
            Some("monday")
        );
        assert_eq!(
            world.scheduler.variable("x", "GOFER_TRIGGER").as_deref(),
            Some("call")
        );
        let children = runs_of(&engine, "load").await;
        let [child] = children.as_slice() else {
            panic!("{children:#?}")
        };
        assert_eq!((child.number, child.origin.trigger.as_str()), (1, "call"));
        let by = child.origin.calls.by.as_ref().unwrap();
        assert_eq!(by.reference(), "etl/1/call");
        assert_eq!(by.attempt.run, run.id);
        for run in [&run, child] {
            let stored = load(&engine, run).await;
            assert_eq!(stored.row.claim, None);
            assert_settled(&world, &stored.run);
        }
    });
}

#[test]
fn a_fan_out_of_calls_is_a_loop_body_of_several_tasks() {
    let world = World::new();
    world.scheduler.script("x", |_| {
        vec![(5, Does::Output("rows=1\n")), (9, Does::Exit(0))]
    });
    let parent = pipeline(
        "etl",
        json!({ "max_parallel": 1, "tasks": {
            "call": {
                "for_each": ["a", "b", "c"], "max_parallel": 2,
                "pipeline": { "name": "load", "params": { "day": { "item": "." } } },
            },
            "after": { "depends_on": { "call": "success" }, "env": { "ALL": { "output": "call.x.rows" } } },
        }}),
    );
    world.live(async |engine| {
        start(&engine, &[parent, child()], &[]).await.unwrap();
        engine.settled().await;
        let params: Vec<String> = runs_of(&engine, "load")
            .await
            .iter()
            .map(|row| row.origin.params["day"].clone())
            .collect();
        assert_eq!(params, ["a", "b", "c"]);
        let all = world.scheduler.variable("after", "ALL");
        assert_eq!(all.as_deref(), Some(r#"["1","1","1"]"#));
    });
}

#[test]
fn s32_cancelling_reaches_child_runs_and_their_finally_tasks_run() {
    let world = World::new();
    world
        .scheduler
        .script("x", |_| vec![(600_000, Does::Exit(0))]);
    let mut load_ = child();
    let last = json!({ "finally": true });
    load_.tasks.insert(
        "last".parse().unwrap(),
        serde_json::from_value(last).unwrap(),
    );
    world.live(async |engine| {
        let run = start(&engine, &[etl(), load_], &[]).await.unwrap();
        let child = child_is(&engine, "load", "x", TaskState::Running).await;
        engine.cancel(run.id, "somebody").await.unwrap();
        engine.settled().await;
        let (parent, child) = (load(&engine, &run).await, load(&engine, &child).await);
        assert_eq!(parent.row.head.reason, Some(RunReason::ByPerson));
        assert_eq!(unit(&parent, "call").state, TaskState::Cancelled);
        assert_eq!(unit(&parent, "after").state, TaskState::Cancelled);
        assert_eq!(child.row.head.state, RunState::Cancelled);
        assert_eq!(unit(&child, "x").state, TaskState::Cancelled);
        assert_eq!(unit(&child, "last").state, TaskState::Succeeded);
        assert!(!child.row.head.finally_stopped, "nobody asked twice");
    });
}

#[test]
fn a_second_cancel_stops_the_finally_tasks_of_called_runs_too() {
    let world = World::new();
    world
        .scheduler
        .script("x", |_| vec![(600_000, Does::Exit(0))]);
    world
        .scheduler
        .script("last", |_| vec![(600_000, Does::Exit(0))]);
    let mut load_ = child();
    let last = json!({ "finally": true });
    load_.tasks.insert(
        "last".parse().unwrap(),
        serde_json::from_value(last).unwrap(),
    );
    world.live(async |engine| {
        let run = start(&engine, &[etl(), load_], &[]).await.unwrap();
        let child = child_is(&engine, "load", "x", TaskState::Running).await;
        engine.cancel(run.id, "somebody").await.unwrap();
        until(&engine, &child, "last", TaskState::Running).await;
        engine.cancel(run.id, "somebody").await.unwrap();
        engine.settled().await;
        let child = load(&engine, &child).await;
        assert_eq!(unit(&child, "last").state, TaskState::Cancelled);
    });
}

#[test]
fn s32_a_child_that_is_cancelled_by_itself_makes_the_task_failed() {
    let world = World::new();
    world
        .scheduler
        .script("x", |_| vec![(600_000, Does::Exit(0))]);
    world.live(async |engine| {
        let run = start(&engine, &[etl(), child()], &[]).await.unwrap();
        let child = child_is(&engine, "load", "x", TaskState::Running).await;
        engine.cancel(child.id, "somebody").await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let call = unit(&stored, "call");
        assert_eq!(
            (call.state, call.reason),
            (TaskState::Failed, Some(Reason::ChildFailed))
        );
        assert_eq!(
            call.message.as_deref(),
            Some("load/1 was cancelled by itself")
        );
        assert_eq!(stored.row.head.reason, Some(RunReason::TaskFailed));
    });
}

#[test]
fn a_failed_child_is_named_with_its_failed_task_and_each_try_has_a_run_of_its_own() {
    let world = World::new();
    world.scheduler.script("y", |_| vec![(5, Does::Exit(3))]);
    let mut parent = etl();
    let call = parent.tasks.get_mut("call").unwrap();
    call.retry = serde_json::from_value(json!({ "limit": 1, "delay": "1s" })).unwrap();
    world.live(async |engine| {
        let run = start(&engine, &[parent, child()], &[]).await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(
            unit(&stored, "call").message.as_deref(),
            Some("load/2 failed: y ended as failed: it exited with code 3")
        );
        assert_eq!(runs_of(&engine, "load").await.len(), 2);
        assert_eq!(states(&stored)[0], ("after".to_owned(), "skipped"));
    });
}

#[test]
fn a_child_with_nothing_to_do_skips_its_task() {
    let world = World::new();
    let idle = pipeline(
        "load",
        json!({ "params": { "day": {} }, "tasks": {
            "x": { "when": "params.day == 'sunday'" },
        }}),
    );
    let mut parent = etl();
    parent.tasks.remove("after");
    world.live(async |engine| {
        let run = start(&engine, &[parent, idle], &[]).await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "call").state, TaskState::Skipped);
        assert_eq!(stored.row.head.state, RunState::Skipped);
    });
}

#[test]
fn a_value_that_the_child_does_not_take_fails_the_task_without_a_run() {
    let world = World::new();
    let picky = pipeline(
        "load",
        json!({ "params": { "day": { "type": "date" } }, "tasks": { "x": {} } }),
    );
    let parent = pipeline(
        "etl",
        json!({ "tasks": { "call": {
            "for_each": ["someday"], "retry": { "limit": 3 },
            "pipeline": { "name": "load", "params": { "day": { "item": "." } } },
        }}}),
    );
    world.live(async |engine| {
        let run = start(&engine, &[parent, picky], &[]).await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let item = &stored.run.tasks[0].items[0];
        assert_eq!((item.state, item.attempts.len()), (TaskState::Failed, 1));
        let message = item.message.as_deref().unwrap();
        assert!(
            message.contains("load") && message.contains("someday"),
            "{message}"
        );
        assert!(runs_of(&engine, "load").await.is_empty());
    });
}

#[test]
fn secrets_of_called_pipelines_are_asked_for_at_once_and_reach_only_those_that_name_them() {
    let world = World::new();
    let needs = pipeline(
        "load",
        json!({ "params": { "day": {} }, "tasks": {
            "x": { "env": { "TOKEN": { "secret": "token" } } },
        }}),
    );
    let mut parent = etl();
    parent.tasks.remove("after");
    world.live(async |engine| {
        let family = [parent, needs];
        let refused = start(&engine, &family, &[]).await.unwrap_err().to_string();
        assert!(refused.contains("`token`"), "{refused}");
        start(&engine, &family, &[("token", "s3cr3t-token")])
            .await
            .unwrap();
        engine.settled().await;
        let seen = world.scheduler.variable("x", "TOKEN");
        assert_eq!(seen.as_deref(), Some("s3cr3t-token"));
    });
}

#[test]
fn s81_what_is_wrong_between_pipelines_is_refused_before_anything_starts() {
    let world = World::new();
    world.live(async |engine| {
        let ring = [
            pipeline(
                "etl",
                json!({ "tasks": { "a": { "pipeline": { "name": "load" } } } }),
            ),
            pipeline(
                "load",
                json!({ "tasks": { "b": { "pipeline": { "name": "etl" } } } }),
            ),
        ];
        let refused = start(&engine, &ring, &[]).await.unwrap_err().to_string();
        assert!(refused.contains("etl → load → etl"), "{refused}");
        let alone = start(&engine, &ring[..1], &[])
            .await
            .unwrap_err()
            .to_string();
        assert!(alone.contains("without a version of `load`"), "{alone}");
        assert!(runs_of(&engine, "etl").await.is_empty());
    });
}

/// A life that ends at the crash, or when the run is settled.
fn first_life(world: &World, crash: &Crash) {
    crash.arm(world);
    world.live(async |engine| {
        let life = async {
            start(&engine, &[etl(), child()], &[]).await.unwrap();
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

/// A resume of the caller goes on with the called run too, and there is never a second one.
#[test]
fn a_crash_at_any_step_of_a_call_changes_nothing_but_the_time() {
    let mut at = 0;
    loop {
        let world = World::new();
        world.scheduler.script("x", |_| {
            vec![(5, Does::Output("rows=12\n")), (90, Does::Exit(0))]
        });
        let crash = Crash::new(at);
        first_life(&world, &crash);
        if !crash.has_happened() {
            break;
        }
        world.live(async |engine| {
            let name = "etl".parse().unwrap();
            let resumed = engine
                .resume(&namespace(), &name, Vec::new())
                .await
                .unwrap();
            assert!(!matches!(resumed, Resumed::Following(_)), "crash {at}");
            engine.settled().await;
            engine.sweep().await.unwrap();
            engine.settled().await;
            let parents = runs_of(&engine, "etl").await;
            let Some(parent) = parents.last() else {
                assert!(at < 12, "crash {at}: the run is gone");
                return;
            };
            let children = runs_of(&engine, "load").await;
            assert_eq!(children.len(), 1, "crash {at}");
            for run in [parent, &children[0]] {
                let stored = load(&engine, run).await;
                assert_eq!(
                    stored.row.head.state,
                    RunState::Succeeded,
                    "crash {at}: {stored:#?}"
                );
                assert_eq!(stored.row.claim, None, "crash {at}");
                assert_settled(&world, &stored.run);
            }
            for task in ["x#1", "y#1", "after#1"] {
                let starts = world.scheduler.count(&format!("start {task}"));
                assert_eq!(starts, 1, "crash {at}: {task}");
            }
            let rows = world.scheduler.variable("after", "ROWS");
            assert_eq!(rows.as_deref(), Some("12"), "crash {at}");
        });
        at += 1;
    }
    assert!(at > 75, "only {at} steps were tried");
}

#[test]
fn a_cancel_of_a_resumed_caller_reaches_the_child_that_was_there_before() {
    let world = World::new();
    world
        .scheduler
        .script("x", |_| vec![(600_000, Does::Exit(0))]);
    let (run, child) = world.live(async |engine| {
        let run = start(&engine, &[etl(), child()], &[]).await.unwrap();
        let child = child_is(&engine, "load", "x", TaskState::Running).await;
        (run, child)
    });
    world.vault.is_lost.store(true, Ordering::SeqCst);
    world.live(async |engine| {
        engine.cancel(run.id, "somebody").await.unwrap();
        engine.settled().await;
        for run in [&run, &child] {
            let stored = load(&engine, run).await;
            assert_eq!(stored.row.head.state, RunState::Cancelled);
            assert_eq!(stored.row.claim, None);
            assert_settled(&world, &stored.run);
        }
    });
}

#[test]
fn called_runs_are_kept_as_long_as_their_caller_however_many_there_are() {
    let world = World::new();
    let items: Vec<u32> = (0..25).collect();
    let parent = pipeline(
        "etl",
        json!({ "tasks": { "call": {
            "for_each": items, "max_parallel": 3,
            "pipeline": { "name": "load", "params": { "day": { "item": "." } } },
        }}}),
    );
    world.live(async |engine| {
        let family = [parent, child()];
        let run = start(&engine, &family, &[]).await.unwrap();
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(stored.row.head.state, RunState::Succeeded, "{stored:#?}");
        assert_eq!(runs_of(&engine, "load").await.len(), 25);
        for _ in 0..20 {
            start(&engine, &family, &[]).await.unwrap();
            engine.settled().await;
        }
        let kept = runs_of(&engine, "etl").await;
        assert_eq!(kept.len(), 20, "the first one went");
        let children = runs_of(&engine, "load").await;
        assert!(children.len() <= 20 * 25 + 20, "{}", children.len());
    });
}
