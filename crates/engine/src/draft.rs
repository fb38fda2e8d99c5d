//! What several events came to, on the way into one commit.

use gofer_core::run::{Book, Change, Effect, Key, Object, Step, Unit};
use gofer_store::{Claim, Commit};
use std::collections::BTreeSet;
use tokio::sync::oneshot;

#[derive(Default)]
pub(crate) struct Draft {
    head: bool,
    units: BTreeSet<Key>,
    attempts: BTreeSet<(Key, u32)>,
    changes: Vec<Change>,
    objects: Vec<Object>,
    /// To be carried out once the rest is stored, in order.
    pub(crate) effects: Vec<Effect>,
    /// Requests that this deals with.
    pub(crate) handled: Vec<u64>,
    /// Starts to be permitted once the rest is stored and the claim was found to hold.
    pub(crate) permits: Vec<(Key, u32, oneshot::Sender<()>)>,
    /// Who waits for the commit.
    pub(crate) waiting: Vec<oneshot::Sender<()>>,
    /// The run is to be let go.
    pub(crate) release: bool,
}

impl Draft {
    pub(crate) fn add(&mut self, step: Step) {
        self.head |= step.head;
        self.units.extend(step.units);
        self.attempts.extend(step.attempts);
        self.changes.extend(step.changes);
        self.objects.extend(step.objects);
        self.effects.extend(step.effects);
    }

    /// The tasks and items that it is about.
    pub(crate) fn keys(&self) -> BTreeSet<Key> {
        self.units
            .iter()
            .chain(self.attempts.iter().map(|(key, _)| key))
            .cloned()
            .collect()
    }

    /// Nobody waits for it, and nothing is to be done when it is stored.
    pub(crate) fn is_for_nobody(&self) -> bool {
        self.effects.is_empty()
            && self.handled.is_empty()
            && self.permits.is_empty()
            && self.waiting.is_empty()
    }

    /// What has to be stored; `None` if that is nothing. A permit needs the claim to be looked at
    /// even if nothing changes.
    pub(crate) fn commit(&mut self, claim: Claim, book: &Book) -> Option<Commit> {
        let unit = |key: &Key| {
            book.unit(key)
                .map(|unit| (key.clone(), without_attempts(unit)))
        };
        let attempt = |(key, number): &(Key, u32)| {
            let unit = book.unit(key)?;
            let attempt = unit
                .attempts
                .iter()
                .rfind(|attempt| attempt.number == *number)?;
            Some((key.clone(), attempt.clone()))
        };
        let commit = Commit {
            claim,
            head: self.head.then(|| book.run().head.clone()),
            units: self.units.iter().filter_map(unit).collect(),
            attempts: self.attempts.iter().filter_map(attempt).collect(),
            changes: std::mem::take(&mut self.changes),
            objects: std::mem::take(&mut self.objects),
            handled: std::mem::take(&mut self.handled),
            release: self.release,
        };
        (!commit.is_empty() || !self.permits.is_empty()).then_some(commit)
    }
}

fn without_attempts(unit: &Unit) -> Unit {
    Unit {
        state: unit.state,
        reason: unit.reason,
        message: unit.message.clone(),
        value: unit.value.clone(),
        outputs: unit.outputs.clone(),
        ready: unit.ready,
        due: unit.due,
        ended_at: unit.ended_at,
        expanded: unit.expanded,
        earlier: unit.earlier,
        attempts: Vec::new(),
    }
}
