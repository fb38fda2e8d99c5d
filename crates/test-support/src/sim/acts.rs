//! What other people and the surroundings do, and when.

use super::dice::Dice;
use gofer_core::id::AttemptId;
use gofer_scheduler::fake::Restart;
use std::{collections::BTreeMap, time::Duration};

/// One of those things.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Ask for the stop of some run; so often already.
    Cancel(u32),
    Remove,
    Kill(i32),
    Pause,
    Unpause(AttemptId),
    Prune,
    Restart(Restart),
    /// Set the wall clock, by seconds.
    Clock(i64),
    /// A process does nothing for a while; others may take it for dead.
    Suspend {
        wait: Duration,
        dead: bool,
    },
    Wake(usize),
    /// A process is asked to end.
    Drain,
    /// A process starts.
    Start(usize),
    /// No more faults.
    Quiet,
}

/// Everything that is to happen, in order.
#[derive(Default)]
pub(crate) struct Acts {
    queue: BTreeMap<(Duration, u64), Act>,
    number: u64,
}

impl Acts {
    pub(crate) fn add(&mut self, at: Duration, act: Act) {
        self.number += 1;
        self.queue.insert((at, self.number), act);
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn take(&mut self) -> Option<Act> {
        self.queue.pop_first().map(|(_, act)| act)
    }

    /// Takes away what no longer may come, and leaves what undoes a fault.
    pub(crate) fn quiet(&mut self) -> Vec<Act> {
        let all = std::mem::take(&mut self.queue).into_values();
        all.filter(|act| matches!(act, Act::Unpause(_) | Act::Wake(_) | Act::Start(_)))
            .collect()
    }

    /// Chance. `alone` is a world without any.
    pub(crate) fn fill(&mut self, dice: &mut Dice) {
        for _ in 0..dice.below(11) {
            let at = Duration::from_millis(dice.below(15_000));
            let act = any(dice);
            self.add(at, act);
        }
    }
}

fn any(dice: &mut Dice) -> Act {
    let away = Duration::from_millis(dice.below(20_000));
    match dice.below(20) {
        0..4 => Act::Cancel(0),
        4 | 5 => Act::Remove,
        6 | 7 => Act::Kill(if dice.one_in(2) { 137 } else { 0 }),
        8 | 9 => Act::Pause,
        10 | 17 => Act::Prune,
        11 => Act::Restart(Restart {
            away,
            live_restore: true,
        }),
        12 => Act::Restart(Restart {
            away,
            live_restore: false,
        }),
        13 => Act::Clock(1 + i64::try_from(dice.below(7_200)).unwrap_or(0)),
        14 => Act::Clock(-1 - i64::try_from(dice.below(60)).unwrap_or(0)),
        15 => Act::Suspend {
            wait: away,
            dead: false,
        },
        16 => Act::Suspend {
            wait: away,
            dead: true,
        },
        _ => Act::Drain,
    }
}
