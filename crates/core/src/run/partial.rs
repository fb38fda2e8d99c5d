//! A run of some of its pipeline's tasks: what the others gave is taken from elsewhere.

use super::{Reason, TaskState};
use crate::{
    id::RunId,
    name::{PipelineName, TaskName},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which tasks a run is about, and what the others are taken to have handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// These run; the others are `skipped (not_selected)`.
    pub only: BTreeSet<TaskName>,
    /// What tasks outside of `only` gave. One that is not here gave nothing.
    pub given: BTreeMap<TaskName, Given>,
}

/// What a task outside of a partial run is taken to have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The run that it was taken from, whose artifacts of this task are its artifacts.
    pub run: Option<RunId>,
    /// That run's number, for people.
    pub number: Option<u64>,
    /// Its outputs; of a fan-out each is a JSON list.
    pub outputs: BTreeMap<String, String>,
    /// How it ended there.
    pub state: TaskState,
    /// Why it ended so.
    pub reason: Option<Reason>,
    /// Of its last attempt there.
    pub exit_code: Option<i32>,
}

impl Default for Given {
    /// Without a run that says otherwise, a task outside counts as one that went well.
    fn default() -> Self {
        Self {
            run: None,
            number: None,
            outputs: BTreeMap::new(),
            state: TaskState::Succeeded,
            reason: None,
            exit_code: None,
        }
    }
}

impl Given {
    /// `etl/41`, if it was taken from a run.
    pub fn reference(&self, pipeline: &PipelineName) -> Option<String> {
        self.number.map(|number| format!("{pipeline}/{number}"))
    }
}

/// A folder or file of the machine that every task's container of a run sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Absolute path on the machine.
    pub source: String,
    /// Absolute path in the containers.
    pub target: String,
    /// Not writable.
    #[serde(default)]
    pub read_only: bool,
}
