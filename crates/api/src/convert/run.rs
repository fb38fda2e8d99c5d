use super::{run_state, task_state};
use crate::{app::Children, cursor, log::services};
use gofer_api_types::{
    Artifacts, Attempt, Given, Item, Kept, Mount, Page, Partial, Run, RunSummary, Task,
};
use gofer_core::{
    id::AttemptId,
    plan::{self, Plan},
    run::{self as core, Key, Reason, RunReason},
};
use gofer_store::{RunRow, StoredRun};
use serde_json::Value;
use std::collections::BTreeMap;

/// A run with its tasks.
pub(crate) fn run(
    mut stored: StoredRun,
    plan: &Plan,
    interrupted: bool,
    children: &Children,
) -> Run {
    say_what_they_wait_for(&mut stored, plan);
    let run = stored.row.id;
    let kept = kept(&stored);
    let tasks = plan.tasks.iter().zip(stored.run.tasks);
    let tasks = tasks.map(|(said, task)| {
        let of = |item, attempt: &core::Attempt| {
            children
                .get(&AttemptId {
                    run,
                    task: said.name.clone(),
                    item,
                    number: attempt.number,
                })
                .cloned()
        };
        self::task(said, task, of)
    });
    let tasks = tasks.collect();
    let (mounts, partial) = (
        stored.row.origin.mounts.clone(),
        stored.row.origin.partial.clone(),
    );
    let head = summary(stored.row, interrupted);
    Run {
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
        called_by: head.called_by,
        params: head.params,
        created_at: head.created_at,
        started_at: head.started_at,
        ended_at: head.ended_at,
        mounts: mounts.into_iter().map(mount).collect(),
        partial: partial.map(self::partial),
        tasks,
        kept,
    }
}

/// What is kept for a look.
fn kept(stored: &StoredRun) -> Vec<Kept> {
    let mut kept = Vec::new();
    for (name, task) in stored.tasks.iter().zip(&stored.run.tasks) {
        let items = (0_u32..).map(Some).zip(&task.items);
        for (item, unit) in std::iter::once((None, &task.own)).chain(items) {
            let attempts = unit.attempts.iter();
            let stays = attempts.filter(|attempt| attempt.stage == core::Stage::Kept);
            kept.extend(stays.map(|attempt| Kept {
                task: name.to_string(),
                item,
                attempt: attempt.number,
            }));
        }
    }
    kept
}

fn mount(mount: core::Mount) -> Mount {
    Mount {
        source: mount.source,
        target: mount.target,
        read_only: mount.read_only,
    }
}

fn partial(partial: core::Partial) -> Partial {
    let given = partial.given.into_iter().map(|(task, given)| {
        let given = Given {
            run: given.run.map(|run| run.0),
            number: given.number,
            outputs: given.outputs,
        };
        (task.to_string(), given)
    });
    Partial {
        only: partial.only.iter().map(ToString::to_string).collect(),
        given: given.collect(),
    }
}

/// Derived when asked, never stored.
fn say_what_they_wait_for(stored: &mut StoredRun, plan: &Plan) {
    if stored.run.head.state.is_over() {
        return;
    }
    let mut said = Vec::new();
    for (name, task) in stored.tasks.iter().zip(&stored.run.tasks) {
        let items = (0_u32..).map(Some).zip(&task.items);
        for (item, unit) in std::iter::once((None, &task.own)).chain(items) {
            if unit.state != core::TaskState::Waiting {
                continue;
            }
            let key = Key {
                task: name.clone(),
                item,
            };
            if let Some(sentence) = core::waits_for(plan, &stored.run, &key) {
                said.push((key, sentence));
            }
        }
    }
    for (key, sentence) in said {
        let at = stored.tasks.iter().position(|name| *name == key.task);
        let task = at.and_then(|at| stored.run.tasks.get_mut(at));
        let unit = task.and_then(|task| match key.item {
            None => Some(&mut task.own),
            Some(item) => task.items.get_mut(item as usize),
        });
        if let Some(unit) = unit {
            unit.message = Some(sentence);
        }
    }
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
        called_by: row.origin.calls.by.map(|by| by.reference()),
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

fn task(
    said: &plan::Task,
    task: core::Task,
    child: impl Fn(Option<u32>, &core::Attempt) -> Option<String>,
) -> Task {
    let own = task.own;
    let outputs = if own.expanded {
        gathered(&task.items)
    } else {
        own.outputs
    };
    let attempts = |item, all: Vec<core::Attempt>| -> Vec<Attempt> {
        let with_child = |tried: core::Attempt| {
            let child = child(item, &tried);
            attempt(tried, child)
        };
        all.into_iter().map(with_child).collect()
    };
    let item = |(index, unit): (u32, core::Unit)| Item {
        index,
        item: unit.value.unwrap_or(Value::Null),
        state: task_state(unit.state),
        reason: reason(unit.reason),
        message: unit.message,
        allow_failure: said.allow_failure,
        outputs: unit.outputs,
        artifacts: artifacts(&unit.attempts),
        attempts: attempts(Some(index), unit.attempts),
    };
    Task {
        name: said.name.to_string(),
        state: task_state(own.state),
        reason: reason(own.reason),
        message: own.message,
        allow_failure: said.allow_failure,
        outputs,
        artifacts: artifacts(&own.attempts),
        services: services(said).iter().map(ToString::to_string).collect(),
        attempts: attempts(None, own.attempts),
        items: (0..).zip(task.items).map(item).collect(),
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

/// What the last attempt left.
fn artifacts(attempts: &[core::Attempt]) -> Option<Artifacts> {
    let core::Artifacts { files, bytes } = attempts.last()?.artifacts?;
    Some(Artifacts { files, bytes })
}

fn attempt(attempt: core::Attempt, child: Option<String>) -> Attempt {
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
        child,
    }
}

fn reason(reason: Option<Reason>) -> Option<String> {
    reason.map(|reason| reason.as_str().to_owned())
}
