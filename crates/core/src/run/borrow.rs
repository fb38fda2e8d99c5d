//! What a partial run needs of the tasks that it is not about, and whether an earlier run has it.

use super::{Given, GivenArtifacts, Task, TaskState};
use crate::{
    definition::{Container, Json, Reference, Value},
    id::RunId,
    name::TaskName,
    plan::{self, FanOut, Kind, Plan},
    when::Name,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is read of one task that does not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Outputs without which the run cannot do.
    pub required: BTreeSet<String>,
    /// All outputs that are read.
    pub outputs: BTreeSet<String>,
    /// Its artifacts are read.
    pub artifacts: bool,
}

/// What the tasks in `only` read of those that are not in it.
pub fn needs(plan: &Plan, only: &BTreeSet<TaskName>) -> BTreeMap<TaskName, Need> {
    let mut found = Found {
        only,
        needs: BTreeMap::new(),
    };
    for task in plan.tasks.iter().filter(|task| only.contains(&task.name)) {
        found.of_task(task);
    }
    found.needs
}

struct Found<'a> {
    only: &'a BTreeSet<TaskName>,
    needs: BTreeMap<TaskName, Need>,
}

impl Found<'_> {
    fn of_task(&mut self, task: &plan::Task) {
        if let Some(FanOut::Reference(reference)) = &task.fan_out {
            self.reference(reference);
        }
        for (name, _, has_default) in task.when.iter().flat_map(crate::when::Expr::names) {
            match name {
                Name::Output { task, key } => self.output(task, Some((key.as_str(), has_default))),
                Name::Task { task, .. } => self.output(task, None),
                _ => {}
            }
        }
        match &task.kind {
            Kind::Container(said) => {
                self.container(said);
                for service in said.services.values() {
                    self.container(&service.container);
                }
                for input in &said.inputs {
                    if let Some(need) = self.need(input.as_str()) {
                        need.artifacts = true;
                    }
                }
            }
            Kind::Call(call) => call.params.values().for_each(|value| self.value(value)),
            Kind::Approval(_) => {}
        }
    }

    fn container(&mut self, said: &Container) {
        let key = said.cache.iter().flat_map(|cache| &cache.key);
        let values = said.image.iter().chain(said.env.values());
        values
            .chain(said.files.values())
            .chain(key)
            .for_each(|value| self.value(value));
    }

    fn value(&mut self, value: &Value) {
        if let Value::Reference(reference) = value {
            self.reference(reference);
        }
    }

    fn reference(&mut self, reference: &Reference) {
        match reference {
            Reference::Output { task, key, default } => {
                self.output(task.as_str(), Some((key, default.is_some())));
            }
            Reference::Task { task, .. } => self.output(task.as_str(), None),
            _ => {}
        }
    }

    fn output(&mut self, task: &str, key: Option<(&str, bool)>) {
        let Some(need) = self.need(task) else { return };
        if let Some((key, has_default)) = key {
            need.outputs.insert(key.to_owned());
            if !has_default {
                need.required.insert(key.to_owned());
            }
        }
    }

    fn need(&mut self, task: &str) -> Option<&mut Need> {
        let name: TaskName = task.parse().ok()?;
        (!self.only.contains(&name)).then(|| self.needs.entry(name).or_default())
    }
}

impl Need {
    /// What a task of an earlier run gives, if that is all that is needed.
    pub fn met_by(
        &self,
        said: &plan::Task,
        task: &Task,
        (run, number): (RunId, u64),
    ) -> Option<Given> {
        let own = &task.own;
        let went_well = own.state == TaskState::Succeeded;
        let is_needed = !self.required.is_empty() || self.artifacts;
        // A handler of failures reads how and what a failed task was.
        let counts = went_well || (own.state.is_failure() && !is_needed);
        let is_list = own.expanded || !task.items.is_empty();
        if !counts || is_list != said.fan_out.is_some() {
            return None;
        }
        let outputs: BTreeMap<String, String> = self
            .outputs
            .iter()
            .filter_map(|key| Some((key.clone(), written(task, key)?)))
            .collect();
        let has_all = self.required.iter().all(|key| outputs.contains_key(key));
        has_all.then(|| Given {
            run: Some(run),
            number: Some(number),
            outputs,
            state: own.state,
            reason: own.reason,
            exit_code: own.attempts.last().and_then(|attempt| attempt.exit_code),
            artifacts: left(task),
        })
    }
}

/// An output as it is read; of a fan-out the list of what its succeeded items wrote.
fn written(task: &Task, key: &str) -> Option<String> {
    if !task.own.expanded && task.items.is_empty() {
        return task.own.outputs.get(key).cloned();
    }
    let succeeded = task
        .items
        .iter()
        .filter(|item| item.state == TaskState::Succeeded);
    let texts: Vec<String> = succeeded
        .filter_map(|item| item.outputs.get(key).cloned())
        .collect();
    Some(Json::from(texts).to_string())
}

fn left(task: &Task) -> Vec<GivenArtifacts> {
    let items = (0..).map(Some).zip(&task.items);
    std::iter::once((None, &task.own))
        .chain(items)
        .filter_map(|(item, unit)| {
            let last = unit.attempts.last().filter(|it| it.number > unit.earlier)?;
            Some(GivenArtifacts {
                item,
                number: last.number,
                artifacts: last.artifacts?,
            })
        })
        .collect()
}
