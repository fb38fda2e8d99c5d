use super::{run_state, task_state};
use crate::{ApiError, cursor};
use gofer_api_types::{Attempt, Item, Page, Run, RunSummary, Task};
use gofer_core::run::{self as core, Reason, RunReason};
use gofer_store::{RunRow, StoredRun};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the document of a run needs of its version.
#[derive(Deserialize)]
struct Definition {
    tasks: BTreeMap<String, TaskDefinition>,
}

#[derive(Deserialize)]
struct TaskDefinition {
    #[serde(default)]
    allow_failure: bool,
}

/// A run with its tasks. `canonical` is the text of its version.
pub(crate) fn run(stored: StoredRun, canonical: &str, interrupted: bool) -> Result<Run, ApiError> {
    let definition: Definition = serde_json::from_str(canonical)
        .map_err(|error| ApiError::internal("a version cannot be read", &error))?;
    let tasks = stored
        .tasks
        .iter()
        .zip(stored.run.tasks)
        .map(|(name, stored)| {
            let allowed = definition
                .tasks
                .get(name.as_str())
                .is_some_and(|task| task.allow_failure);
            task(name.to_string(), stored, allowed)
        });
    let tasks = tasks.collect();
    let head = summary(stored.row, interrupted);
    Ok(Run {
        id: head.id,
        namespace: head.namespace,
        pipeline: head.pipeline,
        number: head.number,
        version: head.version,
        state: head.state,
        reason: head.reason,
        message: head.message,
        interrupted: head.interrupted,
        trigger: head.trigger,
        params: head.params,
        created_at: head.created_at,
        started_at: head.started_at,
        ended_at: head.ended_at,
        tasks,
    })
}

/// A run without its tasks.
pub(crate) fn summary(row: RunRow, interrupted: bool) -> RunSummary {
    let params = row
        .origin
        .params
        .into_iter()
        .map(|(name, value)| (name.to_string(), value));
    RunSummary {
        id: row.id.0,
        namespace: row.namespace.into(),
        pipeline: row.pipeline.into(),
        number: row.number,
        version: row.version,
        state: run_state(row.head.state),
        reason: row.head.reason.map(RunReason::as_str).map(str::to_owned),
        message: row.head.message,
        interrupted,
        trigger: row.origin.trigger,
        params: params.collect(),
        created_at: row.head.created_at,
        started_at: row.head.started_at,
        ended_at: row.head.ended_at,
    }
}

/// A part of a list of runs.
pub(crate) fn page(
    items: Vec<RunSummary>,
    next: Option<gofer_core::id::RunId>,
) -> Page<RunSummary> {
    Page {
        items,
        next: next.map(cursor::write),
    }
}

fn task(name: String, task: core::Task, allow_failure: bool) -> Task {
    let own = task.own;
    let outputs = if own.expanded {
        gathered(&task.items)
    } else {
        own.outputs
    };
    let items = (0..)
        .zip(task.items)
        .map(|(index, unit)| item(index, unit, allow_failure));
    Task {
        name,
        state: task_state(own.state),
        reason: reason(own.reason),
        message: own.message,
        allow_failure,
        outputs,
        attempts: own.attempts.into_iter().map(attempt).collect(),
        items: items.collect(),
    }
}

/// Of each key, what the items that succeeded wrote, as readers of the task get it.
fn gathered(items: &[core::Unit]) -> BTreeMap<String, String> {
    let mut lists = BTreeMap::<&String, Vec<&str>>::new();
    let succeeded = items
        .iter()
        .filter(|item| item.state == core::TaskState::Succeeded);
    for (key, value) in succeeded.flat_map(|item| &item.outputs) {
        lists.entry(key).or_default().push(value);
    }
    lists
        .into_iter()
        .map(|(key, list)| (key.clone(), Value::from(list).to_string()))
        .collect()
}

fn item(index: u32, unit: core::Unit, allow_failure: bool) -> Item {
    Item {
        index,
        item: unit.value.unwrap_or(Value::Null),
        state: task_state(unit.state),
        reason: reason(unit.reason),
        message: unit.message,
        allow_failure,
        outputs: unit.outputs,
        attempts: unit.attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(attempt: core::Attempt) -> Attempt {
    Attempt {
        number: attempt.number,
        state: task_state(attempt.state),
        reason: reason(attempt.reason),
        message: attempt.message,
        exit_code: attempt.exit_code,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        image_digest: attempt.image,
        node: attempt.node,
    }
}

fn reason(reason: Option<Reason>) -> Option<String> {
    reason.map(|reason| reason.as_str().to_owned())
}
