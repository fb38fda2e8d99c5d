//! What a task hands on beside its outputs: artifacts and objects.

use super::{Artifacts, Object, TaskState, Unit, book::Book, partial::GivenArtifacts};
use crate::{
    container::Input,
    id::RunId,
    name::{ObjectKey, TaskName},
    plan::Kind,
};
use jiff::Timestamp;

impl Book {
    /// The artifacts of the last attempts of these tasks; of a fan-out, those of each item.
    pub(super) fn inputs(&self, wanted: &[TaskName]) -> Vec<Input> {
        let mut inputs = Vec::new();
        for name in wanted {
            let at = self.plan.position(name.as_str());
            let Some(task) = at.and_then(|at| self.run.tasks.get(at)) else {
                continue;
            };
            if let Some(given) = at.and_then(|at| self.given_inputs(at)) {
                inputs.extend(given);
                continue;
            }
            let items = (0..).map(Some).zip(&task.items);
            for (item, unit) in std::iter::once((None, &task.own)).chain(items) {
                if let Some((number, artifacts)) = left_by(unit) {
                    inputs.push(Input {
                        run: None,
                        task: name.clone(),
                        item,
                        number,
                        artifacts,
                    });
                }
            }
        }
        inputs
    }

    /// Of a task that the run is not about: those of the run that they were taken from.
    fn given_inputs(&self, task: usize) -> Option<Vec<Input>> {
        if self.is_selected(task) {
            return None;
        }
        let name = &self.plan.tasks.get(task)?.name;
        let given = self.origin.partial.as_ref()?.given.get(name);
        let left = given.into_iter().flat_map(|given| {
            let run = given.run;
            given.artifacts.iter().map(move |it| (run, it))
        });
        let input = |(run, it): (Option<RunId>, &GivenArtifacts)| Input {
            run,
            task: name.clone(),
            item: it.item,
            number: it.number,
            artifacts: it.artifacts,
        };
        Some(left.map(input).collect())
    }

    /// The value of an object, or why there is none. What a task of this run kept wins.
    pub(super) fn object(&self, key: &ObjectKey, of_run: bool) -> Result<String, String> {
        if let Some(value) = self.kept_here(key) {
            return Ok(value);
        }
        if of_run {
            return Err(format!("no task of this run has kept an object {key}"));
        }
        let stored = self.objects.get(key).cloned();
        stored.ok_or_else(|| {
            let pipeline = &self.plan.pipeline.name;
            format!("pipeline {pipeline} has no object {key}")
        })
    }

    /// What the task of this run wrote that kept it last.
    fn kept_here(&self, key: &ObjectKey) -> Option<String> {
        let keeps = |task: &&crate::plan::Task| match &task.kind {
            Kind::Container(said) => said.objects.iter().any(|it| it.as_str() == key.as_str()),
            Kind::Approval(_) | Kind::Call(_) => false,
        };
        let kept = self.plan.tasks.iter().filter(keeps).filter_map(|task| {
            let own = &self
                .run
                .tasks
                .get(self.plan.position(task.name.as_str())?)?
                .own;
            let value = self.output(task.name.as_str(), key.as_str()).ok()?;
            (own.state == TaskState::Succeeded).then(|| (own.ended_at, value.into_text()))
        });
        kept.max_by_key(|(ended, _)| *ended).map(|(_, value)| value)
    }

    /// A task is over: if it succeeded, the outputs that it names become objects of the pipeline.
    pub(super) fn keep_objects(&mut self, task: usize, state: TaskState, at: Timestamp) {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(said) = plan.tasks.get(task) else {
            return;
        };
        let Kind::Container(container) = &said.kind else {
            return;
        };
        if state != TaskState::Succeeded {
            return;
        }
        for key in &container.objects {
            let value = self.output(said.name.as_str(), key.as_str());
            if let (Ok(value), Ok(key)) = (value, key.as_str().parse()) {
                let value = value.into_text();
                self.step.objects.push(Object { key, value, at });
            }
        }
    }
}

/// The number of a unit's last attempt with what it left, if it left any files. Attempts of before
/// a rerun are not its own.
fn left_by(unit: &Unit) -> Option<(u32, Artifacts)> {
    let last = unit.attempts.last().filter(|it| it.number > unit.earlier)?;
    Some((last.number, last.artifacts?))
}
