//! What an object is called. Only typed ids make up the names.

use gofer_core::id::{AttemptId, RunId};
use object_store::path::Path;

const TAR: &str = "artifacts.tar";
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

pub(crate) fn tar(prefix: &Path, id: &AttemptId) -> Path {
    attempt(prefix, id).join(TAR)
}

pub(crate) fn index(prefix: &Path, id: &AttemptId) -> Path {
    attempt(prefix, id).join(INDEX)
}
