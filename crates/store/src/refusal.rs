//! The sentences that every store answers with, so that they do not differ.

use crate::{Error, NewRun};
use gofer_core::{
    id::RunId,
    name::{NamespaceName, ObjectKey, PipelineName, TaskName},
    run::Key,
};

/// No such version of a pipeline.
pub fn no_version(namespace: &NamespaceName, pipeline: &PipelineName, number: u32) -> Error {
    Error::NotFound(format!("version {number} of {namespace}/{pipeline}"))
}

/// No such run.
pub fn no_run(run: RunId) -> Error {
    Error::NotFound(format!("run {run}"))
}

/// No run of this number.
pub fn no_number(namespace: &NamespaceName, pipeline: &PipelineName, number: u64) -> Error {
    Error::NotFound(format!("run {number} of {namespace}/{pipeline}"))
}

/// No such task in the run.
pub fn no_task(task: &TaskName) -> Error {
    Error::NotFound(format!("task {task} of this run"))
}

/// No such object in the pipeline.
pub fn no_object(namespace: &NamespaceName, pipeline: &PipelineName, key: &ObjectKey) -> Error {
    Error::NotFound(format!("object {key} of {namespace}/{pipeline}"))
}

/// A second run of the same id.
pub fn exists_already(run: RunId) -> Error {
    Error::Failed(format!("run {run} exists already"))
}

/// An item or an attempt that comes before the one it follows.
pub fn out_of_order(key: &Key) -> Error {
    let Key { task, item } = key;
    let item = item
        .map(|item| format!(", item {item}"))
        .unwrap_or_default();
    Error::Failed(format!(
        "task {task}{item}: items and attempts come one after the other"
    ))
}

/// Refuses a run whose tasks and names do not go together.
pub fn check_new(new: &NewRun) -> Result<(), Error> {
    let (tasks, names) = (new.run.tasks.len(), new.tasks.len());
    if tasks == names {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "run {}: {tasks} tasks with {names} names",
        new.id
    )))
}
