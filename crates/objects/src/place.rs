//! What an object is called. Only typed ids make up the names.

use gofer_core::id::{AttemptId, Epoch, RunId};
use object_store::path::Path;

const INDEX: &str = "artifacts.json";

pub(crate) fn run(prefix: &Path, run: RunId) -> Path {
    prefix.clone().join("runs").join(run.to_string())
}

pub(crate) fn attempt(prefix: &Path, id: &AttemptId) -> Path {
    let mut path = run(prefix, id.run).join(id.task.to_string());
    if let Some(item) = id.item {
        path = path.join(item.to_string());
    }
    path.join(format!("attempt-{}", id.number))
}

/// Who drives a run has a name of its own for it: one that was taken for dead harms nobody.
pub(crate) fn tar(prefix: &Path, id: &AttemptId, epoch: Epoch) -> Path {
    attempt(prefix, id).join(format!("artifacts-{}.tar", epoch.0))
}

pub(crate) fn index(prefix: &Path, id: &AttemptId) -> Path {
    attempt(prefix, id).join(INDEX)
}
