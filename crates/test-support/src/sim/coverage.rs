//! What was reached: an empty world passes every seed.

use super::{steps, world::Point};
use std::collections::{BTreeMap, BTreeSet};

/// Every kind of thing that goes wrong.
pub const FAULTS: &[&str] = &[
    "answer_lost",
    "artifacts_cut",
    "away_no_restore",
    "away_restored",
    "blind",
    "busy",
    "cancel",
    "cancel_again",
    "cancel_third",
    "clock_back",
    "clock_forth",
    "conflict",
    "crash",
    "crowd",
    "declared_dead",
    "doubled",
    "drained",
    "exit_first",
    "full",
    "given_up",
    "killed_outside",
    "knock_lost",
    "late_order",
    "late_signal",
    "log_broken",
    "log_lost",
    "log_silent",
    "lost_note",
    "made_anew",
    "no_exit_code",
    "not_reached",
    "paused_outside",
    "pruned_outside",
    "removed_outside",
    "reordered",
    "slow",
    "start_refused",
    "suspended",
];

/// How often each of them has to come in ten thousand seeds.
const ENOUGH: u64 = 1_000;

/// How often each kind of thing happened, over many seeds.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Points at which time passed: calls, commits, waits.
    pub points: BTreeMap<Point, u64>,
    /// Crashes, by the point at which they came.
    pub crashes: BTreeMap<Point, u64>,
    /// Mishaps and interferences, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Pairs of a state and what became of it, as the histories show them.
    pub steps: BTreeMap<String, u64>,
    /// Reasons of tasks, items, attempts and runs.
    pub reasons: BTreeSet<String>,
    /// Containers that were kept at the end.
    pub kept: u64,
}

impl Coverage {
    /// Adds what another seed reached.
    pub fn add(&mut self, other: &Self) {
        sum(&mut self.points, &other.points);
        sum(&mut self.crashes, &other.crashes);
        sum(&mut self.faults, &other.faults);
        sum(&mut self.steps, &other.steps);
        self.kept += other.kept;
        self.reasons.extend(other.reasons.iter().cloned());
    }

    /// Everything that was to be reached in so many seeds and was not.
    pub fn missing(&self, seeds: u64) -> Vec<String> {
        let least = ENOUGH * seeds / 10_000;
        let mut missing = Vec::new();
        for fault in FAULTS {
            let times = self.faults.get(fault).copied().unwrap_or(0);
            if times < least {
                missing.push(format!(
                    "fault {fault}: {times} times, at least {least} wanted"
                ));
            }
        }
        if self.kept < least {
            missing.push(format!(
                "kept containers: {}, at least {least} wanted",
                self.kept
            ));
        }
        for fault in self.faults.keys().filter(|fault| !FAULTS.contains(fault)) {
            missing.push(format!("fault {fault} is not in the list"));
        }
        for point in self
            .points
            .keys()
            .filter(|point| !self.crashes.contains_key(*point))
        {
            missing.push(format!("never crashed {point}"));
        }
        for step in steps::legal()
            .into_iter()
            .filter(|step| !self.steps.contains_key(step))
        {
            missing.push(format!("step {step}"));
        }
        for reason in steps::reasons()
            .into_iter()
            .filter(|reason| !self.reasons.contains(reason))
        {
            missing.push(format!("reason {reason}"));
        }
        missing
    }
}

fn sum<K: Clone + Ord>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (name, count) in from {
        *into.entry(name.clone()).or_default() += count;
    }
}
