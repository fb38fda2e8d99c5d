//! Which tasks come before which, and which of them surely succeeded.

use super::report::Report;
use crate::{
    definition::{Condition, Pipeline, Task},
    name::TaskName,
    problem::Path,
};

/// A set of tasks by position.
#[derive(Clone)]
struct Set(Vec<u64>);

impl Set {
    fn none(tasks: usize) -> Self {
        Self(vec![0; tasks.div_ceil(64)])
    }

    fn has(&self, nth: usize) -> bool {
        self.0
            .get(nth / 64)
            .is_some_and(|word| word & (1 << (nth % 64)) != 0)
    }

    fn add(&mut self, nth: usize) {
        if let Some(word) = self.0.get_mut(nth / 64) {
            *word |= 1 << (nth % 64);
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    fn fill(&mut self) {
        self.0.fill(u64::MAX);
    }
}

pub(super) struct Graph<'a> {
    names: Vec<&'a TaskName>,
    tasks: Vec<&'a Task>,
    parents: Vec<Vec<(usize, Condition)>>,
    before: Vec<Set>,
    succeeded: Vec<Set>,
    rings: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(pipeline: &'a Pipeline) -> Self {
        let names: Vec<&TaskName> = pipeline.tasks.keys().collect();
        let mut parents = Vec::with_capacity(names.len());
        let mut is_open = Vec::with_capacity(names.len());
        for (nth, task) in pipeline.tasks.values().enumerate() {
            let mut known = Vec::with_capacity(task.depends_on.len());
            let mut from = 0;
            for (parent, condition) in &task.depends_on {
                match position(&names, parent, from) {
                    Some(at) => {
                        known.push((at, *condition));
                        from = at + 1;
                    }
                    None => from = 0,
                }
            }
            is_open.push(known.len() < task.depends_on.len());
            known.retain(|(at, _)| *at != nth);
            parents.push(known);
        }
        let (order, rings) = order(&parents);
        let count = names.len();
        let mut graph = Self {
            names,
            tasks: pipeline.tasks.values().collect(),
            parents,
            before: vec![Set::none(count); count],
            succeeded: vec![Set::none(count); count],
            rings,
        };
        let allowed: Vec<bool> = pipeline
            .tasks
            .values()
            .map(|task| task.allow_failure.unwrap_or(false))
            .collect();
        graph.close(&order, &allowed, &is_open);
        graph
    }

    /// Fills the sets, parents before children. A task whose parents are not all known, or that
    /// stands in a ring, has everything before it: what follows from that mistake is not reported.
    fn close(&mut self, order: &[usize], allowed: &[bool], is_open: &[bool]) {
        let mut rank = vec![0; order.len()];
        for (at, nth) in order.iter().enumerate() {
            if let Some(rank) = rank.get_mut(*nth) {
                *rank = at;
            }
        }
        let in_ring: Vec<usize> = self.rings.iter().flatten().copied().collect();
        for nth in order {
            let count = self.names.len();
            let (mut before, mut succeeded) = (Set::none(count), Set::none(count));
            if in_ring.contains(nth) || is_open.get(*nth) == Some(&true) {
                before.fill();
                succeeded.fill();
            }
            let mut parents = self.parents.get(*nth).cloned().unwrap_or_default();
            // The latest first: what it has before it need not be added again.
            parents.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(rank.get(*at).copied()));
            for (parent, condition) in parents {
                if !before.has(parent) {
                    before.add(parent);
                    self.before
                        .get(parent)
                        .into_iter()
                        .for_each(|set| before.add_all(set));
                }
                let surely = condition == Condition::Success && allowed.get(parent) == Some(&false);
                if surely && !succeeded.has(parent) {
                    succeeded.add(parent);
                    self.succeeded
                        .get(parent)
                        .into_iter()
                        .for_each(|set| succeeded.add_all(set));
                }
            }
            if let (Some(b), Some(s)) = (self.before.get_mut(*nth), self.succeeded.get_mut(*nth)) {
                (*b, *s) = (before, succeeded);
            }
        }
    }

    pub(super) fn task(&self, nth: usize) -> Option<(&'a TaskName, &'a Task)> {
        Some((*self.names.get(nth)?, *self.tasks.get(nth)?))
    }

    /// Known ones, without the task itself.
    pub(super) fn parents(&self, nth: usize) -> &[(usize, Condition)] {
        self.parents.get(nth).map_or(&[], Vec::as_slice)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names
            .binary_search_by(|known| known.as_str().cmp(name))
            .ok()
    }

    pub(super) fn is_before(&self, parent: usize, task: usize) -> bool {
        self.before.get(task).is_some_and(|set| set.has(parent))
    }

    /// Whether `task` only ever runs after `parent` succeeded.
    pub(super) fn surely_succeeded(&self, parent: usize, task: usize) -> bool {
        self.succeeded.get(task).is_some_and(|set| set.has(parent))
    }

    pub(super) fn report_rings(&self, report: &mut Report) {
        let name = |nth: &usize| self.names.get(*nth).map_or("", |name| name.as_str());
        for ring in &self.rings {
            let (Some(first), Some(next)) = (ring.first(), ring.get(1)) else {
                continue;
            };
            let arrows: Vec<&str> = ring.iter().chain([first]).map(name).collect();
            let path = Path::top()
                .at("tasks")
                .at(name(first))
                .at("depends_on")
                .at(name(next));
            let arrows = arrows.join(" → ");
            report.error(path, format!("these tasks wait for one another: {arrows}"));
        }
    }
}

/// Where a name stands; parents come in the order of names, so mostly right behind the last one.
fn position(names: &[&TaskName], name: &TaskName, from: usize) -> Option<usize> {
    if names.get(from) == Some(&name) {
        return Some(from);
    }
    names.binary_search(&name).ok()
}

/// Parents before children, and the rings that stand in the way of such an order.
fn order(parents: &[Vec<(usize, Condition)>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for (child, parents) in parents.iter().enumerate() {
        for (parent, _) in parents {
            children
                .get_mut(*parent)
                .into_iter()
                .for_each(|list| list.push(child));
        }
    }
    let mut waiting: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut is_placed = vec![false; parents.len()];
    let mut ready: Vec<usize> = positions(&waiting, |count| *count == 0);
    let mut order = Vec::with_capacity(parents.len());
    let mut rings = Vec::new();
    loop {
        while let Some(nth) = ready.pop() {
            if std::mem::replace(is_placed.get_mut(nth).unwrap_or(&mut true), true) {
                continue;
            }
            order.push(nth);
            for child in children.get(nth).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(*child) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(*child);
                    }
                }
            }
        }
        let Some(start) = is_placed.iter().position(|placed| !placed) else {
            break;
        };
        let ring = ring(start, parents, &is_placed);
        ready.extend(&ring);
        rings.push(ring);
    }
    (order, rings)
}

fn positions<T>(list: &[T], holds: impl Fn(&T) -> bool) -> Vec<usize> {
    list.iter()
        .enumerate()
        .filter(|(_, item)| holds(item))
        .map(|(nth, _)| nth)
        .collect()
}

/// Walks from parent to parent among those not placed, each of which has one, until the walk meets
/// itself. The ring begins with its first name.
fn ring(start: usize, parents: &[Vec<(usize, Condition)>], is_placed: &[bool]) -> Vec<usize> {
    let mut walk = vec![start];
    let mut met = vec![None; parents.len()];
    let mut here = start;
    loop {
        if let Some(place) = met.get_mut(here) {
            *place = Some(walk.len() - 1);
        }
        let open = |(nth, _): &&(usize, Condition)| is_placed.get(*nth) == Some(&false);
        let Some((next, _)) = parents.get(here).into_iter().flatten().find(open) else {
            return walk;
        };
        if let Some(Some(begin)) = met.get(*next) {
            let mut ring = walk.split_off(*begin);
            let first = ring.iter().enumerate().min_by_key(|(_, nth)| **nth);
            let turn = first.map_or(0, |(at, _)| at);
            ring.rotate_left(turn);
            return ring;
        }
        walk.push(*next);
        here = *next;
    }
}
