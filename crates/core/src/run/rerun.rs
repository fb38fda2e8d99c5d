//! Doing it again, and going on after a restart.

use super::{
    Effect, Key, RunState, Stage, TaskState,
    attempts::last_number,
    book::{Book, Place},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Book {
    /// What a driver that starts now has to do. Everything in it may be done twice.
    pub fn resume(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (at, task) in self.run.tasks.iter().enumerate() {
            let items = (0_u32..)
                .zip(&task.items)
                .map(|(item, unit)| ((at, Some(item)), unit));
            for (place, unit) in std::iter::once(((at, None), &task.own)).chain(items) {
                let Some(key) = self.key(place) else { continue };
                for attempt in &unit.attempts {
                    let number = attempt.number;
                    if attempt.stage == Stage::Ended {
                        effects.push(Effect::Remove {
                            key: key.clone(),
                            attempt: number,
                        });
                    }
                    if attempt.stage == Stage::Kept {
                        effects.push(Effect::Keep {
                            key: key.clone(),
                            attempt: number,
                        });
                    }
                    if attempt.state.is_over() {
                        continue;
                    }
                    effects.extend(self.effect_of(place, number));
                    if attempt.stop.is_some() {
                        effects.push(self.stop_of(place, key.clone(), number));
                    }
                }
            }
        }
        if self.run.head.state.is_over() {
            effects.push(Effect::Finish);
        }
        effects
    }

    pub(super) fn rerun(&mut self, keys: &[Key], now: Timestamp) -> bool {
        let places: Option<Vec<Place>> = keys
            .iter()
            .map(|key| self.place(key).filter(|place| self.at(*place).is_some()))
            .collect();
        let Some(places) = places.filter(|places| !places.is_empty()) else {
            return false;
        };
        if !self.run.head.state.is_over() {
            return false;
        }
        let whole = self.behind(&places);
        for task in &whole {
            self.reset_task(*task, now);
        }
        let items: Vec<Place> = places
            .into_iter()
            .filter(|(task, _)| !whole.contains(task))
            .collect();
        for (task, _) in &items {
            if let Some(own) = self.at_mut((*task, None)) {
                own.state = TaskState::Running;
                own.reason = None;
                own.message = None;
                own.ended_at = None;
            }
            self.touch((*task, None));
            self.record((*task, None), TaskState::Running, None, now);
        }
        for place in &items {
            self.reset_unit(*place, now);
        }
        let head = &mut self.run.head;
        head.reason = None;
        head.message = None;
        head.started_at = Some(now);
        head.ended_at = None;
        head.stop = None;
        head.in_finally = false;
        head.finally_stopped = false;
        self.set_run(RunState::Running, now);
        self.count();
        for place in items {
            self.make_ready(place, now);
        }
        self.begin(false);
        true
    }

    /// Tasks that begin again as a whole: those named, all that depends on any of `places`, and
    /// every finally task.
    pub(super) fn behind(&self, places: &[Place]) -> BTreeSet<usize> {
        let mut whole: BTreeSet<usize> = places
            .iter()
            .filter(|(_, item)| item.is_none())
            .map(|(task, _)| *task)
            .collect();
        let mut todo: Vec<usize> = places.iter().map(|(task, _)| *task).collect();
        let tasks = || self.plan.tasks.iter().enumerate();
        let finally = tasks().filter(|(_, task)| task.finally);
        whole.extend(finally.map(|(at, _)| at));
        while let Some(task) = todo.pop() {
            for child in self
                .plan
                .tasks
                .get(task)
                .map(|t| t.children.clone())
                .unwrap_or_default()
            {
                if whole.insert(child) {
                    todo.push(child);
                }
            }
        }
        whole.retain(|task| self.is_selected(*task));
        whole
    }

    fn reset_task(&mut self, task: usize, now: Timestamp) {
        let items = self.run.tasks.get(task).map_or(0, |task| task.items.len());
        for item in (0..u32::MAX).take(items) {
            self.reset_unit((task, Some(item)), now);
        }
        self.reset_unit((task, None), now);
    }

    fn reset_unit(&mut self, place: Place, now: Timestamp) {
        self.let_go(place);
        let Some(unit) = self.at_mut(place) else {
            return;
        };
        unit.earlier = last_number(unit);
        unit.state = TaskState::Waiting;
        unit.reason = None;
        unit.message = None;
        unit.outputs.clear();
        unit.ready = None;
        unit.due = None;
        unit.ended_at = None;
        unit.expanded = false;
        self.touch(place);
        self.record(place, TaskState::Waiting, None, now);
    }
}
