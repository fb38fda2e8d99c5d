//! Every rule of the language that spans more than one key, all at once.

mod conditions;
mod container;
mod exec;
mod graph;
mod places;
mod report;
mod task;
mod top;
mod triggers;
mod values;

#[cfg(test)]
mod tests;

use super::effective;
use crate::{
    Problem,
    definition::{Container, Pipeline, Task},
    name::TaskName,
    problem::Path,
    suggest,
};
use graph::Graph;
use report::Report;

/// What is wrong with a pipeline whose every key by itself is sound, what its writer should know,
/// and what is worth saying.
pub fn check(pipeline: &Pipeline) -> Vec<Problem> {
    let graph = Graph::new(pipeline);
    let mut scope = Scope {
        pipeline,
        graph: &graph,
        report: Report::default(),
    };
    top::check(&mut scope);
    triggers::check(&mut scope);
    for (nth, (name, task)) in pipeline.tasks.iter().enumerate() {
        scope.task(&Subject::new(pipeline, nth, name, task));
    }
    graph.report_rings(&mut scope.report);
    scope.report.problems
}

/// What all rules look at.
struct Scope<'a> {
    pipeline: &'a Pipeline,
    graph: &'a Graph<'a>,
    report: Report,
}

/// The task that is being looked at.
struct Subject<'a> {
    nth: usize,
    name: &'a TaskName,
    task: &'a Task,
    path: Path,
    finally: bool,
    /// Its own keys and those of `defaults`, if it runs a container.
    container: Option<Container>,
}

impl<'a> Subject<'a> {
    fn new(pipeline: &Pipeline, nth: usize, name: &'a TaskName, task: &'a Task) -> Self {
        let is_container = task.approval.is_none() && task.pipeline.is_none();
        Self {
            nth,
            name,
            task,
            path: Path::top().at("tasks").at(name.as_str()),
            finally: task.finally.unwrap_or(false),
            container: is_container.then(|| effective(pipeline.defaults.as_ref(), task)),
        }
    }

    const fn has_items(&self) -> bool {
        self.task.matrix.is_some() || self.task.for_each.is_some()
    }
}

/// Of so many problems the later ones are said without what may have been meant: to compare each
/// word of a hostile file with each of its thousand names would take minutes.
const MOST_SUGGESTIONS: usize = 100;

impl Scope<'_> {
    fn may_suggest(&self) -> bool {
        self.report.problems.len() < MOST_SUGGESTIONS
    }

    fn task(&mut self, subject: &Subject<'_>) {
        self.dependencies(subject);
        self.shape(subject);
        self.fan_out(subject);
        self.when(subject);
        if let Some(container) = &subject.container {
            self.task_container(subject, container);
        }
        self.task_values(subject);
    }

    fn unknown_task(&self, name: &str) -> String {
        if !self.may_suggest() {
            return format!("there is no task `{name}`");
        }
        let meant = suggest::or_list(name, self.pipeline.tasks.keys().map(TaskName::as_str));
        format!("there is no task `{name}`{meant}")
    }
}
