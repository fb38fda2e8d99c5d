//! Artifacts and inputs.

use crate::{
    container::Does,
    scheduler::Scripted,
    world::{World, assert_settled, load, pipeline, start, unit},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gofer_core::{
    id::AttemptId,
    name::TaskName,
    run::{Artifacts, Object, Reason, TaskState},
};
use gofer_scheduler::{Ensure, Error, StartError, Tar};
use serde_json::json;
use std::{collections::BTreeMap, io::Read};

impl Scripted {
    /// A tar on its way: in pieces, and broken off if that is what comes next.
    pub(crate) fn sent(&self, tar: &[u8]) -> Tar {
        let mut pieces: Vec<_> = tar
            .chunks(600)
            .map(Bytes::copy_from_slice)
            .map(Ok)
            .collect();
        if self.breaks_off() {
            pieces.truncate(1);
            pieces.push(Err(Error::Away("the connection broke".to_owned())));
        }
        stream::iter(pieces).boxed()
    }

    /// So many of the archives that are fetched next break off.
    pub(crate) fn break_off(&self, times: u32) {
        self.state.lock().unwrap().breaks = times;
    }

    pub(crate) fn breaks_off(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let breaks = state.breaks > 0;
        state.breaks = state.breaks.saturating_sub(1);
        breaks
    }

    pub(crate) fn give(&self, id: &AttemptId, tar: Vec<u8>) {
        self.state.lock().unwrap().given.insert(id.clone(), tar);
    }

    /// What a task was given.
    pub(crate) fn given(&self, task: &str) -> Option<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let mut given = state.given.iter();
        given
            .find(|(id, _)| id.task.as_str() == task)
            .map(|(_, tar)| tar.clone())
    }

    /// A variable of a task's nth container.
    pub(crate) fn env(&self, task: &str, nth: usize, name: &str) -> String {
        let state = self.state.lock().unwrap();
        let mut orders = state.orders.iter().filter(|it| it.0.task.as_str() == task);
        let order = orders.nth(nth).unwrap();
        let found = order.3.iter().find(|(of, _)| of == name);
        found.unwrap().1.clone()
    }

    pub(crate) async fn take_inputs(&self, request: &Ensure) -> Result<(), StartError> {
        let Some(inputs) = &request.inputs else {
            return Ok(());
        };
        let (mut tar, mut bytes) = (inputs.tar(), Vec::new());
        while let Some(piece) = tar.next().await {
            let piece = piece.map_err(|error| StartError::Failed {
                reason: Reason::StartFailed,
                message: error.to_string(),
                never_again: false,
            })?;
            bytes.extend(piece);
        }
        self.give(&request.id, bytes);
        Ok(())
    }
}

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        let added = builder.append_data(&mut header, path, text.as_bytes());
        added.unwrap();
    }
    builder.into_inner().unwrap()
}

fn files(tar: &[u8]) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(tar);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().display().to_string(), text)
    });
    files.filter(|(path, _)| !path.ends_with('/')).collect()
}

fn leaves(text: &str) -> Vec<(u64, Does)> {
    let tar = tar(&[("artifacts/out", text)]);
    vec![(10, Does::Leaves(tar)), (10, Does::Exit(0))]
}

fn given(world: &World, task: &str) -> BTreeMap<String, String> {
    let tar = world.scheduler.given(task);
    tar.map(|tar| files(&tar)).unwrap_or_default()
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into()
}

#[test]
fn what_a_task_leaves_is_kept_and_given_to_those_that_want_it() {
    let world = World::new();
    world.scheduler.script("a", |_| leaves("from a"));
    world.scheduler.script("b", |id| match id.item {
        Some(1) => vec![(10, Does::Exit(0))],
        item => leaves(&format!("from b {item:?}")),
    });
    world.live(async |engine| {
        let run = start(
            &engine,
            pipeline(&json!({
                "a": {},
                "b": { "for_each": [1, 2, 3], "depends_on": { "a": "success" } },
                "c": { "depends_on": { "b": "success" }, "inputs": ["a", "b"] },
                "d": { "depends_on": { "b": "success" } },
                "none": { "depends_on": { "d": "success" }, "inputs": ["d"] },
            })),
        )
        .await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_settled(&world, &stored.run);
        let left = unit(&stored, "a").attempts[0].artifacts;
        assert_eq!(left, Some(Artifacts { files: 1, bytes: 6 }));
        let expected = [
            ("a/out", "from a"),
            ("b/0/out", "from b Some(0)"),
            ("b/2/out", "from b Some(2)"),
        ];
        assert_eq!(given(&world, "c"), map(expected));
        assert_eq!(world.scheduler.given("d"), None);
        assert_eq!(world.scheduler.given("none"), None, "no folder at all");
        let task: TaskName = "a".parse().unwrap();
        let id = AttemptId {
            run: run.id,
            task,
            item: None,
            number: 1,
        };
        let index = engine.objects().index(&id).await.unwrap();
        assert_eq!(index.artifacts(), left);
        engine.objects().remove_run(run.id).await.unwrap();
        assert!(engine.objects().index(&id).await.is_err());
    });
}

#[test]
fn a_failed_attempts_artifacts_are_those_that_its_handler_gets_and_only_the_last_ones() {
    let world = World::new();
    world.scheduler.script("a", |id| {
        let tar = tar(&[("artifacts/out", &format!("try {}", id.number))]);
        vec![(10, Does::Leaves(tar)), (10, Does::Exit(3))]
    });
    world.live(async |engine| {
        let run = start(
            &engine,
            pipeline(&json!({
                "a": { "retry": { "limit": 1 } },
                "b": { "depends_on": { "a": "failure" }, "inputs": ["a"] },
            })),
        )
        .await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        assert_eq!(unit(&stored, "b").state, TaskState::Succeeded);
        assert_eq!(given(&world, "b"), map([("a/out", "try 2")]));
        let attempts = unit(&stored, "a").attempts;
        assert!(attempts.iter().all(|attempt| attempt.artifacts.is_some()));
    });
}

#[test]
fn what_may_not_be_kept_fails_the_task_and_is_not_tried_again() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        let tar = tar(&[("artifacts/ok", "x"), ("elsewhere", "x")]);
        vec![(10, Does::Leaves(tar)), (10, Does::Exit(0))]
    });
    world.live(async |engine| {
        let retry = json!({ "limit": 2 });
        let run = start(&engine, pipeline(&json!({ "a": { "retry": retry } }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let a = unit(&stored, "a");
        assert_eq!((a.state, a.reason), (TaskState::Failed, Some(Reason::BadOutputs)));
        assert_eq!(
            a.message.as_deref(),
            Some(r#"its $GOFER_ARTIFACTS cannot be kept: "elsewhere" is not in the folder that was asked for"#)
        );
        assert_eq!((a.attempts.len(), a.attempts[0].artifacts), (1, None));
    });
}

#[test]
fn too_much_fails_the_task_and_is_tried_again() {
    let world = World::new();
    world.scheduler.script("a", |id| {
        let mut header = tar::Header::new_gnu();
        header.set_path("artifacts/large").unwrap();
        header.set_size(11 << 30);
        header.set_cksum();
        let tar = [header.as_bytes().as_slice(), &[0; 1024]].concat();
        let tar = if id.number == 1 {
            tar
        } else {
            self::tar(&[("artifacts/a", "x")])
        };
        vec![(10, Does::Leaves(tar)), (10, Does::Exit(0))]
    });
    world.live(async |engine| {
        let retry = json!({ "limit": 2 });
        let run = start(&engine, pipeline(&json!({ "a": { "retry": retry } }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let a = unit(&stored, "a");
        assert_eq!(a.state, TaskState::Succeeded);
        let reasons: Vec<_> = a.attempts.iter().map(|attempt| attempt.reason).collect();
        assert_eq!(reasons, [Some(Reason::ArtifactsTooLarge), None]);
    });
}

#[test]
fn artifacts_that_break_off_are_fetched_again() {
    let world = World::new();
    world
        .scheduler
        .script("a", |_| leaves(&"long".repeat(1_000)));
    world.scheduler.break_off(3);
    world.live(async |engine| {
        let run = start(&engine, pipeline(&json!({ "a": {} }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let a = unit(&stored, "a");
        assert_eq!(a.state, TaskState::Succeeded);
        assert_eq!(a.attempts[0].artifacts.unwrap().bytes, 4_000);
    });
}

#[test]
fn objects_outlive_the_run_that_kept_them() {
    let world = World::new();
    world.scheduler.script("a", |_| {
        vec![
            (10, Does::Output("cursor=7\nother=x\n")),
            (10, Does::Exit(0)),
        ]
    });
    world.scheduler.script("fails", |_| {
        vec![(10, Does::Output("never=1\n")), (10, Does::Exit(1))]
    });
    let tasks = json!({
        "before": { "env": { "C": { "object": "cursor", "default": "none" } } },
        "a": { "depends_on": { "before": "success" }, "objects": ["cursor"] },
        "after": {
            "depends_on": { "a": "success" },
            "env": {
                "C": { "object": "cursor", "default": "none" },
                "R": { "object": "cursor", "scope": "run" },
            },
        },
        "fails": { "objects": ["never"], "allow_failure": true },
    });
    world.live(async |engine| {
        for (before, nth) in [("none", 0), ("7", 1)] {
            let run = start(&engine, pipeline(&tasks)).await;
            engine.settled().await;
            assert_eq!(world.scheduler.env("before", nth, "C"), before);
            assert_eq!(world.scheduler.env("after", nth, "C"), "7");
            assert_eq!(world.scheduler.env("after", nth, "R"), "7");
            let kept = engine.store().objects(&run.namespace, &run.pipeline).await;
            let kept: Vec<Object> = kept.unwrap();
            let pairs: Vec<_> = kept
                .iter()
                .map(|it| (it.key.as_str(), &*it.value))
                .collect();
            assert_eq!(pairs, [("cursor", "7")]);
        }
    });
}

#[test]
fn an_object_that_is_not_there_fails_its_reader_before_a_container_starts() {
    let world = World::new();
    world.live(async |engine| {
        let env = json!({ "C": { "object": "cursor" } });
        let run = start(&engine, pipeline(&json!({ "a": { "env": env } }))).await;
        engine.settled().await;
        let stored = load(&engine, &run).await;
        let a = unit(&stored, "a");
        assert_eq!(a.reason, Some(Reason::MissingValue));
        assert_eq!(
            a.message.as_deref(),
            Some("env.C: pipeline etl has no object cursor")
        );
        assert!(a.attempts.is_empty());
    });
}
