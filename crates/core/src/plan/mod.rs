//! A pipeline made ready to run: defaults merged, parents and children as positions, expressions
//! parsed. Tasks stand in the order of their names.

mod check;
mod effective;
mod family;
mod not_yet;

pub use check::check;
pub use effective::effective;
pub use family::{Family, calls};
pub use not_yet::not_yet;

use crate::{
    Problem,
    definition::{
        Approval, Backoff, Call, Condition, Container, ForEach, Json, Pipeline, Reference,
    },
    name::{PoolName, TaskName},
    problem::Path,
    when::Expr,
};
use std::{collections::BTreeMap, time::Duration};

/// The longest a container may run when its task says nothing.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_hours(24);
/// SIGTERM to SIGKILL when nothing is said.
pub const DEFAULT_STOP_GRACE: Duration = Duration::from_secs(10);
/// Items of one fan-out.
pub const MOST_ITEMS: usize = 1_000;

/// A pipeline made ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// As the file says it.
    pub pipeline: Pipeline,
    /// In the order of their names.
    pub tasks: Vec<Task>,
}

/// One task, with everything that is fixed about it.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name.
    pub name: TaskName,
    /// Runs after all ordinary tasks.
    pub finally: bool,
    /// Its failure does not fail the run.
    pub allow_failure: bool,
    /// Positions of its parents, each with its condition.
    pub parents: Vec<(usize, Condition)>,
    /// Positions of its dependants.
    pub children: Vec<usize>,
    /// Asked before it runs.
    pub when: Option<Expr>,
    /// Where its items come from.
    pub fan_out: Option<FanOut>,
    /// Items at once.
    pub max_parallel: Option<u32>,
    /// Per attempt; of an approval from asking.
    pub timeout: Option<Duration>,
    /// Extra tries.
    pub retry: Retry,
    /// One slot of each per container.
    pub pools: Vec<PoolName>,
    /// Pipeline's, defaults' and its own, merged.
    pub labels: BTreeMap<String, String>,
    /// What it is.
    pub kind: Kind,
}

/// What a task is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A container, defaults merged in.
    Container(Box<Container>),
    /// A person's yes.
    Approval(Approval),
    /// Another pipeline.
    Call(Call),
}

/// Where items come from.
#[derive(Clone, Debug)]
pub enum FanOut {
    /// A matrix or a list in the file.
    Items(Vec<Json>),
    /// A list known at run time.
    Reference(Reference),
}

/// Extra tries, defaults filled in.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// Extra tries.
    pub limit: u32,
    /// The first pause.
    pub delay: Duration,
    /// All pauses alike.
    pub fixed: bool,
    /// The longest pause.
    pub max_delay: Duration,
    /// Only these, if any.
    pub exit_codes: Vec<i32>,
    /// All but these.
    pub final_exit_codes: Vec<i32>,
}

impl Retry {
    /// The pause after the `failed`th try (from 1).
    pub fn pause(&self, failed: u32) -> Duration {
        if self.fixed {
            return self.delay.min(self.max_delay);
        }
        let factor = 1_u32
            .checked_shl(failed.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.delay.saturating_mul(factor).min(self.max_delay)
    }
}

impl Plan {
    /// Checks a pipeline and makes it ready. Every problem is named.
    pub fn new(pipeline: Pipeline) -> Result<Self, Vec<Problem>> {
        let positions: BTreeMap<&str, usize> = pipeline
            .tasks
            .keys()
            .enumerate()
            .map(|(nth, name)| (name.as_str(), nth))
            .collect();
        let mut problems = Vec::new();
        let mut tasks = Vec::with_capacity(pipeline.tasks.len());
        for name in pipeline.tasks.keys() {
            match task(&pipeline, &positions, name) {
                Ok(task) => tasks.push(task),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let edges: Vec<(usize, usize)> = tasks
            .iter()
            .enumerate()
            .flat_map(|(child, task)| task.parents.iter().map(move |(parent, _)| (*parent, child)))
            .collect();
        for (parent, child) in edges {
            if let Some(task) = tasks.get_mut(parent) {
                task.children.push(child);
            }
        }
        Ok(Self { pipeline, tasks })
    }

    /// Names of all tasks, in order.
    pub fn names(&self) -> Vec<TaskName> {
        self.tasks.iter().map(|task| task.name.clone()).collect()
    }

    /// Where a task stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.tasks
            .binary_search_by(|task| task.name.as_str().cmp(name))
            .ok()
    }
}

fn task(
    pipeline: &Pipeline,
    positions: &BTreeMap<&str, usize>,
    name: &TaskName,
) -> Result<Task, Problem> {
    let path = Path::top().at("tasks").at(name.as_str());
    let Some(said) = pipeline.tasks.get(name) else {
        return Err(Problem::error(path, "this task is not there"));
    };
    let parents = parents(said, positions, &path)?;
    let when = said
        .when
        .as_deref()
        .map(Expr::parse)
        .transpose()
        .map_err(|error| Problem {
            within: Some(error.at),
            ..Problem::error(path.at("when"), error.message)
        })?;
    let defaults = pipeline.defaults.as_ref();
    let kind = match (&said.approval, &said.pipeline) {
        (Some(approval), _) => Kind::Approval(approval.clone()),
        (None, Some(call)) => Kind::Call(call.clone()),
        (None, None) => Kind::Container(Box::new(effective(defaults, said))),
    };
    let is_container = matches!(kind, Kind::Container(_));
    let from_defaults = defaults.filter(|_| is_container);
    let timeout = said
        .timeout
        .or(from_defaults.and_then(|d| d.timeout))
        .map(Into::into);
    let pools = match from_defaults.and_then(|d| d.pools.as_ref()) {
        Some(pools) if said.pools.is_empty() => pools.clone(),
        _ => said.pools.clone(),
    };
    let labels = [
        Some(&pipeline.labels),
        defaults.map(|d| &d.labels),
        Some(&said.labels),
    ]
    .into_iter()
    .flatten()
    .flat_map(Clone::clone)
    .collect();
    Ok(Task {
        name: name.clone(),
        finally: said.finally.unwrap_or(false),
        allow_failure: said.allow_failure.unwrap_or(false),
        parents,
        children: Vec::new(),
        when,
        fan_out: fan_out(said),
        max_parallel: said.max_parallel,
        timeout: if is_container {
            timeout.or(Some(DEFAULT_TIMEOUT))
        } else {
            timeout
        },
        retry: retry(said),
        pools,
        labels,
        kind,
    })
}

fn parents(
    said: &crate::definition::Task,
    positions: &BTreeMap<&str, usize>,
    path: &Path,
) -> Result<Vec<(usize, Condition)>, Problem> {
    let position = |(parent, condition): (&TaskName, &Condition)| {
        let unknown =
            || Problem::error(path.at("depends_on"), format!("there is no task {parent}"));
        Ok((
            *positions.get(parent.as_str()).ok_or_else(unknown)?,
            *condition,
        ))
    };
    said.depends_on.iter().map(position).collect()
}

fn retry(said: &crate::definition::Task) -> Retry {
    let Some(retry) = &said.retry else {
        return Retry::default();
    };
    Retry {
        limit: retry.limit,
        delay: retry.delay.map_or(Duration::from_secs(5), Into::into),
        fixed: retry.backoff == Some(Backoff::Fixed),
        max_delay: retry.max_delay.map_or(Duration::from_mins(5), Into::into),
        exit_codes: retry.exit_codes.clone(),
        final_exit_codes: retry.final_exit_codes.clone(),
    }
}

fn fan_out(said: &crate::definition::Task) -> Option<FanOut> {
    if let Some(matrix) = &said.matrix {
        return Some(FanOut::Items(combinations(matrix)));
    }
    said.for_each.as_ref().map(|for_each| match for_each {
        ForEach::List(items) => FanOut::Items(items.clone()),
        ForEach::Reference(reference) => FanOut::Reference(reference.clone()),
    })
}

/// All combinations: keys in alphabetical order, the last varies fastest.
fn combinations(matrix: &BTreeMap<String, Vec<Json>>) -> Vec<Json> {
    let mut rows = vec![serde_json::Map::new()];
    for (key, values) in matrix {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                values.iter().map(move |value| {
                    let mut row = row.clone();
                    row.insert(key.clone(), value.clone());
                    row
                })
            })
            .take(MOST_ITEMS + 1)
            .collect();
    }
    rows.into_iter().map(Json::Object).collect()
}
