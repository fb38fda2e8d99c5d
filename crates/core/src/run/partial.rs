//! A run of some of its pipeline's tasks: what the others gave is taken from elsewhere.

use super::{
    Artifacts, Reason, TaskState,
    book::Book,
    resolve::{Output, as_text},
};
use crate::{
    definition::{Json, TaskField, VolumeSource},
    id::RunId,
    name::{PipelineName, TaskName},
    plan::Plan,
};
use jiff::Timestamp;
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
    /// What it left there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<GivenArtifacts>,
}

/// The artifacts of an attempt of another run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenArtifacts {
    /// The item, in a fan-out.
    pub item: Option<u32>,
    /// The attempt's number.
    pub number: u32,
    /// What it left.
    pub artifacts: Artifacts,
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
            artifacts: Vec::new(),
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

impl Partial {
    /// The tasks that were asked for, with all that come before them if that is wanted.
    pub fn select(plan: &Plan, wanted: &[TaskName], with_ancestors: bool) -> BTreeSet<TaskName> {
        let mut todo: Vec<usize> = wanted
            .iter()
            .filter_map(|name| plan.position(name.as_str()))
            .collect();
        let mut found: BTreeSet<usize> = todo.iter().copied().collect();
        while let Some(task) = todo.pop().filter(|_| with_ancestors) {
            let parents = plan.tasks.get(task).map(|task| task.parents.as_slice());
            for (parent, _) in parents.unwrap_or_default() {
                if found.insert(*parent) {
                    todo.push(*parent);
                }
            }
        }
        found
            .into_iter()
            .filter_map(|at| Some(plan.tasks.get(at)?.name.clone()))
            .collect()
    }
}

impl Book {
    /// This run is about that task.
    pub(super) fn is_selected(&self, task: usize) -> bool {
        let Some(partial) = &self.origin.partial else {
            return true;
        };
        let said = self.plan.tasks.get(task);
        said.is_some_and(|said| partial.only.contains(&said.name))
    }

    fn given(&self, task: usize) -> Option<&Given> {
        let name = &self.plan.tasks.get(task)?.name;
        self.origin.partial.as_ref()?.given.get(name)
    }

    /// Ends the tasks that the run is not about.
    pub(super) fn leave_out(&mut self, now: Timestamp) {
        let outside: Vec<usize> = (0..self.plan.tasks.len())
            .filter(|task| !self.is_selected(*task))
            .collect();
        for task in outside {
            let from = self
                .given(task)
                .and_then(|given| given.reference(&self.plan.pipeline.name));
            let message = match from {
                Some(from) => format!("this run is about other tasks; what it gave is from {from}"),
                None => "this run is about other tasks".to_owned(),
            };
            let reason = Reason::NotSelected;
            self.end((task, None), TaskState::Skipped, reason, Some(message), now);
        }
    }

    /// An output of a task that the run is not about.
    pub(super) fn given_output(&self, task: usize, key: &str) -> Result<Output, String> {
        let said = self.plan.tasks.get(task);
        let name = said.map_or("", |said| said.name.as_str());
        let text = self.given(task).and_then(|given| given.outputs.get(key));
        let text = text.ok_or_else(|| {
            format!("{name} is not part of this run, and no {name}.{key} was given to it")
        })?;
        if said.is_none_or(|said| said.fan_out.is_none()) {
            return Ok(Output::One(text.clone()));
        }
        match serde_json::from_str::<Json>(text) {
            Ok(Json::Array(texts)) => Ok(Output::Gathered(texts.iter().map(as_text).collect())),
            _ => Err(format!(
                "the {name}.{key} that was given to this run is not a JSON list"
            )),
        }
    }

    /// How a task that the run is not about is taken to have ended.
    pub(super) fn given_about(&self, task: usize, field: TaskField) -> String {
        let usual = Given::default();
        let given = self.given(task).unwrap_or(&usual);
        match field {
            TaskField::State => given.state.to_string(),
            TaskField::Reason => given.reason.map(|it| it.to_string()).unwrap_or_default(),
            TaskField::ExitCode => given.exit_code.map(|it| it.to_string()).unwrap_or_default(),
        }
    }

    /// Adds what was asked for to the volumes of a container; it wins over the file.
    pub(super) fn mount(&self, volumes: &mut Vec<(String, VolumeSource, bool)>) {
        for mount in &self.origin.mounts {
            volumes.retain(|(path, ..)| *path != mount.target);
            let source = VolumeSource::Host(mount.source.clone());
            volumes.push((mount.target.clone(), source, mount.read_only));
        }
    }
}
