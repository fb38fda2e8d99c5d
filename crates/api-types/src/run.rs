//! A run, as `gofer run -o json` prints it.

use crate::{Artifacts, Mount, Partial, RunState, TaskState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// One execution of a version of a pipeline, with its tasks in order of name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Its identity.
    pub id: Uuid,
    /// Where its pipeline is.
    pub namespace: String,
    /// Of which pipeline.
    pub pipeline: String,
    /// 1, 2, 3 … within its pipeline.
    pub number: u64,
    /// The version it is pinned to.
    pub version: u32,
    /// Where it is.
    pub state: RunState,
    /// Why it ended so: `timed_out`, `task_failed`, `nothing_to_do`, `by_person`, …
    pub reason: Option<String>,
    /// The same in a sentence; of a queued run, what it waits for.
    pub message: Option<String>,
    /// Nobody drives it although it is not over: its process is gone. Left out when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The trigger's name, `manual` or `call`.
    pub trigger: String,
    /// Of a called run: the task that called it, as `PIPELINE/NUMBER/TASK`, with an item's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_by: Option<String>,
    /// Its params as text, defaults filled in.
    pub params: BTreeMap<String, String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it left `queued`.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What of the machine every task's container sees besides what the file says. Left out when
    /// there is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Which tasks it is about, if not about all of them. Left out otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// Its tasks, in order of name.
    pub tasks: Vec<Task>,
    /// Failed attempts that can still be looked into with a shell. Left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
}

impl Run {
    /// `PIPELINE/NUMBER`, as people write it.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.pipeline, self.number)
    }

    /// The task with this name.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }
}

/// A failed attempt whose stopped container is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kept {
    /// Of which task.
    pub task: String,
    /// Of which item of a fan-out.
    pub item: Option<u32>,
    /// Which attempt.
    pub attempt: u32,
}

/// A run without its tasks: one line of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunSummary {
    /// Its identity.
    pub id: Uuid,
    /// Where its pipeline is.
    pub namespace: String,
    /// Of which pipeline.
    pub pipeline: String,
    /// 1, 2, 3 … within its pipeline.
    pub number: u64,
    /// The version it is pinned to.
    pub version: u32,
    /// Where it is.
    pub state: RunState,
    /// Why it ended so.
    pub reason: Option<String>,
    /// The same in a sentence; of a queued run, what it waits for.
    pub message: Option<String>,
    /// Nobody drives it although it is not over: its process is gone. Left out when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// The trigger's name, `manual` or `call`.
    pub trigger: String,
    /// Of a called run: the task that called it, as `PIPELINE/NUMBER/TASK`, with an item's index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_by: Option<String>,
    /// Its params as text, defaults filled in.
    pub params: BTreeMap<String, String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it left `queued`.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// One node of the run's DAG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub state: TaskState,
    /// Why it ended so: `exit_code`, `out_of_memory`, `upstream_failed`, …
    pub reason: Option<String>,
    /// The same in a sentence; of a waiting one, what it waits for.
    pub message: Option<String>,
    /// The run may succeed although this task did not.
    pub allow_failure: bool,
    /// What it handed on; of a fan-out, lists of its items' outputs.
    pub outputs: BTreeMap<String, String>,
    /// What its last attempt left in `$GOFER_ARTIFACTS`. Left out if that is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Artifacts>,
    /// Services beside each of its containers; each has a log of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Its tries, oldest first; a fan-out has none of its own.
    pub attempts: Vec<Attempt>,
    /// The items of a fan-out, by index.
    pub items: Vec<Item>,
}

/// One element of a fan-out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Item {
    /// Its place, from 0.
    pub index: u32,
    /// Its value.
    pub item: Value,
    /// Where it is.
    pub state: TaskState,
    /// Why it ended so.
    pub reason: Option<String>,
    /// The same in a sentence; of a waiting one, what it waits for.
    pub message: Option<String>,
    /// As its task.
    pub allow_failure: bool,
    /// What it handed on.
    pub outputs: BTreeMap<String, String>,
    /// What its last attempt left in `$GOFER_ARTIFACTS`. Left out if that is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Artifacts>,
    /// Its tries, oldest first.
    pub attempts: Vec<Attempt>,
}

/// One try, with its own container and log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// From 1, without gaps.
    pub number: u32,
    /// Where it is.
    pub state: TaskState,
    /// Why it ended so.
    pub reason: Option<String>,
    /// The same in a sentence.
    pub message: Option<String>,
    /// What the engine reported; never a guess.
    pub exit_code: Option<i32>,
    /// When its container started, as the engine says.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// `NAME@sha256:…`, or `local:sha256:…` for an image that is in no registry.
    pub image_digest: Option<String>,
    /// Which machine.
    pub node: Option<String>,
    /// Of a called pipeline: its run, as `PIPELINE/NUMBER`. Left out of anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// Give this as `after` for the next part; null at the end.
    pub next: Option<String>,
}
