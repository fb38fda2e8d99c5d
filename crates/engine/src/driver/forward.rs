//! What is made ahead of its decision, and what becomes of it.

use super::Driver;
use crate::{
    ahead::Ahead,
    attempt::{Prepared, Start},
    clean,
};
use gofer_core::{
    container,
    run::{Effect, Event, Key, TaskState},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::sync::oneshot;

/// More at once would take the scheduler from what runs.
const MOST_AHEAD: usize = 4;

impl Driver {
    /// Has made what begins next behind these.
    pub(super) fn look_ahead(&mut self, changed: &BTreeSet<Key>) {
        let room = MOST_AHEAD.saturating_sub(self.aheads.len());
        let all = changed.iter().flat_map(|key| self.book.ahead_of(key));
        let found: BTreeMap<_, _> = all
            .map(|ahead| ((ahead.key.clone(), ahead.attempt), ahead))
            .filter(|(of, _)| !self.aheads.contains_key(of))
            .take(room)
            .collect();
        for (of, ahead) in found {
            let ordered = Ahead::order(&self.context, ahead);
            self.aheads.extend(ordered.map(|ahead| (of, ahead)));
        }
    }

    /// Gives up what will not be needed.
    pub(super) fn drop_aheads(&mut self) {
        let book = &self.book;
        let is_open = |key: &Key| {
            let unit = book.unit(key);
            unit.is_some_and(|unit| unit.state == TaskState::Waiting)
        };
        let dropped: Vec<_> = self
            .aheads
            .extract_if(.., |(key, _), _| !is_open(key))
            .collect();
        for ((key, attempt), ahead) in dropped {
            self.removals += 1;
            let id = self.context.id(&key, attempt);
            self.context
                .own(clean::refuse(Arc::clone(&self.context), id, ahead));
        }
    }

    /// Permits what was decided just now and is made already, in the commit of the decision.
    pub(super) fn permit_ahead(&mut self) {
        let started: Vec<_> = self.draft.effects.iter().filter_map(start_of).collect();
        let fitting: Vec<_> = started
            .into_iter()
            .filter_map(|(of, container)| {
                let ahead = self.aheads.get_mut(&of)?;
                let is_it = ahead.fits(&self.context, container);
                Some((of, ahead.made().filter(|_| is_it)?))
            })
            .collect();
        for ((key, attempt), container) in fitting {
            let Ok(place) = Arc::clone(&self.context.places).try_acquire_owned() else {
                continue;
            };
            let created = Event::Created {
                key: key.clone(),
                attempt,
                container,
            };
            if self.apply(&created) {
                let (granted, stored) = oneshot::channel();
                let of = (key.clone(), attempt);
                self.draft.permits.push((key, attempt, granted));
                if let Some(ahead) = self.aheads.get_mut(&of) {
                    ahead.start = Some(Start { stored, place });
                }
            }
        }
    }

    /// What was made of an attempt that is decided now.
    pub(super) fn prepared(
        &mut self,
        of: &(Key, u32),
        decided: &container::Attempt,
    ) -> Option<Prepared> {
        let mut ahead = self.aheads.remove(of)?;
        Some(match ahead.start.take() {
            Some(start) => Prepared::Permitted(ahead, start),
            None if ahead.fits(&self.context, decided) => Prepared::Fits(ahead),
            None => Prepared::Other(ahead),
        })
    }
}

fn start_of(effect: &Effect) -> Option<((Key, u32), &container::Attempt)> {
    match effect {
        Effect::Start {
            key,
            attempt,
            container,
        } => Some(((key.clone(), *attempt), container)),
        _ => None,
    }
}
