//! Reads what is stored, at once and without a trace.

use super::seat::JUDGE;
use gofer_core::{
    definition::Pipeline,
    id::{AttemptId, RunId},
    name::PipelineName,
    plan::Plan,
    run::{Attempt, Change, Key, Unit},
};
use gofer_store::{Filter, RunRow, Store, StoredRun, memory};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

type Plans = BTreeMap<(PipelineName, u32), Arc<Plan>>;

/// An eye on the store.
pub(crate) struct Look {
    store: memory::MemoryStore,
    plans: Mutex<Plans>,
}

/// One run as it is stored.
pub(crate) struct Case {
    pub(crate) stored: StoredRun,
    pub(crate) plan: Arc<Plan>,
}

impl Look {
    pub(crate) fn new(store: &memory::World) -> Self {
        Self {
            store: store.instance(JUDGE),
            plans: Mutex::default(),
        }
    }

    pub(crate) fn run(&self, run: RunId) -> Option<Case> {
        let stored = at_once(self.store.load(run))?.ok()?;
        let plan = self.plan(&stored.row)?;
        Some(Case { stored, plan })
    }

    /// All runs, oldest first.
    pub(crate) fn rows(&self) -> Vec<RunRow> {
        let page = at_once(self.store.runs(&Filter::default(), None, 1_000));
        let mut rows = page
            .and_then(Result::ok)
            .map(|page| page.rows)
            .unwrap_or_default();
        rows.reverse();
        rows
    }

    pub(crate) fn history(&self, run: RunId) -> Vec<Change> {
        let lines = at_once(self.store.history(run, 0, u32::MAX)).and_then(Result::ok);
        lines
            .unwrap_or_default()
            .into_iter()
            .map(|(_, change)| change)
            .collect()
    }

    fn plan(&self, row: &RunRow) -> Option<Arc<Plan>> {
        let name = (row.pipeline.clone(), row.version);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&name) {
            return Some(Arc::clone(plan));
        }
        let version = at_once(
            self.store
                .version(&row.namespace, &row.pipeline, row.version),
        )?;
        let pipeline: Pipeline = serde_json::from_str(&version.ok()?.canonical).ok()?;
        let plan = Arc::new(Plan::new(pipeline).ok()?);
        plans.insert(name, Arc::clone(&plan));
        Some(plan)
    }
}

/// The answer of somebody who has it at once.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

impl Case {
    pub(crate) fn units(&self) -> Vec<(Key, Unit)> {
        let mut units = Vec::new();
        for (task, name) in self.stored.run.tasks.iter().zip(&self.stored.tasks) {
            units.push((
                Key {
                    task: name.clone(),
                    item: None,
                },
                task.own.clone(),
            ));
            for (index, item) in (0_u32..).zip(&task.items) {
                units.push((
                    Key {
                        task: name.clone(),
                        item: Some(index),
                    },
                    item.clone(),
                ));
            }
        }
        units
    }

    pub(crate) fn attempts(&self) -> Vec<(AttemptId, Attempt)> {
        let run = self.stored.row.id;
        let of = |(key, unit): (Key, Unit)| {
            unit.attempts.into_iter().map(move |attempt| {
                let (task, item, number) = (key.task.clone(), key.item, attempt.number);
                (
                    AttemptId {
                        run,
                        task,
                        item,
                        number,
                    },
                    attempt,
                )
            })
        };
        self.units().into_iter().flat_map(of).collect()
    }

    pub(crate) fn attempt(&self, id: &AttemptId) -> Option<&Attempt> {
        let attempts = &self.unit(id)?.attempts;
        attempts.iter().find(|attempt| attempt.number == id.number)
    }

    pub(crate) fn unit(&self, id: &AttemptId) -> Option<&Unit> {
        let at = self.stored.tasks.iter().position(|name| *name == id.task)?;
        let task = self.stored.run.tasks.get(at)?;
        match id.item {
            None => Some(&task.own),
            Some(item) => task.items.get(item as usize),
        }
    }
}
