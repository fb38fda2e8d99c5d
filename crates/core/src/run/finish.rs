//! How things end: a unit, a fan-out, a run.

use super::{
    Effect, Key, Reason, RunReason, RunState, RunStop, Stop, Task, TaskState, Unit,
    book::{Book, Place, attempt_mut},
};
use crate::planted;
use jiff::Timestamp;

impl Book {
    /// Ends a unit with a reason.
    pub(super) fn end(
        &mut self,
        place: Place,
        state: TaskState,
        reason: Reason,
        message: Option<String>,
        now: Timestamp,
    ) {
        self.end_with(place, state, Some(reason), message, now);
    }

    /// Ends a unit, and whatever ends with it.
    pub(super) fn end_with(
        &mut self,
        place: Place,
        state: TaskState,
        reason: Option<Reason>,
        message: Option<String>,
        now: Timestamp,
    ) {
        self.disarm(place);
        let Some(unit) = self.at_mut(place) else {
            return;
        };
        if unit.state.is_over() {
            return;
        }
        let ready = unit.ready.take();
        unit.state = state;
        unit.reason = reason;
        unit.message = message;
        unit.due = None;
        unit.ended_at = Some(now);
        if let Some(ready) = ready {
            self.queue.remove(&(ready, place));
        }
        self.touch(place);
        self.record(place, state, reason, now);
        match place {
            (task, Some(_)) => self.item_ended(task, now),
            (task, None) => {
                self.keep_objects(task, state, now);
                self.end_leftovers(task, now);
                self.task_ended(task);
            }
        }
    }

    /// A fan-out is over: so are the items of before a rerun that it did not come to again.
    fn end_leftovers(&mut self, task: usize, now: Timestamp) {
        let Some(entry) = self.run.tasks.get_mut(task) else {
            return;
        };
        let (state, reason) = match entry.own.state {
            TaskState::Skipped | TaskState::Cancelled => (entry.own.state, entry.own.reason),
            _ => (TaskState::Skipped, Some(Reason::NotInList)),
        };
        let message = match state {
            TaskState::Skipped if reason != Some(Reason::NotInList) => entry.own.message.clone(),
            TaskState::Cancelled => entry.own.message.clone(),
            _ => Some(NOT_IN_LIST.to_owned()),
        };
        let mut ended = Vec::new();
        for (item, unit) in (0..).zip(&mut entry.items) {
            if !unit.state.is_over() {
                unit.state = state;
                unit.reason = reason;
                unit.message.clone_from(&message);
                unit.ended_at = Some(now);
                ended.push((task, Some(item)));
            }
        }
        if let Some(open) = self.open_items.get_mut(task) {
            *open = 0;
        }
        for place in ended {
            self.touch(place);
            self.record(place, state, reason, now);
        }
    }

    fn item_ended(&mut self, task: usize, now: Timestamp) {
        let Some(open) = self.open_items.get_mut(task) else {
            return;
        };
        *open = open.saturating_sub(1);
        if *open > 0 {
            return;
        }
        let Some((state, reason, message)) = self.run.tasks.get(task).map(gathered) else {
            return;
        };
        self.end_with((task, None), state, reason, message, now);
    }

    fn task_ended(&mut self, task: usize) {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(said) = plan.tasks.get(task) else {
            return;
        };
        let open = if said.finally {
            &mut self.open_finally
        } else {
            &mut self.open
        };
        *open = open.saturating_sub(1);
        let has_begun = self.run.head.state != RunState::Queued;
        for child in &said.children {
            let Some(pending) = self.pending.get_mut(*child) else {
                continue;
            };
            *pending = pending.saturating_sub(1);
            let is_its_time = plan
                .tasks
                .get(*child)
                .is_some_and(|child| has_begun && (!child.finally || self.run.head.in_finally));
            if *pending == 0 && is_its_time {
                self.undecided.push_back(*child);
            }
        }
    }

    /// Moves the run on: to its finally tasks, or to its end. True if something may be decided.
    pub(super) fn advance(&mut self, now: Timestamp) -> bool {
        let head = &self.run.head;
        if head.state.is_over() || head.state == RunState::Queued || self.open > 0 {
            return false;
        }
        if !head.in_finally {
            self.run.head.in_finally = true;
            self.step.head = true;
            if self.open_finally > 0 && !(planted::is(9) && self.run.head.stop.is_some()) {
                self.begin(true);
                return true;
            }
        }
        if self.open_finally == 0 {
            self.finish(now);
        }
        false
    }

    pub(super) fn finish(&mut self, now: Timestamp) {
        let (state, reason, message) = self.verdict(true);
        let head = &mut self.run.head;
        head.reason = reason;
        head.message = message;
        head.ended_at = Some(now);
        self.set_run(state, now);
        self.step.effects.push(Effect::Finish);
    }

    /// What the run comes to, with or without its finally tasks. The first that applies.
    pub(super) fn verdict(
        &self,
        with_finally: bool,
    ) -> (RunState, Option<RunReason>, Option<String>) {
        let text = |message: &str| Some(message.to_owned());
        match self.run.head.stop {
            Some(RunStop::Person) => {
                let message = text(match self.origin.calls.by {
                    None => "a person cancelled it",
                    Some(_) => "the run that called it stopped it, or a person did",
                });
                return (RunState::Cancelled, Some(RunReason::ByPerson), message);
            }
            Some(RunStop::Replaced) => {
                let message = text("a newer run replaced it");
                return (RunState::Cancelled, Some(RunReason::Replaced), message);
            }
            Some(RunStop::Timeout) => {
                let message = text("it took longer than its `timeout`");
                return (RunState::Failed, Some(RunReason::TimedOut), message);
            }
            None => {}
        }
        if let Some((name, unit)) = self.first_failure(with_finally) {
            let why = unit.message.as_deref().unwrap_or("it failed");
            let message = Some(format!("{name} ended as {}: {why}", unit.state));
            return (RunState::Failed, Some(RunReason::TaskFailed), message);
        }
        let ordinary = || {
            let all = self.run.tasks.iter().zip(&self.plan.tasks);
            all.filter(|(_, said)| !said.finally)
        };
        if let Some((_, said)) = ordinary().find(|(task, _)| task.own.state == TaskState::Cancelled)
        {
            // Of a cancelled run some of the tasks were rerun, and this was not one of them.
            let message = Some(format!("{} was cancelled before, and not rerun", said.name));
            return (RunState::Cancelled, Some(RunReason::ByPerson), message);
        }
        let is_about_ordinary = ordinary().any(|(task, _)| !is_left_out(task));
        if is_about_ordinary && ordinary().all(|(task, _)| task.own.state == TaskState::Skipped) {
            let message = text("all of its tasks were skipped");
            return (RunState::Skipped, Some(RunReason::NothingToDo), message);
        }
        (RunState::Succeeded, None, self.forgiven())
    }

    /// What failed with leave to, in a sentence: a run that succeeded all the same says so.
    fn forgiven(&self) -> Option<String> {
        let all = self.run.tasks.iter().zip(&self.plan.tasks);
        let failed = all.filter(|(task, _)| task.own.state.is_failure());
        let names: Vec<&str> = failed.map(|(_, said)| said.name.as_str()).collect();
        let (last, rest) = names.split_last()?;
        Some(match rest {
            [] => format!("{last} failed, which is allowed"),
            rest => format!("{} and {last} failed, which is allowed", rest.join(", ")),
        })
    }

    /// The first task that ended badly, without leave to.
    fn first_failure(&self, with_finally: bool) -> Option<(&str, &Unit)> {
        self.run
            .tasks
            .iter()
            .zip(&self.plan.tasks)
            .filter(|(task, said)| {
                task.own.state.is_failure()
                    && !said.allow_failure
                    && (with_finally || !said.finally)
            })
            .min_by_key(|(task, _)| task.own.ended_at)
            .map(|(task, said)| (said.name.as_str(), &task.own))
    }

    /// The moment at which the clock has to do something about a unit.
    fn deadline(&self, place: Place) -> Option<Timestamp> {
        let unit = self.at(place)?;
        match unit.state {
            TaskState::Retrying | TaskState::AwaitingApproval => unit.due,
            TaskState::Running => {
                let attempt = unit
                    .attempts
                    .last()
                    .filter(|attempt| attempt.stop.is_none())?;
                let timeout = self.plan.tasks.get(place.0)?.timeout?;
                attempt.started_at?.checked_add(timeout).ok()
            }
            _ => None,
        }
    }

    /// Sets the alarm for a unit.
    pub(super) fn arm(&mut self, place: Place) {
        if let Some(at) = self.deadline(place) {
            self.timers.insert((at, place));
        }
    }

    /// Takes a unit's alarm back, before its state changes.
    pub(super) fn disarm(&mut self, place: Place) {
        if let Some(at) = self.deadline(place) {
            self.timers.remove(&(at, place));
        }
    }

    pub(super) fn tick(&mut self, now: Timestamp) -> bool {
        if self.run_deadline().is_some_and(|at| at <= now) {
            self.run.head.stop = Some(RunStop::Timeout);
            self.step.head = true;
            self.stop_tasks(false, now);
        }
        while let Some((at, place)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, place));
            self.alarm(place, now);
        }
        true
    }

    fn alarm(&mut self, place: Place, now: Timestamp) {
        let Some(unit) = self.at_mut(place) else {
            return;
        };
        match unit.state {
            TaskState::Retrying => {
                unit.due = None;
                self.make_ready(place, now);
            }
            TaskState::Running => self.stop_attempt(place, Stop::Timeout),
            TaskState::AwaitingApproval => {
                let message = Some("nobody answered within its `timeout`".to_owned());
                self.end(place, TaskState::TimedOut, Reason::Timeout, message, now);
            }
            _ => {}
        }
    }

    /// Tells a unit's live attempt to end.
    fn stop_attempt(&mut self, place: Place, why: Stop) {
        let Some(key) = self.key(place) else { return };
        let Some(attempt) = self.at(place).and_then(|unit| unit.attempts.last()) else {
            return;
        };
        if attempt.stop.is_some() {
            return;
        }
        let attempt = attempt.number;
        self.disarm(place);
        if let Some(attempt) = self
            .at_mut(place)
            .and_then(|unit| attempt_mut(unit, attempt))
        {
            attempt.stop = Some(why);
        }
        self.touch_attempt(place, attempt);
        let effect = self.stop_of(place, key, attempt);
        self.step.effects.push(effect);
    }

    /// The order to stop an attempt, the same for a new one and for one found at a restart.
    pub(super) fn stop_of(&self, place: Place, key: Key, attempt: u32) -> Effect {
        if self.is_call(place) {
            let times = self.cancels(place);
            return Effect::CancelCall {
                key,
                attempt,
                times,
            };
        }
        let grace = self.grace(place);
        Effect::Stop {
            key,
            attempt,
            grace,
        }
    }

    pub(super) fn cancel(&mut self, stop: RunStop, now: Timestamp) -> bool {
        if stop == RunStop::Timeout {
            return false;
        }
        match self.run.head.state {
            RunState::Queued => {
                self.run.head.stop = Some(stop);
                self.stop_tasks(false, now);
                self.stop_tasks(true, now);
                self.finish(now);
            }
            RunState::Running => {
                self.run.head.stop = Some(stop);
                self.set_run(RunState::Cancelling, now);
                if !self.run.head.in_finally {
                    self.stop_tasks(false, now);
                }
            }
            // Asking again is how a person ends a run whose finally tasks hang.
            RunState::Cancelling if !self.run.head.finally_stopped => {
                self.run.head.finally_stopped = true;
                self.step.head = true;
                self.stop_tasks(true, now);
                self.cancel_calls_again();
            }
            RunState::Cancelling => self.kill_live(),
            _ => return false,
        }
        true
    }

    /// Ends what waits and stops what runs, among the ordinary or the finally tasks.
    fn stop_tasks(&mut self, finally: bool, now: Timestamp) {
        let (reason, why) = self.stop_reason();
        for place in self.open_places(finally) {
            let Some(unit) = self.at(place) else { continue };
            match unit.state {
                TaskState::Starting | TaskState::Running if !unit.attempts.is_empty() => {
                    self.stop_attempt(place, Stop::Run);
                }
                // A fan-out ends with its last item.
                TaskState::Running | TaskState::Starting => {}
                _ => {
                    let message = Some(why.to_owned());
                    self.end(place, TaskState::Cancelled, reason, message, now);
                }
            }
        }
    }

    fn kill_live(&mut self) {
        for place in [self.open_places(false), self.open_places(true)].concat() {
            let live = self.at(place).filter(|unit| unit.state.is_live());
            let number = live
                .and_then(|unit| unit.attempts.last())
                .map(|attempt| attempt.number);
            if let (Some(attempt), Some(key)) = (number, self.key(place)) {
                self.step.effects.push(if self.is_call(place) {
                    Effect::CancelCall {
                        key,
                        attempt,
                        times: 3,
                    }
                } else {
                    let grace = std::time::Duration::ZERO;
                    Effect::Stop {
                        key,
                        attempt,
                        grace,
                    }
                });
            }
        }
    }

    pub(super) fn open_places(&self, finally: bool) -> Vec<Place> {
        let mut places = Vec::new();
        for (at, (task, said)) in self.run.tasks.iter().zip(&self.plan.tasks).enumerate() {
            if said.finally != finally || task.own.state.is_over() {
                continue;
            }
            let open = (0_u32..)
                .zip(&task.items)
                .filter(|(_, item)| !item.state.is_over());
            places.extend(open.map(|(item, _)| (at, Some(item))));
            places.push((at, None));
        }
        places
    }
}

/// Said of an item that a rerun did not come to again.
pub(super) const NOT_IN_LIST: &str = "it is no longer in the list";

fn is_left_out(task: &Task) -> bool {
    task.own.reason == Some(Reason::NotSelected)
}

/// What a fan-out comes to when its last item is over.
fn gathered(task: &Task) -> (TaskState, Option<Reason>, Option<String>) {
    use TaskState::{Cancelled, Failed, Lost, Skipped, Succeeded, TimedOut};
    let with = |state: TaskState| -> Vec<(usize, &Unit)> {
        let of_list = task
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| is_in_list(item));
        of_list.filter(|(_, item)| item.state == state).collect()
    };
    for state in [Failed, TimedOut, Lost, Cancelled] {
        let found = with(state);
        if let Some((_, first)) = found.first() {
            let shown: Vec<String> = found
                .iter()
                .take(10)
                .map(|(index, _)| index.to_string())
                .collect();
            let more = if found.len() > 10 { ", …" } else { "" };
            let why = first.message.as_deref().unwrap_or(state.as_str());
            let of = task.items.iter().filter(|item| is_in_list(item)).count();
            let message = match found.len() {
                1 => format!("item {} of {of}: {why}", shown.join("")),
                all if all == of => format!("all {of} items; the first: {why}"),
                _ => format!("items {}{more} of {of}; the first: {why}", shown.join(", ")),
            };
            return (state, first.reason, Some(message));
        }
    }
    if task.items.iter().any(|item| item.state == Succeeded) {
        return (Succeeded, None, None);
    }
    let message = Some("its `when` was false for every item".to_owned());
    (Skipped, Some(Reason::ConditionFalse), message)
}

fn is_in_list(item: &Unit) -> bool {
    item.reason != Some(Reason::NotInList)
}
