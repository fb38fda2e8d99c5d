//! A task, or an item of one: what has a state, attempts and a log.

use crate::{
    failure::{Failure, Result},
    time,
};
use gofer_core::Timestamp;
use gofer_sdk::types::{Artifacts, Attempt, Item, Run, Task, TaskState};
use std::time::Duration;

/// Which one: a task's name and an item's index.
pub(crate) type Key = (String, Option<u32>);

/// `load`, or `load[3]`.
pub(crate) fn label(key: &Key) -> String {
    match key.1 {
        Some(index) => format!("{}[{index}]", key.0),
        None => key.0.clone(),
    }
}

/// `load`, or `load/3`.
pub(crate) fn path(key: &Key) -> String {
    match key.1 {
        Some(index) => format!("{}/{index}", key.0),
        None => key.0.clone(),
    }
}

/// The run is about other tasks.
pub(crate) fn is_left_out(task: &Task) -> bool {
    task.reason.as_deref() == Some("not_selected")
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit<'r> {
    pub(crate) task: &'r Task,
    pub(crate) item: Option<&'r Item>,
}

impl<'r> Unit<'r> {
    pub(crate) fn key(&self) -> Key {
        (self.task.name.clone(), self.item.map(|item| item.index))
    }

    pub(crate) fn label(&self) -> String {
        label(&self.key())
    }

    /// `etl/42/load/3`
    pub(crate) fn reference(&self, run: &Run) -> String {
        format!("{}/{}", run.reference(), path(&self.key()))
    }

    pub(crate) fn state(&self) -> TaskState {
        self.item.map_or(self.task.state, |item| item.state)
    }

    pub(crate) fn reason(&self) -> Option<&'r str> {
        self.item
            .map_or(self.task.reason.as_deref(), |item| item.reason.as_deref())
    }

    pub(crate) fn message(&self) -> Option<&'r str> {
        self.item
            .map_or(self.task.message.as_deref(), |item| item.message.as_deref())
    }

    pub(crate) fn attempts(&self) -> &'r [Attempt] {
        self.item.map_or(&self.task.attempts, |item| &item.attempts)
    }

    /// How much its last attempt left.
    pub(crate) fn artifacts(&self) -> Option<Artifacts> {
        self.item.map_or(self.task.artifacts, |item| item.artifacts)
    }

    pub(crate) fn newest(&self) -> Option<&'r Attempt> {
        self.attempts().last()
    }

    /// Of a task that calls a pipeline: the run that its newest attempt started, as `load/7`.
    pub(crate) fn child(&self) -> Option<&'r str> {
        self.newest()?.child.as_deref()
    }

    /// Its newest attempt can be looked into.
    pub(crate) fn is_kept(&self, run: &Run) -> bool {
        let (task, item) = self.key();
        let newest = self.newest().map(|attempt| attempt.number);
        let mut kept = run.kept.iter();
        kept.any(|kept| kept.task == task && kept.item == item && Some(kept.attempt) == newest)
    }

    /// A called run has containers and logs of its own, the task that calls it has none.
    pub(crate) fn refuse_if_it_calls(&self, run: &Run, command: &str) -> Result<()> {
        let Some(child) = self.child() else {
            return Ok(());
        };
        let message = format!(
            "{} has no container of its own: it called {child}",
            self.reference(run)
        );
        Err(Failure::new(message).with_remedy(format!("gofer {command} {child}")))
    }

    /// Its state with the reason's sentence: `exit code 1`, `timed out after 5m`.
    pub(crate) fn why(&self) -> String {
        match (self.message(), self.reason()) {
            (Some(message), _) => message.lines().next().unwrap_or_default().to_owned(),
            (None, Some(reason)) => reason.replace('_', " "),
            (None, None) => String::new(),
        }
    }

    /// What stands below that sentence: lines of somebody else, such as a service.
    pub(crate) fn quoted(&self) -> Vec<&str> {
        self.message().unwrap_or_default().lines().skip(1).collect()
    }

    /// How long its attempts took: those since the run, or its rerun, `begun`.
    pub(crate) fn took(&self, begun: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
        took(self.attempts().iter(), self.state().is_over(), begun, now)
    }
}

/// From the start of the first attempt to the end of the last one, or to now. Only what happened
/// since `begun` counts; if nothing did, only the time in which an attempt went on, for between
/// two attempts of long ago there may be a day.
pub(crate) fn took<'r>(
    attempts: impl Iterator<Item = &'r Attempt>,
    is_over: bool,
    begun: Option<Timestamp>,
    now: Timestamp,
) -> Option<Duration> {
    let mut spans: Vec<(Timestamp, Timestamp)> = attempts
        .filter_map(|attempt| {
            let from = attempt.started_at?;
            Some((from, attempt.ended_at.unwrap_or(now).max(from)))
        })
        .collect();
    spans.sort_unstable();
    let since = |(from, _): &&(Timestamp, Timestamp)| begun.is_none_or(|begun| *from >= begun);
    if let Some((from, _)) = spans.iter().find(since) {
        let ended = spans.iter().map(|(_, until)| *until).max()?;
        return Some(time::between(*from, if is_over { ended } else { now }));
    }
    let (mut all, mut last) = (Duration::ZERO, spans.first()?.0);
    for (from, until) in spans {
        all += time::between(from.max(last), until);
        last = last.max(until);
    }
    Some(all)
}

/// Tasks without items, and items: in order of name and index.
pub(crate) fn units(run: &Run) -> Vec<Unit<'_>> {
    run.tasks.iter().flat_map(of_task).collect()
}

pub(crate) fn of_task(task: &Task) -> Vec<Unit<'_>> {
    if task.items.is_empty() {
        return vec![Unit { task, item: None }];
    }
    task.items
        .iter()
        .map(|item| Unit {
            task,
            item: Some(item),
        })
        .collect()
}

/// The one with this key.
pub(crate) fn find<'r>(run: &'r Run, key: &Key) -> Option<Unit<'r>> {
    let task = run.task(&key.0)?;
    match key.1 {
        None => Some(Unit { task, item: None }),
        Some(index) => {
            let item = task.items.iter().find(|item| item.index == index)?;
            Some(Unit {
                task,
                item: Some(item),
            })
        }
    }
}

/// How long a run took, or takes.
pub(crate) fn run_took(
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    now: Timestamp,
) -> Option<Duration> {
    Some(time::between(started?, ended.unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    fn attempt(from: i64, until: Option<i64>) -> Attempt {
        Attempt {
            number: 1,
            state: until.map_or(TaskState::Running, |_| TaskState::Failed),
            reason: None,
            message: None,
            exit_code: None,
            started_at: Some(at(from)),
            ended_at: until.map(at),
            image_digest: None,
            node: None,
            child: None,
        }
    }

    fn seconds(attempts: &[Attempt], is_over: bool, begun: i64, now: i64) -> Option<u64> {
        let took = took(attempts.iter(), is_over, Some(at(begun)), at(now))?;
        Some(took.as_secs())
    }

    #[test]
    fn of_a_rerun_only_the_last_round_counts_with_the_pauses_between_its_attempts() {
        let day = 86_400;
        let rounds = [
            attempt(0, Some(2)),
            attempt(day, Some(day + 1)),
            attempt(day + 5, Some(day + 6)),
        ];
        assert_eq!(seconds(&rounds, true, day - 1, 3 * day), Some(6));
        let first = &rounds[..1];
        assert_eq!(
            seconds(first, false, day, day + 9),
            Some(2),
            "not begun again"
        );
        let again = [attempt(0, Some(2)), attempt(day, None)];
        assert_eq!(seconds(&again, false, day, day + 9), Some(9), "it goes on");
        assert_eq!(seconds(&[], true, 0, 9), None);
    }

    #[test]
    fn what_was_not_rerun_took_what_its_attempts_took() {
        let day = 86_400;
        let rounds = [attempt(0, Some(2)), attempt(day, Some(day + 1))];
        assert_eq!(seconds(&rounds, true, 2 * day, 3 * day), Some(3));
        let beside = [
            attempt(0, Some(5)),
            attempt(1, Some(3)),
            attempt(4, Some(7)),
        ];
        assert_eq!(
            seconds(&beside, true, day, day),
            Some(7),
            "items side by side"
        );
    }
}
