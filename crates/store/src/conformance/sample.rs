//! Small things to store.

use crate::{Claim, Error, NewRun, RunRow, Store};
use gofer_core::{
    Timestamp,
    id::RunId,
    name::{NamespaceName, PipelineName, TaskName},
    run::{
        Attempt, Change, Head, Key, Origin, Run, RunState, Stage, Subject, Task, TaskState, Unit,
    },
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};
use uuid::Uuid;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Microseconds after a certain moment.
pub fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(1_763_990_000_000_000 + micros).unwrap_or_default()
}

/// A run's head.
pub fn head(state: RunState) -> Head {
    Head {
        state,
        reason: None,
        message: None,
        created_at: time(0),
        started_at: (state != RunState::Queued).then(|| time(10)),
        ended_at: state.is_over().then(|| time(20)),
        stop: None,
        in_finally: false,
        finally_stopped: false,
        next_ready: 0,
    }
}

/// A task or an item.
pub fn unit(state: TaskState) -> Unit {
    Unit {
        state,
        reason: None,
        message: None,
        value: None,
        outputs: std::collections::BTreeMap::new(),
        ready: None,
        due: None,
        ended_at: None,
        expanded: false,
        earlier: 0,
        attempts: Vec::new(),
    }
}

/// An attempt.
pub fn attempt(number: u32, state: TaskState) -> Attempt {
    Attempt {
        number,
        state,
        stage: Stage::Creating,
        reason: None,
        message: None,
        exit_code: None,
        created_at: time(11),
        started_at: None,
        ended_at: None,
        image: None,
        service_images: BTreeMap::new(),
        container: None,
        node: None,
        stop: None,
        artifacts: None,
    }
}

pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|error| Error::Failed(format!("{text:?}: {error}")))
}

/// The key of a task or an item.
pub fn key(task: &str, item: Option<u32>) -> Result<Key, Error> {
    Ok(Key {
        task: name(task)?,
        item,
    })
}

/// A line of history about the run.
pub fn change(micros: i64, state: RunState) -> Change {
    Change {
        at: time(micros),
        of: Subject::Run(state),
        reason: None,
    }
}

/// An id after every earlier one.
pub(super) fn next_id() -> RunId {
    RunId(Uuid::from_u64_pair(
        0x019a_0000_0000_7000,
        NEXT.fetch_add(1, Ordering::Relaxed),
    ))
}

/// A queued run of version 1 of `default/PIPELINE`, with these tasks.
pub fn new_run(pipeline: &str, tasks: &[&str]) -> Result<NewRun, Error> {
    let tasks: Vec<TaskName> = tasks
        .iter()
        .map(|task| name(task))
        .collect::<Result<_, _>>()?;
    let own = || Task {
        own: unit(TaskState::Waiting),
        items: Vec::new(),
    };
    Ok(NewRun {
        id: next_id(),
        namespace: name("default")?,
        pipeline: name(pipeline)?,
        version: 1,
        origin: Origin {
            trigger: "manual".to_owned(),
            scheduled_at: time(0).to_string(),
            params: std::collections::BTreeMap::new(),
            mounts: Vec::new(),
            partial: None,
            calls: gofer_core::run::Calls::default(),
        },
        run: Run {
            head: head(RunState::Queued),
            tasks: tasks.iter().map(|_| own()).collect(),
        },
        tasks,
        changes: vec![change(0, RunState::Queued)],
        secrets: Vec::new(),
    })
}

/// Registers version 1 and accepts such a run.
pub(super) async fn accepted(
    store: &dyn Store,
    pipeline: &str,
    tasks: &[&str],
) -> Result<RunRow, Error> {
    let new = new_run(pipeline, tasks)?;
    registered(store, &new.namespace, &new.pipeline).await?;
    store.create_run(new).await
}

pub(super) async fn registered(
    store: &dyn Store,
    namespace: &NamespaceName,
    pipeline: &PipelineName,
) -> Result<(), Error> {
    store
        .put_version(namespace, pipeline, "the document", time(0))
        .await
        .map(drop)
}

/// The claim of a run that has one.
pub fn claim(row: &RunRow) -> Result<Claim, Error> {
    row.claim.ok_or(Error::Fenced)
}
