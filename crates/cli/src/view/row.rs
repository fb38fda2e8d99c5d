//! One line for each task.

use crate::{
    marks,
    paint::{Hue, Paint},
    text, time,
    unit::{self, Key, Unit},
};
use gofer_core::Timestamp;
use gofer_sdk::types::{Run, Task, TaskState};
use std::{collections::BTreeMap, time::Duration};

/// What is known of a run besides its document.
#[derive(Debug, Default)]
pub(super) struct Passing {
    /// Words about what a task does just now, such as how much of its image is there.
    pub(super) words: BTreeMap<Key, String>,
    /// The last line that each wrote.
    pub(super) lines: BTreeMap<Key, String>,
    /// Which item of a fan-out wrote last.
    pub(super) spoke: BTreeMap<String, Key>,
    /// What each task waits for, as far as the file says it.
    pub(super) waits: BTreeMap<String, String>,
    /// Since when each is in its state.
    pub(super) since: BTreeMap<Key, Timestamp>,
    /// When the run began, or its rerun.
    pub(super) begun: Option<Timestamp>,
}

/// A line before it is drawn.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) state: TaskState,
    amber: bool,
    took: Option<Duration>,
    note: String,
}

impl Row {
    /// Of a task, with its items collapsed.
    pub(super) fn of_task(task: &Task, passing: &Passing, now: Timestamp) -> Self {
        let unit = Unit { task, item: None };
        if task.items.is_empty() {
            return Self::of(&unit, passing, now);
        }
        let over = task
            .items
            .iter()
            .filter(|item| item.state.is_over())
            .count();
        let failed = task
            .items
            .iter()
            .filter(|item| item.state.is_failure())
            .count();
        let spoke = passing
            .spoke
            .get(&task.name)
            .filter(|_| !task.state.is_over());
        let said = spoke.and_then(|key| Some(format!("[{}] {}", key.1?, passing.lines.get(key)?)));
        let failed = (failed > 0 && !task.state.is_over()).then(|| format!("{failed} failed"));
        let note = match (failed, said) {
            (Some(failed), Some(said)) => format!("{failed}; {said}"),
            (Some(note), None) | (None, Some(note)) => note,
            (None, None) => note(&unit, passing),
        };
        Self {
            name: format!("{} {over}/{}", task.name, task.items.len()),
            took: items_took(task, passing.begun, now),
            note,
            ..Self::of(&unit, passing, now)
        }
    }

    /// Of a task without items, or of an item.
    pub(super) fn of(unit: &Unit<'_>, passing: &Passing, now: Timestamp) -> Self {
        let since = passing
            .since
            .get(&unit.key())
            .filter(|_| unit.state() == TaskState::Starting);
        Self {
            name: unit.label(),
            state: unit.state(),
            amber: unit.task.allow_failure,
            took: unit
                .took(passing.begun, now)
                .or_else(|| since.map(|since| time::between(*since, now))),
            note: note(unit, passing),
        }
    }

    /// In at most so many columns. `turn` turns the spinner; nothing stands still.
    pub(super) fn line(
        &self,
        name_width: usize,
        columns: usize,
        turn: Option<usize>,
        paint: Paint,
    ) -> String {
        let (symbol, hue) = marks::of_task(self.state, self.amber);
        let spins = matches!(self.state, TaskState::Running | TaskState::Starting);
        let symbol = match turn {
            Some(turn) if spins => marks::SPINNER
                .get(turn % marks::SPINNER.len())
                .copied()
                .unwrap_or(symbol),
            _ => symbol,
        };
        let took = self.took.map_or(String::new(), time::lasted);
        let parts = [
            (hue, format!("{symbol} ")),
            (
                Hue::Plain,
                format!("{}  ", text::fit(&self.name, name_width)),
            ),
            (hue, format!("{:9}  ", self.state)),
            (Hue::Faint, format!("{took:>6}  ")),
            (
                if self.state.is_failure() {
                    Hue::Plain
                } else {
                    Hue::Faint
                },
                self.note.clone(),
            ),
        ];
        draw(&parts, columns, paint)
    }
}

/// Parts one after the other, cut where the columns end.
pub(super) fn draw(parts: &[(Hue, String)], columns: usize, paint: Paint) -> String {
    let mut line = String::new();
    let mut left = columns;
    let last = parts.iter().rposition(|(_, text)| !text.trim().is_empty());
    for (nth, (hue, text)) in parts.iter().enumerate() {
        if last.is_none_or(|last| nth > last) {
            break;
        }
        let text = if last == Some(nth) {
            text.trim_end()
        } else {
            text
        };
        let text = text::cut(text, left);
        left -= text::width(&text);
        line.push_str(&paint.colour(*hue, &text));
    }
    line
}

/// What to say about it: passing words, its last line, why it waits or ended, what it hands on.
fn note(unit: &Unit<'_>, passing: &Passing) -> String {
    let key = unit.key();
    let message = || text::safe(unit.why().as_bytes());
    match unit.state() {
        TaskState::Starting => passing.words.get(&key).cloned().unwrap_or_default(),
        TaskState::Running => {
            let words = passing
                .words
                .get(&key)
                .cloned()
                .or_else(|| unit.message().map(|_| message()));
            words
                .or_else(|| unit.child().map(|child| format!("→ {child}")))
                .or_else(|| passing.lines.get(&key).cloned())
                .unwrap_or_default()
        }
        TaskState::Succeeded if unit.message().is_none() => succeeded(unit),
        TaskState::Waiting if unit.message().is_none() => {
            let waits = passing
                .waits
                .get(&unit.task.name)
                .filter(|_| unit.item.is_none());
            waits.cloned().unwrap_or_default()
        }
        TaskState::Retrying => format!("after attempt {}: {}", unit.attempts().len(), message()),
        TaskState::Waiting
            if unit
                .message()
                .is_some_and(|message| !message.starts_with("wait")) =>
        {
            format!("waiting: {}", message())
        }
        _ => message(),
    }
}

/// Which attempt it took, and what it hands on.
fn succeeded(unit: &Unit<'_>) -> String {
    let tries = unit.attempts().len();
    let tries = (tries > 1).then(|| format!("on attempt {tries}"));
    let outputs = unit.item.map_or(&unit.task.outputs, |item| &item.outputs);
    let outputs = outputs
        .iter()
        .map(|(key, value)| format!("{key}={}", text::safe(value.as_bytes())));
    let child = unit.child().map(|child| format!("→ {child}"));
    let words: Vec<String> = tries.into_iter().chain(child).chain(outputs).collect();
    words.join("  ")
}

fn items_took(task: &Task, begun: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let attempts = task.items.iter().flat_map(|item| &item.attempts);
    unit::took(attempts, task.state.is_over(), begun, now)
}

/// Columns that names take: enough for the longest, but not more than a third of the screen.
pub(super) fn name_width(run: &Run, columns: usize) -> usize {
    let names = run.tasks.iter().map(|task| {
        let all = task.items.len();
        let own = if all == 0 {
            text::width(&task.name)
        } else {
            text::width(&format!("{} {all}/{all}", task.name))
        };
        let item = task.items.iter().any(|item| item.state.is_failure());
        let item = if item {
            text::width(&unit::label(&(
                task.name.clone(),
                Some(u32::try_from(all).unwrap_or(u32::MAX)),
            )))
        } else {
            0
        };
        own.max(item)
    });
    names.max().unwrap_or(0).min((columns / 3).max(12))
}
