//! On a terminal: what is over scrolls up, what is not is drawn below it.

use super::{
    View,
    row::{Passing, Row, draw, name_width},
    screen::Screen,
};
use crate::{
    host::{Host, Terminal},
    marks,
    outline::{self, Place},
    paint::{Hue, Paint},
    text, time,
    unit::{self, Key, Unit},
};
use gofer_core::Timestamp;
use gofer_sdk::types::{Change, Progress, Run, RunState, TaskState};
use std::{collections::BTreeSet, io::Write};

/// Bytes of a line that are looked at: more than any screen is wide.
const MOST_LINE: usize = 2_000;
/// When the size of the terminal is not known.
const SIZE: (u16, u16) = (80, 24);

pub(crate) struct Live<'h> {
    host: &'h dyn Host,
    out: Box<dyn Write + Send>,
    paint: Paint,
    screen: Screen,
    picture: Picture,
}

/// What is to be seen, without the terminal.
pub(super) struct Picture {
    run: Run,
    /// Tasks in the order in which they are shown.
    order: Vec<Place>,
    passing: Passing,
    told: BTreeSet<Key>,
    /// Lines that stay, not drawn yet.
    notes: Vec<String>,
    cancels: usize,
    /// Something of it still runs behind a cancel.
    goes_on: bool,
    now: Timestamp,
    turn: usize,
}

impl<'h> Live<'h> {
    /// `order` may leave tasks out: they come last.
    pub(crate) fn new(
        host: &'h dyn Host,
        out: Box<dyn Write + Send>,
        paint: Paint,
        run: Run,
        (order, goes_on): (Vec<Place>, bool),
    ) -> Self {
        let picture = Picture::new(run, (order, goes_on), host.now());
        Self {
            host,
            out,
            paint,
            screen: Screen::default(),
            picture,
        }
    }

    fn draw(&mut self, is_last: bool) {
        let Terminal { size, .. } = self.host.terminal();
        let (columns, rows) = size.unwrap_or(SIZE);
        let (columns, rows) = (usize::from(columns), usize::from(rows));
        let above = self.picture.above(columns.saturating_sub(1), self.paint);
        let region = if is_last {
            Vec::new()
        } else {
            self.picture
                .region(columns.saturating_sub(1), rows, self.paint)
        };
        let frame = self.screen.frame(&above, region, columns);
        // A terminal that has gone is no reason to stop the run.
        let _ = self
            .out
            .write_all(frame.as_bytes())
            .and_then(|()| self.out.flush());
    }
}

impl View for Live<'_> {
    fn changed(&mut self, run: &Run, changes: &[Change]) {
        self.picture.changed(run, changes);
    }

    fn progress(&mut self, progress: &Progress) {
        self.picture.progress(progress);
    }

    fn opened(&mut self, _: &Key) {}

    fn wrote(&mut self, key: &Key, piece: &[u8]) {
        self.picture.wrote(key, piece);
    }

    fn missing(&mut self, key: &Key, words: &str) {
        self.picture.missing(key, words);
    }

    fn closed(&mut self, _: &Key) {}

    fn cancelled(&mut self, times: usize) {
        self.picture.cancels = times;
        self.draw(false);
    }

    fn tick(&mut self, now: Timestamp) {
        self.picture.now = now;
        self.picture.turn += 1;
        self.draw(false);
    }

    fn end(&mut self) {
        self.draw(true);
    }
}

impl Picture {
    /// A run that goes on may have tasks that the file does not name any more: they come last.
    fn new(run: Run, (mut order, goes_on): (Vec<Place>, bool), now: Timestamp) -> Self {
        for task in &run.tasks {
            if !order.iter().any(|place| place.name == task.name) {
                order.push(Place {
                    name: task.name.clone(),
                    parents: Vec::new(),
                    finally: false,
                });
            }
        }
        let mut picture = Self {
            run,
            order,
            passing: Passing::default(),
            told: BTreeSet::new(),
            notes: Vec::new(),
            cancels: 0,
            goes_on,
            now,
            turn: 0,
        };
        picture.passing.waits = outline::waits(&picture.run, &picture.order);
        picture.passing.begun = picture.run.started_at;
        picture
    }

    fn changed(&mut self, run: &Run, changes: &[Change]) {
        for change in changes {
            let Some(task) = &change.task else { continue };
            let key = (task.clone(), change.item);
            if change.attempt.is_some() {
                self.passing.lines.remove(&key);
            }
            self.passing.words.remove(&key);
            self.passing.since.insert(key, change.at);
        }
        self.run = run.clone();
        self.passing.waits = outline::waits(&self.run, &self.order);
    }

    fn progress(&mut self, progress: &Progress) {
        let key = (progress.task.clone(), progress.item);
        match &progress.message {
            Some(message) => self
                .passing
                .words
                .insert(key, text::safe(message.as_bytes())),
            None => self.passing.words.remove(&key),
        };
    }

    fn wrote(&mut self, key: &Key, piece: &[u8]) {
        let Some(line) = last_line(piece) else { return };
        self.passing.lines.insert(key.clone(), line);
        if key.1.is_some() {
            self.passing.spoke.insert(key.0.clone(), key.clone());
        }
    }

    fn missing(&mut self, key: &Key, words: &str) {
        self.notes.push(format!("! {}  {words}", unit::label(key)));
    }

    /// Lines of what ended since the last call.
    fn above(&mut self, columns: usize, paint: Paint) -> Vec<String> {
        let notes = std::mem::take(&mut self.notes);
        let notes = notes.iter().flat_map(|note| text::wrap(note, columns));
        let mut lines: Vec<String> = notes.map(|line| paint.colour(Hue::Warn, &line)).collect();
        let width = name_width(&self.run, columns);
        let mut rows = Vec::new();
        for Place { name, .. } in &self.order {
            let task = self.run.task(name);
            let Some(task) = task.filter(|task| !unit::is_left_out(task)) else {
                continue;
            };
            let failed = task.items.iter().filter(|item| item.state.is_failure());
            for unit in failed.map(|item| Unit {
                task,
                item: Some(item),
            }) {
                if self.told.insert(unit.key()) {
                    rows.push(Row::of(&unit, &self.passing, self.now));
                }
            }
            if task.state.is_over() && self.told.insert((name.clone(), None)) {
                rows.push(Row::of_task(task, &self.passing, self.now));
            }
        }
        let rows = rows.iter();
        lines.extend(rows.map(|row| row.line(width, columns, None, paint)));
        lines
    }

    /// Lines of what goes on, and one about the run. At most as many as the screen has.
    fn region(&self, columns: usize, rows: usize, paint: Paint) -> Vec<String> {
        let width = name_width(&self.run, columns);
        let unfinished = self
            .order
            .iter()
            .filter_map(|place| self.run.task(&place.name))
            .filter(|task| !task.state.is_over());
        let all: Vec<Row> = unfinished
            .map(|task| Row::of_task(task, &self.passing, self.now))
            .collect();
        let room = rows.saturating_sub(3).max(1);
        let hidden = all.len().saturating_sub(room);
        let mut waiting = all
            .iter()
            .filter(|row| row.state == TaskState::Waiting)
            .count();
        let mut shown: Vec<&Row> = Vec::new();
        let mut left = hidden;
        // Of too many, those that wait are left out first, from the end.
        for row in all.iter().rev() {
            let can_go = row.state == TaskState::Waiting || waiting == 0;
            waiting -= usize::from(row.state == TaskState::Waiting);
            if left > 0 && can_go {
                left -= 1;
            } else {
                shown.push(row);
            }
        }
        shown.truncate(room);
        shown.reverse();
        let mut lines: Vec<String> = shown
            .iter()
            .map(|row| row.line(width, columns, Some(self.turn), paint))
            .collect();
        if hidden > 0 {
            lines.push(draw(
                &[(Hue::Faint, format!("  … and {hidden} more"))],
                columns,
                paint,
            ));
        }
        lines.push(self.footer(columns, paint));
        lines
    }

    fn footer(&self, columns: usize, paint: Paint) -> String {
        let over = self
            .run
            .tasks
            .iter()
            .filter(|task| task.state.is_over())
            .count();
        let (_, hue) = marks::of_run(self.run.state);
        let took = unit::run_took(self.run.started_at, self.run.ended_at, self.now);
        let hint = match (self.run.state, self.cancels) {
            (
                RunState::Succeeded | RunState::Failed | RunState::Cancelled | RunState::Skipped,
                _,
            ) => "cleaning up",
            (_, 0) => "Ctrl-C cancels",
            (_, 1) if self.goes_on => "its finally tasks still run; Ctrl-C again stops them too",
            (_, 1) => "its tasks are being stopped",
            (_, _) => "Ctrl-C again leaves, the containers go on",
        };
        let state = if self.cancels > 0 && self.run.state == RunState::Running {
            RunState::Cancelling
        } else {
            self.run.state
        };
        let parts = [
            (Hue::Plain, format!("  {}  ", self.run.reference())),
            (hue, format!("{state}  ")),
            (
                Hue::Faint,
                format!("{}  ", took.map_or(String::new(), time::lasted)),
            ),
            (
                Hue::Faint,
                format!(
                    "{over} of {} over  ",
                    text::count(self.run.tasks.len(), "task")
                ),
            ),
            (Hue::Faint, hint.to_owned()),
        ];
        draw(&parts, columns, paint)
    }
}

/// The last line with something on it, whether it is whole or not.
fn last_line(piece: &[u8]) -> Option<String> {
    let end = piece.iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let piece = piece.get(..end)?;
    let start = piece
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let line = piece.get(start..)?;
    Some(text::safe(line.get(..MOST_LINE).unwrap_or(line)))
}

#[cfg(test)]
mod tests;
