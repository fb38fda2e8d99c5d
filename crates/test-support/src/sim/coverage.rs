//! What was reached: an empty world passes every seed.

use std::collections::{BTreeMap, BTreeSet};

/// How often each kind of thing happened, over many seeds.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Points at which time passed: calls, commits, waits.
    pub points: BTreeMap<&'static str, u64>,
    /// Crashes, by the point at which they came.
    pub crashes: BTreeMap<&'static str, u64>,
    /// Mishaps and interferences, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Pairs of a state and what became of it, as the histories show them.
    pub steps: BTreeMap<String, u64>,
    /// Terminal states with their reasons.
    pub endings: BTreeSet<String>,
}

impl Coverage {
    /// Adds what another seed reached.
    pub fn add(&mut self, other: &Self) {
        let sum = |into: &mut BTreeMap<&'static str, u64>, from: &BTreeMap<&'static str, u64>| {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        };
        sum(&mut self.points, &other.points);
        sum(&mut self.crashes, &other.crashes);
        sum(&mut self.faults, &other.faults);
        for (name, count) in &other.steps {
            *self.steps.entry(name.clone()).or_default() += count;
        }
        self.endings.extend(other.endings.iter().cloned());
    }

    /// Points that were passed but never crashed at.
    pub fn never_crashed_at(&self) -> Vec<&'static str> {
        self.points.keys().filter(|point| !self.crashes.contains_key(*point)).copied().collect()
    }
}
