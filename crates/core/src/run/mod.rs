//! The rule book: what an event makes of a run. No clock, no I/O, no randomness, so a replay of
//! the same events gives the same run.

mod again;
mod ahead;
mod attempts;
mod book;
mod borrow;
mod calls;
mod decide;
mod environment;
mod event;
mod exit;
mod finish;
mod handed;
mod keep;
mod partial;
mod rerun;
mod resolve;
mod state;
#[cfg(test)]
mod tests;
mod waiting;

pub use again::{Again, NotAgain};
pub use ahead::Ahead;
pub use book::{Book, Identity};
pub use borrow::{Need, needs};
pub use calls::{CalledBy, Calls, MOST_DEPTH, child_of};
pub use event::{Effect, Event, Illegal, Outcome, Step};
pub use exit::{Ending, Exit, OTHER_PLATFORM};
pub use keep::{Keep, MOST_KEPT};
pub use partial::{Given, GivenArtifacts, Mount, Partial};
pub use state::{Reason, RunReason, RunState, TaskState};
pub use waiting::waits_for;

use crate::{
    definition::Json,
    name::{ObjectKey, ParamName, TaskName},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run as the rule book knows it. `tasks` is in the order of the plan (by name).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What changes about the run itself.
    pub head: Head,
    /// Its tasks.
    pub tasks: Vec<Task>,
}

/// What changes about a run, without its tasks: one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Where it is.
    pub state: RunState,
    /// Why it ended so.
    pub reason: Option<RunReason>,
    /// The same in a sentence; of a queued run, what it waits for.
    pub message: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it left `queued`; of a rerun, when that began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What asked for the stop, if anything did.
    pub stop: Option<RunStop>,
    /// All ordinary tasks are over and the finally tasks were let go.
    pub in_finally: bool,
    /// A second cancel came: the finally tasks were stopped too.
    pub finally_stopped: bool,
    /// Next place in the queue of ready tasks.
    pub next_ready: u64,
}

/// What asked for a run's stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStop {
    /// A person.
    Person,
    /// A newer run.
    Replaced,
    /// Its `timeout`.
    Timeout,
}

/// What is fixed when a run is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The trigger's name, `manual` or `call`.
    pub trigger: String,
    /// Nominal time, RFC 3339, in the trigger's zone.
    pub scheduled_at: String,
    /// Params as text, defaults filled in.
    pub params: BTreeMap<ParamName, String>,
    /// What of the machine every task's container sees besides what the file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// If the run is about some of the tasks only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// What it has to do with other runs.
    #[serde(default, skip_serializing_if = "Calls::is_empty")]
    pub calls: Calls,
}

/// A task: its own state, and the items of a fan-out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The task as a whole. Without a fan-out the attempts are here.
    pub own: Unit,
    /// Items of a fan-out, by index; filled at expansion.
    pub items: Vec<Unit>,
}

/// A task or an item: what has a state, a reason and outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Where it is.
    pub state: TaskState,
    /// Why it ended so.
    pub reason: Option<Reason>,
    /// The same in a sentence; of a waiting one, what it waits for.
    pub message: Option<String>,
    /// The item's value, in a fan-out.
    pub value: Option<Json>,
    /// What its last attempt handed on; of a called pipeline the keys are `TASK.KEY`.
    pub outputs: BTreeMap<String, String>,
    /// Its place in the queue of those that may start; `None` when it is not in it.
    pub ready: Option<u64>,
    /// When it is to be tried again (`retrying`), or answered at the latest (`awaiting_approval`).
    pub due: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Of a fan-out's own unit: its list has been read, so the items are final.
    pub expanded: bool,
    /// Attempts that were made before the last rerun: they do not count for `retry`.
    pub earlier: u32,
    /// Its tries, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One try, with its own container and log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1, without gaps.
    pub number: u32,
    /// `starting`, `running`, then a terminal one.
    pub state: TaskState,
    /// What is known of its container, for recovery.
    pub stage: Stage,
    /// Why it ended so.
    pub reason: Option<Reason>,
    /// The same in a sentence.
    pub message: Option<String>,
    /// What the engine reported; never a guess.
    pub exit_code: Option<i32>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When its container started, as the engine says.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Repository digest, or the local image id as `local:sha256:…`.
    pub image: Option<String>,
    /// The same of its services' images, by the names that the file gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_images: BTreeMap<String, String>,
    /// Which machine.
    pub node: Option<String>,
    /// The engine's id of the container that was permitted to start. One of the same name with
    /// another id is not this attempt's: it was never permitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Why it is being stopped, if it is.
    pub stop: Option<Stop>,
    /// What it left in `$GOFER_ARTIFACTS`, if that is kept.
    pub artifacts: Option<Artifacts>,
}

/// The files that an attempt left, and that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifacts {
    /// Files and links; folders do not count.
    pub files: u32,
    /// What is in the files, together.
    pub bytes: u64,
}

/// A small value that a pipeline keeps beyond its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its name in the pipeline.
    pub key: ObjectKey,
    /// What it holds.
    pub value: String,
    /// When it got this value.
    pub at: Timestamp,
}

/// How far an attempt's container has come, stored before each step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It may exist; it has not been started.
    Creating,
    /// It may have been started.
    Starting,
    /// The engine said that it started.
    Started,
    /// It is over, and its container may still exist.
    Ended,
    /// It failed, and its stopped container is kept for a look.
    Kept,
    /// Its container is gone.
    Removed,
}

/// Why a container is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The task's `timeout`.
    Timeout,
    /// The run was cancelled, replaced or out of time.
    Run,
}

/// A task or an item of one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The task.
    pub task: TaskName,
    /// The item, in a fan-out.
    pub item: Option<u32>,
}

/// One line of a run's history: what came to which state, when and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Of what.
    pub of: Subject,
    /// Reason of the new state.
    pub reason: Option<u8>,
}

/// What a line of history is about, with its new state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Subject {
    /// The run.
    Run(RunState),
    /// A task or an item.
    Unit(Key, TaskState),
    /// An attempt.
    Attempt(Key, u32, TaskState),
}
