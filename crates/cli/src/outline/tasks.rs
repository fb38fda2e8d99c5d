//! Tasks, level by level.

use crate::text;
use gofer_core::{
    definition::{Condition, Container, Literal, Reference, Value},
    name::TaskName,
    plan::{self, FanOut, Plan},
};
use gofer_sdk::types::Run;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A task, understood.
#[derive(Debug, Serialize)]
pub(crate) struct Task {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) kind: Kind,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) depends_on: BTreeMap<String, Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fan_out: Option<String>,
    /// How many times at most, retries included.
    pub(crate) attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) allow_failure: bool,
}

/// What it runs.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Kind {
    Container { image: String, runs: String },
    Approval { message: String },
    Pipeline { pipeline: String },
}

impl Task {
    fn new(plan: &Plan, task: &plan::Task) -> Self {
        let said = plan.pipeline.tasks.get(&task.name);
        Self {
            name: task.name.to_string(),
            kind: kind(&task.kind),
            depends_on: said
                .into_iter()
                .flat_map(|said| &said.depends_on)
                .map(|(name, condition)| (name.to_string(), *condition))
                .collect(),
            when: task.when.as_ref().map(|when| when.text().to_owned()),
            fan_out: task
                .fan_out
                .as_ref()
                .map(|fan_out| fan_out_words(fan_out, task.max_parallel)),
            attempts: task.retry.limit + 1,
            timeout: said
                .and_then(|said| said.timeout)
                .map(|timeout| timeout.to_string()),
            allow_failure: task.allow_failure,
        }
    }

    /// All about it in one sentence.
    pub(crate) fn words(&self) -> String {
        let mut words = Vec::new();
        if !self.depends_on.is_empty() {
            let parents: Vec<String> = self.depends_on.iter().map(parent).collect();
            words.push(format!("after {}", text::list(&parents)));
        }
        words.extend(self.when.as_ref().map(|when| format!("when {when}")));
        words.extend(self.fan_out.clone());
        if self.attempts > 1 {
            words.push(format!("up to {} attempts", self.attempts));
        }
        words.extend(
            self.timeout
                .as_ref()
                .map(|timeout| format!("at most {timeout}")),
        );
        if self.allow_failure {
            words.push("may fail".to_owned());
        }
        words.push(match &self.kind {
            Kind::Container { image, runs } if runs.is_empty() => image.clone(),
            Kind::Container { image, runs } => format!("{image}: {runs}"),
            Kind::Approval { message } => format!("waits for a person: {message}"),
            Kind::Pipeline { pipeline } => format!("runs the pipeline {pipeline}"),
        });
        words.join("; ")
    }
}

fn parent((name, condition): (&String, &Condition)) -> String {
    match condition {
        Condition::Success => name.clone(),
        Condition::Failure => format!("{name} failed"),
        Condition::NotFailed => format!("{name} (unless it failed)"),
        Condition::Any => format!("{name} (however it ended)"),
    }
}

fn kind(kind: &plan::Kind) -> Kind {
    match kind {
        plan::Kind::Container(container) => Kind::Container {
            image: container.image.as_ref().map(value).unwrap_or_default(),
            runs: runs(container),
        },
        plan::Kind::Approval(approval) => Kind::Approval {
            message: approval.message.clone(),
        },
        plan::Kind::Call(call) => Kind::Pipeline {
            pipeline: call.name.to_string(),
        },
    }
}

/// The command, or the first line of the script.
fn runs(container: &Container) -> String {
    if let Some(script) = &container.script {
        let mut lines = script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default();
        return match lines.count() {
            0 => first.to_owned(),
            more => format!(
                "{first} … ({more} more {})",
                if more == 1 { "line" } else { "lines" }
            ),
        };
    }
    let words = container
        .entrypoint
        .iter()
        .chain(&container.command)
        .flatten();
    words
        .map(|word| text::shell(word))
        .collect::<Vec<_>>()
        .join(" ")
}

fn fan_out_words(fan_out: &FanOut, max_parallel: Option<u32>) -> String {
    let items = match fan_out {
        FanOut::Items(items) => text::count(items.len(), "item"),
        FanOut::Reference(Reference::Output { task, key, .. }) => {
            format!("one item for each element of {task}.{key}")
        }
        FanOut::Reference(Reference::Param { name, .. }) => {
            format!("one item for each element of the param {name}")
        }
        FanOut::Reference(_) => "one item for each element of its list".to_owned(),
    };
    match max_parallel {
        Some(most) => format!("{items}, at most {most} at once"),
        None => items,
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Literal(literal) => Literal::to_text(literal),
        Value::Reference(Reference::Param { name, .. }) => format!("the param {name}"),
        Value::Reference(Reference::Output { task, key, .. }) => format!("the output {task}.{key}"),
        Value::Reference(_) => "known when it runs".to_owned(),
    }
}

/// Ordinary tasks and finally tasks, each by how many tasks stand before it.
pub(crate) fn levels(plan: &Plan) -> (Vec<Vec<Task>>, Vec<Vec<Task>>) {
    let depths = depths(plan);
    let of = |finally: bool| {
        let mut levels: BTreeMap<usize, Vec<Task>> = BTreeMap::new();
        for (task, depth) in plan.tasks.iter().zip(&depths) {
            if task.finally == finally {
                levels
                    .entry(*depth)
                    .or_default()
                    .push(Task::new(plan, task));
            }
        }
        levels.into_values().collect()
    };
    (of(false), of(true))
}

/// What a view needs to know of a task besides the run.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) parents: Vec<String>,
    pub(crate) finally: bool,
}

/// Tasks in the order in which they can run.
pub(crate) fn order(plan: &Plan) -> Vec<Place> {
    let depths = depths(plan);
    let mut tasks: Vec<_> = plan.tasks.iter().zip(depths).collect();
    tasks.sort_by_key(|(task, depth)| (task.finally, *depth, task.name.clone()));
    let name = |(parent, _): &(usize, Condition)| Some(plan.tasks.get(*parent)?.name.to_string());
    let place = |task: &plan::Task| Place {
        name: task.name.to_string(),
        parents: task.parents.iter().filter_map(name).collect(),
        finally: task.finally,
    };
    tasks.into_iter().map(|(task, _)| place(task)).collect()
}

/// Whether something of the run still runs behind a cancel: finally tasks, its own or perhaps those of a
/// pipeline that it calls.
pub(crate) fn goes_on(plan: &Plan, run: &Run) -> bool {
    let may = |task: &&plan::Task| task.finally || matches!(task.kind, plan::Kind::Call(_));
    let mut tasks = plan.tasks.iter().filter(may);
    tasks.any(|task| run.task(task.name.as_str()).is_some())
}

/// What each task waits for, as far as the file says it.
pub(crate) fn waits(run: &Run, places: &[Place]) -> BTreeMap<String, String> {
    let is_over = |name: &str| run.task(name).is_none_or(|task| task.state.is_over());
    let words = |place: &Place| {
        let parents = place.parents.iter().filter(|name| !is_over(name));
        let parents: Vec<&String> = parents.collect();
        match parents.as_slice() {
            [] if place.finally => "at the end".to_owned(),
            [] => String::new(),
            parents => format!("waits for {}", text::list(parents)),
        }
    };
    places
        .iter()
        .map(|place| (place.name.clone(), words(place)))
        .collect()
}

/// The longest way from the beginning to each task.
fn depths(plan: &Plan) -> Vec<usize> {
    let mut depths = vec![0_usize; plan.tasks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (nth, task) in plan.tasks.iter().enumerate() {
            let parents = task
                .parents
                .iter()
                .filter_map(|(parent, _)| depths.get(*parent));
            let depth = parents
                .max()
                .map_or(0, |deepest| deepest + 1)
                .min(plan.tasks.len());
            if let Some(known) = depths.get_mut(nth).filter(|known| **known != depth) {
                *known = depth;
                changed = true;
            }
        }
    }
    depths
}

/// The secrets that its containers name, or those of some of its tasks.
pub(crate) fn secrets(plan: &Plan, only: Option<&BTreeSet<TaskName>>) -> Vec<String> {
    let mut names = BTreeSet::new();
    let runs = |task: &&plan::Task| only.is_none_or(|only| only.contains(&task.name));
    for task in plan.tasks.iter().filter(runs) {
        let plan::Kind::Container(container) = &task.kind else {
            continue;
        };
        let services = container
            .services
            .values()
            .map(|service| &service.container);
        for container in std::iter::once(&**container).chain(services) {
            for value in container.env.values().chain(container.files.values()) {
                if let Value::Reference(Reference::Secret(name)) = value {
                    names.insert(name.to_string());
                }
            }
            names.extend(
                container
                    .registry
                    .as_ref()
                    .map(|registry| registry.password.secret.to_string()),
            );
        }
    }
    names.into_iter().collect()
}
