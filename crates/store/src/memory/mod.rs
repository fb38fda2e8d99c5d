//! The contract in memory, for the simulator and for tests: deterministic, several instances over
//! one set of data, with hooks at which a simulator delays a call, makes it fail or crashes.

mod data;
mod kept;
mod store;

pub use store::MemoryStore;

use crate::Error;
use data::Data;
use gofer_core::id::{InstanceId, RunId, StoreId};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Something that completes when a simulator wants it to.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where a simulator takes hold of each call. `operation` is the name of the method.
pub trait Hooks: Send + Sync {
    /// Completes when the call may be carried out. With an error it is not: nothing was written.
    fn before(&self, _instance: InstanceId, _operation: &'static str) -> Later<Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Completes when the caller may hear of a call that was carried out. A crash before that
    /// leaves a write that nobody was told of.
    fn after(&self, _instance: InstanceId, _operation: &'static str) -> Later<()> {
        Box::pin(std::future::ready(()))
    }

    /// An instance is told now that a run is not its own any more.
    fn fenced(&self, _instance: InstanceId, _run: RunId) {}

    /// A run is an instance's own from now on, or still.
    fn claimed(&self, _instance: InstanceId, _run: RunId) {}
}

struct NoHooks;

impl Hooks for NoHooks {}

/// The data, and who is alive. It outlives every instance.
#[derive(Clone)]
pub struct World {
    data: Arc<Mutex<Data>>,
    hooks: Arc<dyn Hooks>,
    id: StoreId,
}

impl World {
    /// Empty, and every call completes at once.
    pub fn new(id: StoreId) -> Self {
        Self::with_hooks(id, Arc::new(NoHooks))
    }

    /// Empty, with hooks.
    pub fn with_hooks(id: StoreId, hooks: Arc<dyn Hooks>) -> Self {
        Self {
            data: Arc::default(),
            hooks,
            id,
        }
    }

    /// A new instance on this data, alive from now on.
    pub fn instance(&self, id: InstanceId) -> MemoryStore {
        self.data().alive.insert(id);
        MemoryStore::new(self.clone(), id)
    }

    /// The instance loses its proof of life; what it has claimed stays claimed. Its
    /// [`MemoryStore`] goes on answering, as to a process that does not know yet.
    pub fn kill(&self, id: InstanceId) {
        self.data().alive.remove(&id);
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
