use super::Program;
use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, StoreId},
};
use std::time::Duration;

/// Something that a machine is to do with one container.
#[derive(Clone, Debug)]
pub enum Order {
    /// Make it, of this recipe.
    Create(Box<Program>, Epoch, String),
    /// Start the one with this number.
    Start(u64),
    /// SIGTERM after the first time, SIGKILL after the second.
    Stop(Duration, Duration),
    /// Remove it, whatever it does.
    Remove,
    /// Remove the one with this number, unless it runs.
    GiveUp(u64),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Yes,
    /// It was made, with this number.
    Made(u64),
    /// The name is taken.
    Conflict,
    NotThere,
}

/// An order that the engine has, and has not carried out yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) due: Timestamp,
    pub(super) store: StoreId,
    pub(super) attempt: AttemptId,
    pub(super) order: Order,
}
