//! What can happen to a run, and what is to be done about it.

use super::{Artifacts, Change, Ending, Key, Object, Reason, RunStop};
use crate::{container, name::OutputKey};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The run may begin.
    Admitted,
    /// The clock reached [`super::Run::due`].
    Tick,
    /// A person or a newer run asked for a stop. A second one stops the finally tasks too.
    Cancel(RunStop),
    /// The attempt's container exists and is about to be started. Stored before it is.
    Created {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// The engine's id of it.
        container: String,
    },
    /// The engine says that the container started.
    Started {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// When, as the engine says.
        at: Timestamp,
        /// Repository digest, or `local:sha256:…`.
        image: Option<String>,
        /// The same of its services' images, by the names that the file gives them.
        service_images: BTreeMap<String, String>,
        /// Which machine.
        node: Option<String>,
    },
    /// Something to say about an attempt that is going on, such as pull progress or a pause.
    Noted {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// The sentence; `None` takes the last one back.
        message: Option<String>,
    },
    /// An attempt is over: its log is closed and its outputs are collected.
    Ended {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// What the scheduler saw.
        ending: Ending,
        /// What it wrote to `$GOFER_OUTPUT`, or why that cannot be read.
        outputs: Result<BTreeMap<OutputKey, String>, String>,
        /// What is kept of its `$GOFER_ARTIFACTS`, or why that cannot be.
        artifacts: Result<Option<Artifacts>, (Reason, String)>,
    },
    /// The attempt's container is gone.
    Removed {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
    },
    /// A person answered.
    Answered {
        /// Of which approval task.
        key: Key,
        /// Yes or no.
        approved: bool,
        /// Who.
        by: String,
        /// Why.
        comment: String,
    },
    /// The called pipeline's run is over.
    ChildEnded {
        /// Of which pipeline task.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// How.
        outcome: Outcome,
        /// Which run it is, as `etl/42`; the pipeline's name if there never was one.
        child: String,
        /// The same as the outcome in a sentence, if there is one.
        why: Option<String>,
        /// Its outputs, by `TASK.KEY`.
        outputs: BTreeMap<String, String>,
    },
    /// Do it again: these tasks or items, and what depends on them. Only when the run is over.
    Rerun {
        /// Which begin again; an entry without an item means the whole task.
        keys: Vec<Key>,
    },
}

/// How a called run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It was cancelled, by itself or by us.
    Cancelled,
    /// All of it was skipped.
    Skipped,
    /// It never began, and trying again would come to the same.
    Refused,
    /// It began, and is not kept any more.
    Lost,
    /// It is over, but what its tasks wrote is too much to be handed on.
    BadOutputs,
}

/// What is to be done, after the changes are stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Make this attempt exist.
    Start {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// What it is made of.
        container: Box<container::Attempt>,
    },
    /// Stop its container, with this grace.
    Stop {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// SIGTERM to SIGKILL.
        grace: std::time::Duration,
    },
    /// Its container and what belongs to it may go.
    Remove {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
    },
    /// What a look at it needs stays; the rest of what belongs to it may go.
    Keep {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
    },
    /// Start the called pipeline.
    Call {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// Its params, as text.
        params: BTreeMap<crate::name::ParamName, String>,
    },
    /// Cancel the called pipeline's run.
    CancelCall {
        /// Of which.
        key: Key,
        /// Which attempt.
        attempt: u32,
        /// How often it has to have been cancelled then; from the third time on once more.
        times: u32,
    },
    /// The run is over: sandboxes, scratch volumes and sealed secrets may go.
    Finish,
}

/// What one event came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The run's head changed.
    pub head: bool,
    /// Tasks and items that changed.
    pub units: Vec<Key>,
    /// Attempts that changed or are new.
    pub attempts: Vec<(Key, u32)>,
    /// Lines for the history, in order.
    pub changes: Vec<Change>,
    /// Objects that the pipeline gets.
    pub objects: Vec<Object>,
    /// What is to be done once the above is stored, in order.
    pub effects: Vec<Effect>,
}

/// An event that the rule book has no place for: a bug in the caller, or a doubled message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a run in state {state} cannot take this event: {event}")]
pub struct Illegal {
    /// The state it was in.
    pub state: String,
    /// The event.
    pub event: String,
}
