//! What `GET /runs/{id}/events` sends, as server-sent events.

use crate::RunState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Event `change`: a line of the run's history. Its id is the number of the line; it is stored,
/// so a client that comes back with `Last-Event-ID` misses none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Of which task; absent when it is about the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Of which item of a fan-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Of which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The new state: a run's when there is no task, else a task's.
    pub state: String,
    /// The reason of the new state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Event `progress`: something worth a line on a screen, such as how much of an image is there.
/// Not stored, and without an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Of which task.
    pub task: String,
    /// Of which item of a fan-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// The sentence; null takes the last one back.
    pub message: Option<String>,
}

/// Event `end`: the run is over and nothing of it is left on a scheduler. Comes once, and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct End {
    /// How it ended.
    pub state: RunState,
}
