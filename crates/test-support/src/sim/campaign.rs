//! Many seeds, each twice.

use super::{Coverage, Crash, Outcome, run};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Campaign {
    /// Seeds, or seeds and points, with what was wrong.
    pub violations: Vec<(String, String)>,
    /// How many were run.
    pub runs: u64,
    /// What was reached.
    pub coverage: Coverage,
    /// Lives of processes.
    pub lives: u64,
    /// On the fake clock.
    pub took: Duration,
}

impl Campaign {
    fn add(&mut self, name: &str, outcome: Outcome) {
        let wrong = outcome
            .violations
            .into_iter()
            .map(|what| (name.to_owned(), what));
        self.violations.extend(wrong);
        self.runs += 1;
        self.coverage.add(&outcome.coverage);
        self.lives += u64::from(outcome.lives);
        self.took += outcome.took;
    }
}

/// Runs seeds on every core, each twice: both have to be the same.
pub fn seeds(first: u64, count: u64) -> Campaign {
    spread(count, |nth, campaign| {
        let seed = first + nth;
        let mut outcome = run(seed, Crash::Chance);
        let again = run(seed, Crash::Chance);
        if again.hash != outcome.hash || again.violations != outcome.violations {
            outcome.violations.push("two runs of it differ".to_owned());
        }
        let name = format!("seed {seed}");
        campaign
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&name, outcome);
    })
}

/// Runs each seed once for every point that its first process passes, and lets it crash there.
pub fn sweep(first: u64, count: u64) -> Campaign {
    spread(count, |nth, campaign| {
        let seed = first + nth;
        let points = run(seed, Crash::Never).points;
        for point in 1..=points {
            let outcome = run(seed, Crash::At(point));
            let name = format!("seed {seed} crashed at point {point}");
            campaign
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(&name, outcome);
        }
    })
}

fn spread(count: u64, work: impl Fn(u64, &Mutex<Campaign>) + Sync) -> Campaign {
    let (next, campaign) = (AtomicU64::new(0), Mutex::new(Campaign::default()));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        break;
                    }
                    work(nth, &campaign);
                }
            });
        }
    });
    let mut campaign = campaign
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    campaign.violations.sort();
    campaign
}
