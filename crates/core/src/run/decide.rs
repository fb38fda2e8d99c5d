//! What becomes of a task when its last parent is over: `depends_on`, then `when`, then
//! expansion. Never before, so that a reason does not depend on timing.

use super::{
    Reason, RunState, TaskState, Unit,
    book::{Book, Place},
    finish::NOT_IN_LIST,
};
use crate::{
    definition::{Condition, Json},
    plan::{FanOut, Kind, MOST_ITEMS},
    planted,
};
use jiff::Timestamp;
use std::sync::Arc;

/// What a parent's end means to one condition.
pub(super) enum Met {
    Yes,
    No(Reason),
    Cancelled,
}

impl Book {
    /// Decides what can be decided, fills free places, and moves the run on, until nothing moves.
    pub(super) fn settle(&mut self, now: Timestamp) {
        loop {
            while let Some(task) = self.undecided.pop_front() {
                self.decide(task, now);
            }
            self.fill(now);
            if self.undecided.is_empty() && !self.advance(now) {
                break;
            }
        }
        if self.run.head.state == RunState::Queued {
            return;
        }
        self.run.head.next_ready += 1;
        self.step.head |= self
            .step
            .units
            .iter()
            .any(|key| self.unit(key).is_some_and(|unit| unit.ready.is_some()));
    }

    fn decide(&mut self, task: usize, now: Timestamp) {
        let place = (task, None);
        let plan = Arc::clone(&self.plan);
        let Some(said) = plan.tasks.get(task) else {
            return;
        };
        if self
            .at(place)
            .is_none_or(|unit| unit.state != TaskState::Waiting)
        {
            return;
        }
        match self.conditions(task) {
            Met::Cancelled => {
                let (reason, why) = self.stop_reason();
                let message = Some(why.to_owned());
                return self.end(place, TaskState::Cancelled, reason, message, now);
            }
            Met::No(reason) => {
                let message = self.unmet_sentence(task, reason);
                return self.end(place, TaskState::Skipped, reason, Some(message), now);
            }
            Met::Yes => {}
        }
        let asked_once = said.when.as_ref().filter(|when| !when.uses_item());
        match asked_once.map(|when| self.ask(when, place)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return self.condition_false(place, now),
            Some(Err(failure)) => {
                let message = format!("`when` could not be evaluated: {failure}");
                return self.end(
                    place,
                    TaskState::Failed,
                    Reason::WhenError,
                    Some(message),
                    now,
                );
            }
        }
        match &said.fan_out {
            Some(fan_out) => self.expand(task, fan_out, now),
            None => self.make_ready(place, now),
        }
    }

    fn condition_false(&mut self, place: Place, now: Timestamp) {
        let text = self
            .plan
            .tasks
            .get(place.0)
            .and_then(|task| self.plan.pipeline.tasks.get(&task.name))
            .and_then(|task| task.when.as_deref())
            .unwrap_or_default();
        let message = format!("its `when` was false: {text}");
        self.end(
            place,
            TaskState::Skipped,
            Reason::ConditionFalse,
            Some(message),
            now,
        );
    }

    /// All conditions of a task whose parents are over; of several that are not met the worst.
    fn conditions(&self, task: usize) -> Met {
        let mut worst: Option<Reason> = None;
        for (parent, condition) in self.parents(task) {
            match self.met(parent, condition) {
                Met::Cancelled => return Met::Cancelled,
                Met::Yes => {}
                Met::No(reason) => {
                    if worst.is_none_or(|known| badness(reason) > badness(known)) {
                        worst = Some(reason);
                    }
                }
            }
        }
        worst.map_or(Met::Yes, Met::No)
    }

    /// Those outside of a partial run count as met.
    pub(super) fn parents(&self, task: usize) -> Vec<(usize, Condition)> {
        let parents = self.plan.tasks.get(task).map(|task| &task.parents);
        let known = parents.into_iter().flatten().copied();
        known
            .filter(|(parent, _)| self.is_selected(*parent))
            .collect()
    }

    pub(super) fn met(&self, parent: usize, condition: Condition) -> Met {
        use Condition::{Any, Failure, NotFailed, Success};
        let Some(unit) = self.at((parent, None)) else {
            return Met::Yes;
        };
        let allowed = self
            .plan
            .tasks
            .get(parent)
            .is_some_and(|task| task.allow_failure);
        let behind = unit.reason == Some(Reason::UpstreamFailed);
        match (unit.state, condition) {
            (TaskState::Cancelled, _) => Met::Cancelled,
            (_, Any) => Met::Yes,
            (TaskState::Succeeded, Success | NotFailed) => Met::Yes,
            (TaskState::Succeeded, Failure) => Met::No(Reason::UpstreamSucceeded),
            (TaskState::Skipped, Failure) if behind || planted::is(10) => Met::Yes,
            (TaskState::Skipped, NotFailed) if !behind => Met::Yes,
            (TaskState::Skipped, _) if behind => Met::No(Reason::UpstreamFailed),
            (TaskState::Skipped, _) => Met::No(Reason::UpstreamSkipped),
            (_, Failure) => Met::Yes,
            (_, Success | NotFailed) if allowed => Met::Yes,
            (_, Success | NotFailed) => Met::No(Reason::UpstreamFailed),
        }
    }

    /// Names the task where it began, however far up.
    fn unmet_sentence(&self, task: usize, reason: Reason) -> String {
        let Some(root) = self.root(task, reason) else {
            return reason.to_string();
        };
        let name = self
            .plan
            .tasks
            .get(root)
            .map_or("", |task| task.name.as_str());
        let unit = self.at((root, None));
        let state = unit.map_or(TaskState::Waiting, |unit| unit.state);
        match reason {
            Reason::UpstreamFailed => match unit.and_then(|unit| unit.reason) {
                Some(why) => format!("{name} ended as {state} ({why})"),
                None => format!("{name} ended as {state}"),
            },
            Reason::UpstreamSkipped => {
                let why = unit
                    .and_then(|unit| unit.message.as_deref())
                    .unwrap_or("skipped");
                format!("{name} was skipped: {why}")
            }
            _ => format!("{name} succeeded, so this was not needed"),
        }
    }

    /// The task that a reason came from: up through parents that were skipped for the same one.
    fn root(&self, task: usize, reason: Reason) -> Option<usize> {
        let mut at = task;
        for _ in 0..self.plan.tasks.len() {
            let culprit = self.parents(at).into_iter().find(|(parent, condition)| {
                matches!(self.met(*parent, *condition), Met::No(why) if why == reason)
            });
            let (parent, _) = culprit?;
            let passed_on = self.at((parent, None)).is_some_and(|unit| {
                unit.state == TaskState::Skipped && unit.reason == Some(reason)
            });
            if !passed_on {
                return Some(parent);
            }
            at = parent;
        }
        None
    }

    fn expand(&mut self, task: usize, fan_out: &FanOut, now: Timestamp) {
        let place = (task, None);
        let values = match fan_out {
            FanOut::Items(items) => Ok(items.clone()),
            FanOut::Reference(reference) => self.list(reference, place),
        };
        let values = match values {
            Ok(values) => values,
            Err((reason, message)) => {
                return self.end(place, TaskState::Failed, reason, Some(message), now);
            }
        };
        if values.len() > MOST_ITEMS {
            let message = format!(
                "for_each got {} items; at most {MOST_ITEMS}. Make fewer, larger items",
                values.len()
            );
            return self.end(
                place,
                TaskState::Failed,
                Reason::TooManyItems,
                Some(message),
                now,
            );
        }
        if values.is_empty() {
            if let Some(unit) = self.at_mut(place) {
                unit.expanded = true;
            }
            let message = Some("the list is empty, so there was nothing to start".to_owned());
            return self.end(place, TaskState::Succeeded, Reason::NoItems, message, now);
        }
        self.add_items(task, values, now);
    }

    fn add_items(&mut self, task: usize, values: Vec<Json>, now: Timestamp) {
        let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let Some(entry) = self.run.tasks.get_mut(task) else {
            return;
        };
        for (nth, value) in values.into_iter().enumerate() {
            match entry.items.get_mut(nth) {
                Some(item) => item.value = Some(value),
                None => entry.items.push(Unit::new(Some(value))),
            }
        }
        let all = u32::try_from(entry.items.len()).unwrap_or(u32::MAX);
        entry.own.expanded = true;
        entry.own.state = TaskState::Running;
        self.record((task, None), TaskState::Running, None, now);
        self.touch((task, None));
        if let Some(open) = self.open_items.get_mut(task) {
            *open = all;
        }
        for item in count..all {
            let (place, reason) = ((task, Some(item)), Reason::NotInList);
            let message = Some(NOT_IN_LIST.to_owned());
            self.end(place, TaskState::Skipped, reason, message, now);
        }
        let plan = Arc::clone(&self.plan);
        let per_item = plan
            .tasks
            .get(task)
            .and_then(|t| t.when.as_ref())
            .filter(|when| when.uses_item());
        for item in 0..count {
            let place = (task, Some(item));
            match per_item.map(|when| self.ask(when, place)) {
                None | Some(Ok(true)) => self.make_ready(place, now),
                Some(Ok(false)) => self.condition_false(place, now),
                Some(Err(failure)) => {
                    let message = format!("`when` could not be evaluated: {failure}");
                    let reason = Reason::WhenError;
                    self.end(place, TaskState::Failed, reason, Some(message), now);
                }
            }
        }
    }

    /// Puts a unit into the queue of those that may start, or asks a person.
    pub(super) fn make_ready(&mut self, place: Place, now: Timestamp) {
        let approval = self
            .plan
            .tasks
            .get(place.0)
            .and_then(|task| match task.kind {
                Kind::Approval(_) => Some(task.timeout),
                _ => None,
            });
        if let Some(timeout) = approval {
            if let Some(unit) = self.at_mut(place) {
                unit.state = TaskState::AwaitingApproval;
                unit.due = timeout.and_then(|timeout| now.checked_add(timeout).ok());
            }
            self.record(place, TaskState::AwaitingApproval, None, now);
            self.arm(place);
        } else {
            let ready = self.run.head.next_ready;
            if let Some(unit) = self.at_mut(place) {
                unit.ready = Some(ready);
                self.queue.insert((ready, place));
            }
        }
        self.touch(place);
    }
}

fn badness(reason: Reason) -> u8 {
    match reason {
        Reason::UpstreamFailed => 3,
        Reason::UpstreamSkipped => 2,
        _ => 1,
    }
}
