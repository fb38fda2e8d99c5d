//! What this process created itself: it is removed by the id that the engine gave, without a look
//! at labels that nobody else has written.

use crate::{engine::lock, left::Left};
use gofer_core::{
    Timestamp,
    id::{AttemptId, RunId},
};
use std::{collections::BTreeMap, sync::Mutex};

/// An attempt's container, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) container: String,
    /// The volume that does not go with the container by itself.
    pub(crate) volume: Option<String>,
    /// What it has at `/gofer` is for us to furnish.
    pub(crate) is_bare: bool,
    /// When, as the engine says.
    pub(crate) at: Option<Timestamp>,
    /// Where what it leaves is within our reach.
    pub(crate) left: Option<Left>,
}

#[derive(Default)]
pub(crate) struct Register(Mutex<BTreeMap<AttemptId, Made>>);

impl Register {
    pub(crate) fn note(&self, id: &AttemptId, made: Made) {
        lock(&self.0).insert(id.clone(), made);
    }

    /// The engine says when it was created.
    pub(crate) fn date(&self, id: &AttemptId, at: Timestamp) {
        if let Some(made) = lock(&self.0).get_mut(id) {
            made.at = Some(at);
        }
    }

    /// What it leaves will be there.
    pub(crate) fn left(&self, id: &AttemptId, left: Left) {
        if let Some(made) = lock(&self.0).get_mut(id) {
            made.left = Some(left);
        }
    }

    pub(crate) fn find(&self, id: &AttemptId) -> Option<Made> {
        lock(&self.0).get(id).cloned()
    }

    /// It is gone, or somebody else's by now.
    pub(crate) fn forget(&self, id: &AttemptId) {
        lock(&self.0).remove(id);
    }

    pub(crate) fn has_any(&self, run: RunId) -> bool {
        lock(&self.0).keys().any(|id| id.run == run)
    }
}
