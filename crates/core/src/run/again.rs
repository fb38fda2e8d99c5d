//! Which tasks and items a rerun is about, and why there may be none.

use super::{
    Key, TaskState,
    book::{Book, Place},
};
use crate::{
    definition::{Container, VolumeSource},
    name::VolumeName,
    plan::{self, Kind},
    suggest,
};
use std::collections::BTreeSet;

/// What is to be done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// All of it.
    Everything,
    /// What ended badly or was cancelled.
    Failed,
    /// These tasks and items.
    From(Vec<Key>),
}

/// Why a run cannot be rerun so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAgain {
    /// It goes on.
    #[error("it is not over: cancel it, or let it end, first")]
    NotOver,
    /// There is nothing to do again.
    #[error("nothing of it failed; without --failed all of it runs again")]
    NothingFailed,
    /// No such task.
    #[error("it has no task `{name}`{meant}")]
    NoTask {
        /// As it was asked for.
        name: String,
        /// What may be meant.
        meant: String,
    },
    /// No such item.
    #[error("its task {task} has {items} items, counted from 0: there is no item {item}")]
    NoItem {
        /// Of this task.
        task: String,
        /// The item that was asked for.
        item: u32,
        /// How many there are.
        items: usize,
    },
    /// It was about other tasks.
    #[error("it was about some tasks only, and {task} was not one of them")]
    LeftOut {
        /// The task that was asked for.
        task: String,
    },
    /// What a task would find in a scratch volume is gone.
    #[error(
        "its scratch volume {volume} went with it, and {reader} uses it: run the tasks that write \
         it again too ({})",
        writers.iter().map(|task| format!("--from {task}")).collect::<Vec<_>>().join(" ")
    )]
    Scratch {
        /// Which volume.
        volume: VolumeName,
        /// A task that would run again and mounts it.
        reader: String,
        /// All tasks that may write to it.
        writers: Vec<String>,
    },
}

impl Book {
    /// The keys of a rerun.
    pub fn again(&self, again: &Again) -> Result<Vec<Key>, NotAgain> {
        if !self.run.head.state.is_over() {
            return Err(NotAgain::NotOver);
        }
        let places = match again {
            Again::Everything => (0..self.plan.tasks.len())
                .filter(|task| self.is_selected(*task))
                .map(|task| (task, None))
                .collect(),
            Again::Failed => self.failed(),
            Again::From(keys) => {
                let places: Result<Vec<_>, _> =
                    keys.iter().map(|key| self.asked_for(key)).collect();
                places?
            }
        };
        if places.is_empty() {
            return Err(NotAgain::NothingFailed);
        }
        self.check_scratch(&places)?;
        Ok(places.iter().filter_map(|place| self.key(*place)).collect())
    }

    /// What ended badly or was cancelled: of a fan-out that came to items, its items.
    fn failed(&self) -> Vec<Place> {
        let is_bad = |state: TaskState| state.is_failure() || state == TaskState::Cancelled;
        let mut places = Vec::new();
        for (at, task) in self.run.tasks.iter().enumerate() {
            if !is_bad(task.own.state) {
                continue;
            }
            let items = (0..)
                .zip(&task.items)
                .filter(|(_, item)| is_bad(item.state));
            let items: Vec<Place> = items.map(|(item, _)| (at, Some(item))).collect();
            if task.own.expanded && !items.is_empty() {
                places.extend(items);
            } else {
                places.push((at, None));
            }
        }
        places
    }

    fn asked_for(&self, key: &Key) -> Result<Place, NotAgain> {
        let name = key.task.as_str();
        let Some(at) = self.plan.position(name) else {
            let known = self.plan.tasks.iter().map(|task| task.name.as_str());
            let (name, meant) = (name.to_owned(), suggest::or_list(name, known));
            return Err(NotAgain::NoTask { name, meant });
        };
        if !self.is_selected(at) {
            let task = name.to_owned();
            return Err(NotAgain::LeftOut { task });
        }
        match key.item {
            Some(item) if self.at((at, key.item)).is_none() => Err(NotAgain::NoItem {
                task: name.to_owned(),
                item,
                items: self.run.tasks.get(at).map_or(0, |task| task.items.len()),
            }),
            item => Ok((at, item)),
        }
    }

    /// Scratch volumes went with the run: whoever uses one needs all that was written to it.
    fn check_scratch(&self, places: &[Place]) -> Result<(), NotAgain> {
        let whole = self.behind(places);
        let runs_again =
            |task: usize| whole.contains(&task) || places.iter().any(|(at, _)| *at == task);
        // Of a fan-out all items must write again.
        let writes_again = |task: usize| {
            let items = self.run.tasks.get(task).map_or(0, |task| task.items.len());
            let named = places
                .iter()
                .filter(|(at, item)| *at == task && item.is_some());
            whole.contains(&task) || (items > 0 && named.count() == items)
        };
        let tasks = || self.plan.tasks.iter().enumerate();
        for (_, reader) in tasks().filter(|(at, _)| runs_again(*at)) {
            for (volume, _) in scratch(reader) {
                let writers = tasks().filter(|(at, task)| {
                    self.is_selected(*at) && scratch(task).contains(&(volume, true))
                });
                let writers: Vec<(usize, &plan::Task)> = writers.collect();
                if writers.iter().all(|(at, _)| writes_again(*at)) {
                    continue;
                }
                return Err(NotAgain::Scratch {
                    volume: volume.clone(),
                    reader: reader.name.to_string(),
                    writers: writers
                        .iter()
                        .map(|(_, task)| task.name.to_string())
                        .collect(),
                });
            }
        }
        Ok(())
    }
}

/// The scratch volumes of a task and of its services, each with whether it may be written to.
fn scratch(task: &plan::Task) -> BTreeSet<(&VolumeName, bool)> {
    let Kind::Container(said) = &task.kind else {
        return BTreeSet::new();
    };
    let services = said.services.values().map(|service| &service.container);
    std::iter::once(&**said)
        .chain(services)
        .flat_map(|container: &Container| container.volumes.values())
        .filter_map(|volume| match &volume.source {
            VolumeSource::Scratch(name) => Some((name, !volume.read_only.unwrap_or(false))),
            _ => None,
        })
        .collect()
}
