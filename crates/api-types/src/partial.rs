//! Runs of some tasks, and doing a run again.

use crate::SecretValue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which tasks a run is to be about. The others are `skipped (not_selected)`; what they gave comes
/// from the newest kept run of the pipeline that has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnlyTasks {
    /// Their names.
    pub tasks: Vec<String>,
    /// All tasks that come before them too.
    #[serde(default)]
    pub with_ancestors: bool,
    /// Outputs of the other tasks, by `TASK.KEY`; they win over those of kept runs. Of a fan-out
    /// each is a JSON list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

/// A folder or a file of the machine that every task's container of a run sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Absolute path on the machine.
    pub source: String,
    /// Absolute path in the containers.
    pub target: String,
    /// Not writable.
    #[serde(default)]
    pub read_only: bool,
}

/// Which tasks a run is about, and what the others are taken to have given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Partial {
    /// The tasks that it is about.
    pub only: Vec<String>,
    /// What others gave, by task.
    pub given: BTreeMap<String, Given>,
}

/// What a task gave that its run is not about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Given {
    /// The run that it was taken from; null if it was said by hand.
    pub run: Option<Uuid>,
    /// That run's number.
    pub number: Option<u64>,
    /// Outputs that are read.
    pub outputs: BTreeMap<String, String>,
}

/// Do a run that is over again: earlier attempts stay, new ones are added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RerunRun {
    /// Only what ended badly or was cancelled, and what depends on it.
    #[serde(default)]
    pub failed: bool,
    /// Only these and what depends on them: `TASK`, or `TASK/INDEX` for an item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Values of its secrets: those that it had went when it was over.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretValue>,
}
