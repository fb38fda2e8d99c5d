//! What the engine is made of, handed in by the composition root.

use gofer_core::{
    Clock,
    id::{Ids, InstanceId, RunId},
    name::SecretName,
    run::Keep,
};
use gofer_scheduler::Scheduler;
use gofer_secrets::SecretText;
use gofer_store::Store;
use std::sync::Arc;

/// Wakes another process that drives runs of the same store. It would look by itself a second
/// later, so a knock that nobody hears does no harm.
pub type Knock = Arc<dyn Fn(InstanceId) + Send + Sync>;

/// Everything that the engine works with.
#[derive(Clone)]
pub struct Parts {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Where containers run.
    pub scheduler: Arc<dyn Scheduler>,
    /// Both clocks.
    pub clock: Arc<dyn Clock>,
    /// For new runs.
    pub ids: Arc<dyn Ids>,
    /// Where logs are kept.
    pub logs: Arc<dyn gofer_logs::Disk>,
    /// Where artifacts are kept.
    pub objects: gofer_objects::Objects,
    /// Seals secrets.
    pub vault: Arc<dyn Vault>,
    /// Wakes other processes.
    pub knock: Knock,
    /// Numbers.
    pub options: Options,
}

/// Numbers that a person may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Containers of all runs together at once.
    pub max_parallel: u32,
    /// Bytes kept of one log; what comes beyond is counted and dropped.
    pub log_cap: Option<u64>,
    /// Whose containers are kept when they are over.
    pub keep: Keep,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_parallel: 64,
            log_cap: None,
            keep: Keep::default(),
        }
    }
}

/// Seals what a run is given, so that it can be stored, and opens it again.
pub trait Vault: Send + Sync {
    /// Makes of a value what may lie on a disk.
    fn seal(&self, run: RunId, name: &SecretName, value: &SecretText) -> Result<Vec<u8>, String>;

    /// Back. The error says what to do.
    fn open(&self, run: RunId, name: &SecretName, sealed: &[u8]) -> Result<SecretText, String>;
}
