//! What stays of a failed attempt, so that a person can look into it.

use super::{
    Effect, Ending, Key, Stage, TaskState,
    book::{Book, Place, attempt_mut},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Containers of one run that are kept at most; the newest win.
pub const MOST_KEPT: usize = 8;

/// Whose containers are kept when they are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Nobody's.
    None,
    /// Of each task or item that of its last attempt, if it failed.
    #[default]
    Failed,
}

impl Book {
    /// Keeps containers by this rule from now on.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.keep = keep;
        self
    }

    /// The attempts whose containers are kept.
    pub fn kept(&self) -> impl Iterator<Item = (Key, u32)> + '_ {
        let kept = self.kept.iter();
        kept.filter_map(|(_, place, number)| Some((self.key(*place)?, *number)))
    }

    /// Only what is there and went wrong by itself.
    pub(super) fn is_worth_a_look(&self, ending: &Ending, state: TaskState) -> bool {
        self.keep == Keep::Failed && state.is_failure() && matches!(ending, Ending::Exited(_))
    }

    /// Keeps an attempt that has just ended, in the place of the oldest one if there are too many.
    pub(super) fn keep(&mut self, place: Place, number: u32, now: Timestamp) {
        let Some(key) = self.key(place) else { return };
        let attempt = self
            .at_mut(place)
            .and_then(|unit| attempt_mut(unit, number));
        if let Some(attempt) = attempt {
            attempt.stage = Stage::Kept;
        }
        self.kept.insert((now, place, number));
        self.touch_attempt(place, number);
        let attempt = number;
        self.step.effects.push(Effect::Keep { key, attempt });
        while self.kept.len() > MOST_KEPT {
            let Some((_, place, number)) = self.kept.pop_first() else {
                break;
            };
            self.no_longer(place, number);
        }
    }

    /// What is kept of a task or an item goes: it is tried again.
    pub(super) fn let_go(&mut self, place: Place) {
        let of = |kept: &&(Timestamp, Place, u32)| kept.1 == place;
        let found: Vec<_> = self.kept.iter().filter(of).copied().collect();
        for kept in found {
            self.kept.remove(&kept);
            self.no_longer(kept.1, kept.2);
        }
    }

    fn no_longer(&mut self, place: Place, number: u32) {
        let Some(key) = self.key(place) else { return };
        let attempt = self
            .at_mut(place)
            .and_then(|unit| attempt_mut(unit, number));
        if let Some(attempt) = attempt {
            attempt.stage = Stage::Ended;
        }
        self.touch_attempt(place, number);
        let attempt = number;
        self.step.effects.push(Effect::Remove { key, attempt });
    }

    /// Derives what is kept from the run.
    pub(super) fn count_kept(&mut self) {
        let mut kept = BTreeSet::new();
        for place in self.places() {
            let attempts = self.at(place).map(|unit| unit.attempts.as_slice());
            for attempt in attempts.unwrap_or_default() {
                if attempt.stage == Stage::Kept {
                    let ended = attempt.ended_at.unwrap_or(attempt.created_at);
                    kept.insert((ended, place, attempt.number));
                }
            }
        }
        self.kept = kept;
    }
}
