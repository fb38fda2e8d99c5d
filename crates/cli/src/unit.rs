//! A task, or an item of one: what has a state, attempts and a log.

use crate::{
    failure::{Failure, Result},
    time,
};
use gofer_core::Timestamp;
use gofer_sdk::types::{Artifacts, Attempt, Item, Run, Task, TaskState};
use std::time::Duration;

/// Which one: a task's name and an item's index.
pub(crate) type Key = (String, Option<u32>);

/// `load`, or `load[3]`.
pub(crate) fn label(key: &Key) -> String {
    match key.1 {
        Some(index) => format!("{}[{index}]", key.0),
        None => key.0.clone(),
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit<'r> {
    pub(crate) task: &'r Task,
    pub(crate) item: Option<&'r Item>,
}

impl<'r> Unit<'r> {
    pub(crate) fn key(&self) -> Key {
        (self.task.name.clone(), self.item.map(|item| item.index))
    }

    pub(crate) fn label(&self) -> String {
        label(&self.key())
    }

    /// `etl/42/load/3`
    pub(crate) fn reference(&self, run: &Run) -> String {
        let task = format!("{}/{}", run.reference(), self.task.name);
        match self.item {
            Some(item) => format!("{task}/{}", item.index),
            None => task,
        }
    }

    pub(crate) fn state(&self) -> TaskState {
        self.item.map_or(self.task.state, |item| item.state)
    }

    pub(crate) fn reason(&self) -> Option<&'r str> {
        self.item
            .map_or(self.task.reason.as_deref(), |item| item.reason.as_deref())
    }

    pub(crate) fn message(&self) -> Option<&'r str> {
        self.item
            .map_or(self.task.message.as_deref(), |item| item.message.as_deref())
    }

    pub(crate) fn attempts(&self) -> &'r [Attempt] {
        self.item.map_or(&self.task.attempts, |item| &item.attempts)
    }

    /// How much its last attempt left.
    pub(crate) fn artifacts(&self) -> Option<Artifacts> {
        self.item.map_or(self.task.artifacts, |item| item.artifacts)
    }

    pub(crate) fn newest(&self) -> Option<&'r Attempt> {
        self.attempts().last()
    }

    /// Of a task that calls a pipeline: the run that its newest attempt started, as `load/7`.
    pub(crate) fn child(&self) -> Option<&'r str> {
        self.newest()?.child.as_deref()
    }

    /// Its newest attempt can be looked into.
    pub(crate) fn is_kept(&self, run: &Run) -> bool {
        let (task, item) = self.key();
        let newest = self.newest().map(|attempt| attempt.number);
        let mut kept = run.kept.iter();
        kept.any(|kept| kept.task == task && kept.item == item && Some(kept.attempt) == newest)
    }

    /// A called run has containers and logs of its own, the task that calls it has none.
    pub(crate) fn refuse_if_it_calls(&self, run: &Run, command: &str) -> Result<()> {
        let Some(child) = self.child() else {
            return Ok(());
        };
        let message = format!(
            "{} has no container of its own: it called {child}",
            self.reference(run)
        );
        Err(Failure::new(message).with_remedy(format!("gofer {command} {child}")))
    }

    /// Its state with the reason's sentence: `exit code 1`, `timed out after 5m`.
    pub(crate) fn why(&self) -> String {
        match (self.message(), self.reason()) {
            (Some(message), _) => message.lines().next().unwrap_or_default().to_owned(),
            (None, Some(reason)) => reason.replace('_', " "),
            (None, None) => String::new(),
        }
    }

    /// What stands below that sentence: lines of somebody else, such as a service.
    pub(crate) fn quoted(&self) -> Vec<&str> {
        self.message().unwrap_or_default().lines().skip(1).collect()
    }

    /// From the first attempt's start to the last one's end, or to now. Of a task that was rerun,
    /// only the attempts since `begun` count.
    pub(crate) fn took(&self, begun: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
        let starts = || {
            self.attempts()
                .iter()
                .filter_map(|attempt| attempt.started_at)
        };
        let since = starts().find(|start| begun.is_none_or(|begun| *start >= begun));
        let from = since.or_else(|| starts().next())?;
        let ended = || {
            self.attempts()
                .iter()
                .rev()
                .find_map(|attempt| attempt.ended_at)
        };
        let until = if self.state().is_over() {
            ended()?
        } else {
            now
        };
        Some(time::between(from, until))
    }
}

/// Tasks without items, and items: in order of name and index.
pub(crate) fn units(run: &Run) -> Vec<Unit<'_>> {
    run.tasks.iter().flat_map(of_task).collect()
}

pub(crate) fn of_task(task: &Task) -> Vec<Unit<'_>> {
    if task.items.is_empty() {
        return vec![Unit { task, item: None }];
    }
    task.items
        .iter()
        .map(|item| Unit {
            task,
            item: Some(item),
        })
        .collect()
}

/// The one with this key.
pub(crate) fn find<'r>(run: &'r Run, key: &Key) -> Option<Unit<'r>> {
    let task = run.task(&key.0)?;
    match key.1 {
        None => Some(Unit { task, item: None }),
        Some(index) => {
            let item = task.items.iter().find(|item| item.index == index)?;
            Some(Unit {
                task,
                item: Some(item),
            })
        }
    }
}

/// How long a run took, or takes.
pub(crate) fn run_took(
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    now: Timestamp,
) -> Option<Duration> {
    Some(time::between(started?, ended.unwrap_or(now)))
}
