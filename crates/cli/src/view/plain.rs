//! Not on a terminal: a line for each thing that happens, with the task in front.

use super::View;
use crate::{
    marks, report, text, time,
    unit::{self, Key},
};
use gofer_core::Timestamp;
use gofer_sdk::types::{Change, Progress, Run, TaskState};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    time::Duration,
};

/// A line longer than this goes on in the next one.
const MOST_LINE: usize = 64 * 1024;
/// How often a task that is being started may say so.
const BETWEEN_PROGRESS: Duration = Duration::from_secs(10);

pub(crate) struct Plain {
    out: Box<dyn Write + Send>,
    width: usize,
    /// Bytes of a line whose end has not come.
    pending: BTreeMap<Key, Vec<u8>>,
    /// Logs that are being read.
    open: BTreeSet<Key>,
    /// Lines about a task whose log is still being read.
    held: Vec<Held>,
    told: BTreeMap<Key, Timestamp>,
    /// Something of the run still runs behind a cancel.
    goes_on: bool,
    now: Timestamp,
}

/// A line that waits for the end of a log.
struct Held {
    key: Key,
    line: String,
    /// It follows from what is said before it.
    follows: bool,
}

impl Plain {
    pub(crate) fn new(
        out: Box<dyn Write + Send>,
        run: &Run,
        goes_on: bool,
        now: Timestamp,
    ) -> Self {
        let width = run
            .tasks
            .iter()
            .map(|task| text::width(&task.name))
            .max()
            .unwrap_or(0)
            .min(24);
        Self {
            out,
            width,
            pending: BTreeMap::new(),
            open: BTreeSet::new(),
            held: Vec::new(),
            told: BTreeMap::new(),
            goes_on,
            now,
        }
    }

    /// A reader that has gone is no reason to stop the run.
    fn write(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    fn name(&self, key: &Key) -> String {
        text::fit(
            &unit::label(key),
            self.width.max(text::width(&unit::label(key))),
        )
    }

    fn line(&mut self, name: &str, bytes: &[u8]) {
        let line = format!("{name} | {}", text::safe(bytes));
        self.write(line.trim_end());
    }

    /// Of a line whose end does not come, what there is.
    fn end_line(&mut self, key: &Key) {
        if let Some(rest) = self.pending.remove(key) {
            let name = self.name(key);
            self.line(&name, &rest);
        }
    }

    /// Says something about a task, but not before its log is told to the end; and that it is
    /// skipped not before what it may follow from.
    fn say(&mut self, key: &Key, follows: bool, words: &str) {
        let line = format!("{} {words}", self.name(key));
        if self.is_open(key) || (follows && !self.held.is_empty()) {
            let key = key.clone();
            self.held.push(Held { key, line, follows });
        } else {
            self.write(&line);
        }
    }

    /// A task is as open as its items.
    fn is_open(&self, key: &Key) -> bool {
        self.open
            .iter()
            .any(|open| open.0 == key.0 && (key.1.is_none() || open.1 == key.1))
    }

    fn release(&mut self) {
        for held in std::mem::take(&mut self.held) {
            if self.is_open(&held.key) || (held.follows && !self.held.is_empty()) {
                self.held.push(held);
            } else {
                self.write(&held.line);
            }
        }
    }

    fn tell(&mut self, run: &Run, change: &Change) {
        let Some(task) = &change.task else {
            if change.state == "cancelling" {
                self.write(&format!("{} ● cancelling", run.reference()));
            }
            return;
        };
        let key = (task.clone(), change.item);
        let Ok(state) = change.state.parse::<TaskState>() else {
            return;
        };
        if run.task(task).is_some_and(unit::is_left_out) {
            return;
        }
        match (change.attempt, state) {
            // Its own log comes after this, so there is nothing to wait for.
            (Some(attempt), TaskState::Running) => {
                let which = match attempt {
                    1 => String::new(),
                    attempt => format!(" (attempt {attempt})"),
                };
                let child = unit::find(run, &key).and_then(|unit| unit.child());
                let child = child.map_or(String::new(), |child| format!(" → {child}"));
                let line = format!("{} ● running{which}{child}", self.name(&key));
                self.write(&line);
            }
            (None, state) if state == TaskState::Retrying || state.is_over() => {
                let words = ending(run, &key, state);
                self.say(&key, state == TaskState::Skipped, &words);
            }
            _ => {}
        }
    }
}

/// `✗ failed after 1.2s: exit code 1`
fn ending(run: &Run, key: &Key, state: TaskState) -> String {
    let Some(unit) = unit::find(run, key) else {
        return state.to_string();
    };
    let (symbol, _) = marks::of_task(state, unit.task.allow_failure);
    let took = match (unit.took(run.started_at, run.created_at), state) {
        (Some(took), TaskState::Succeeded) => format!(" in {}", time::lasted(took)),
        (Some(took), state) if state.is_over() => format!(" after {}", time::lasted(took)),
        (_, TaskState::Retrying) => format!(" after attempt {}", unit.attempts().len()),
        _ => String::new(),
    };
    let why = text::safe(unit.why().as_bytes());
    let items = match unit.task.items.len() {
        0 => String::new(),
        _ if key.1.is_some() || !why.is_empty() => String::new(),
        items => format!(", {}", text::count(items, "item")),
    };
    let why = if why.is_empty() {
        why
    } else {
        format!(": {why}")
    };
    format!("{symbol} {}{took}{items}{why}", report::words(state))
}

impl View for Plain {
    fn changed(&mut self, run: &Run, changes: &[Change]) {
        for change in changes {
            self.tell(run, change);
        }
        let _ = self.out.flush();
    }

    fn progress(&mut self, progress: &Progress) {
        let key = (progress.task.clone(), progress.item);
        let Some(message) = &progress.message else {
            return;
        };
        let last = self.told.get(&key).copied();
        if last.is_none_or(|last| time::between(last, self.now) >= BETWEEN_PROGRESS) {
            self.told.insert(key.clone(), self.now);
            let words = format!("◌ {}", text::safe(message.as_bytes()));
            self.say(&key, false, &words);
            let _ = self.out.flush();
        }
    }

    fn opened(&mut self, key: &Key) {
        self.open.insert(key.clone());
    }

    fn wrote(&mut self, key: &Key, piece: &[u8]) {
        let name = self.name(key);
        let mut pending = self.pending.remove(key).unwrap_or_default();
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            let whole = line.strip_suffix(b"\n");
            match whole {
                Some(whole) if pending.is_empty() => self.line(&name, whole),
                _ => pending.extend_from_slice(whole.unwrap_or(line)),
            }
            if whole.is_some() && !pending.is_empty() || pending.len() >= MOST_LINE {
                self.line(&name, &pending);
                pending.clear();
            }
        }
        if !pending.is_empty() {
            self.pending.insert(key.clone(), pending);
        }
        let _ = self.out.flush();
    }

    fn missing(&mut self, key: &Key, words: &str) {
        self.end_line(key);
        let line = format!("{} ! {words}", self.name(key));
        self.write(&line);
        let _ = self.out.flush();
    }

    fn closed(&mut self, key: &Key) {
        self.end_line(key);
        self.open.remove(key);
        self.release();
        let _ = self.out.flush();
    }

    fn cancelled(&mut self, times: usize) {
        let words = match (times, self.goes_on) {
            (1, true) => "cancelling; its finally tasks still run, a second signal stops them too",
            (1, false) => "cancelling; its tasks are being stopped",
            (_, true) => {
                "stopping its finally tasks too; a third signal leaves, the containers go on"
            }
            (_, false) => {
                "its tasks are being stopped; a third signal leaves, the containers go on"
            }
        };
        self.write(words);
        let _ = self.out.flush();
    }

    fn tick(&mut self, now: Timestamp) {
        self.now = now;
    }

    fn end(&mut self) {
        self.open.clear();
        self.release();
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests;
