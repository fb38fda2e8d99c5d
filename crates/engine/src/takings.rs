//! Taking a run up is done by one at a time. Between a claim and its driver lies what has to be read,
//! and whoever else of this process asks for the run meanwhile would be given the same claim: were it
//! quicker, and the run over and let go, the slower one would begin it once more.

use gofer_core::id::RunId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// The runs that somebody is taking up.
#[derive(Default)]
pub(crate) struct Takings(Mutex<BTreeMap<RunId, Weak<Turn<()>>>>);

impl Takings {
    /// Waits until nobody else is taking this run up; nobody is for as long as the answer is kept.
    pub(crate) async fn alone(&self, run: RunId) -> OwnedMutexGuard<()> {
        self.turn(run).lock_owned().await
    }

    fn turn(&self, run: RunId) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&run).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(run, Arc::downgrade(&turn));
        turn
    }
}
