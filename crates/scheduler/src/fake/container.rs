use super::Program;
use crate::Stream;
use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, StoreId},
};
use std::time::Duration;

/// How a container ended, in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// With what.
    pub code: i32,
    /// The engine ended it by going away.
    pub by_engine: bool,
    /// Somebody else ended it.
    pub by_others: bool,
    /// A stop of ours did.
    pub by_us: bool,
}

/// A container as the judge sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Of which attempt.
    pub attempt: AttemptId,
    /// How often it was started.
    pub starts: u32,
    /// When it was started.
    pub started: Option<Timestamp>,
    /// How it ended.
    pub end: Option<End>,
    /// It is not there any more.
    pub removed: bool,
    /// Somebody else removed it.
    pub removed_by_others: bool,
    /// What it has written by now.
    pub written: Vec<(Stream, Vec<u8>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) store: StoreId,
    pub(super) attempt: AttemptId,
    /// The engine's own.
    pub(super) serial: u64,
    pub(super) epoch: Epoch,
    pub(super) recipe: String,
    pub(super) program: Program,
    pub(super) started: Option<Timestamp>,
    pub(super) starts: u32,
    pub(super) end: Option<End>,
    pub(super) removed: bool,
    pub(super) removed_by_others: bool,
    /// SIGTERM arrives, SIGKILL arrives.
    pub(super) stopping: Option<(Timestamp, Timestamp)>,
    pub(super) paused: Option<Timestamp>,
    /// What pauses cost it.
    held: Duration,
    pub(super) written: Vec<(Timestamp, Stream, Vec<u8>)>,
    /// Pieces of the program's log that are written.
    said: usize,
    /// The latest one of this name that ran, if this one never does.
    before: Option<Box<Container>>,
}

impl Container {
    pub(super) fn new(
        (store, attempt): (StoreId, AttemptId),
        serial: u64,
        (epoch, recipe): (Epoch, String),
        program: Program,
    ) -> Self {
        Self {
            store,
            attempt,
            serial,
            epoch,
            recipe,
            program,
            started: None,
            starts: 0,
            end: None,
            removed: false,
            removed_by_others: false,
            stopping: None,
            paused: None,
            held: Duration::ZERO,
            written: Vec::new(),
            said: 0,
            before: None,
        }
    }

    /// The same name again: what was done under it is not forgotten.
    pub(super) fn after(mut self, old: &Self) -> Self {
        self.starts = old.starts;
        self.written.clone_from(&old.written);
        let ran = if old.started.is_some() {
            Some(Box::new(old.clone()))
        } else {
            old.before.clone()
        };
        self.before = ran;
        self
    }

    /// How it was, for the judge.
    pub(super) fn seen(&self) -> Seen {
        let ran = match &self.before {
            Some(before) if self.started.is_none() => before,
            _ => self,
        };
        Seen {
            attempt: self.attempt.clone(),
            starts: self.starts,
            started: ran.started,
            end: ran.end,
            removed: self.removed,
            removed_by_others: ran.removed_by_others,
            written: self
                .written
                .iter()
                .map(|(_, stream, bytes)| (*stream, bytes.clone()))
                .collect(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.started.is_some() && self.end.is_none() && !self.removed
    }

    /// As nasty as Docker: an exited container runs again.
    pub(super) fn start(&mut self, now: Timestamp) {
        if self.is_running() {
            return;
        }
        self.started = Some(now);
        self.starts += 1;
        self.end = None;
        self.stopping = None;
        self.said = 0;
        self.held = Duration::ZERO;
    }

    pub(super) fn stop(&mut self, term: Timestamp, kill: Timestamp, now: Timestamp) {
        if !self.is_running() {
            return;
        }
        self.pause(false, now);
        let earlier = self.stopping.unwrap_or((term, kill));
        self.stopping = Some((earlier.0.min(term), earlier.1.min(kill)));
    }

    pub(super) fn pause(&mut self, paused: bool, now: Timestamp) {
        if paused {
            self.paused = self.paused.or(Some(now));
        } else if let Some(since) = self.paused.take() {
            self.held += now.duration_since(since).unsigned_abs();
        }
    }

    /// When and how it will end if nothing else happens.
    pub(super) fn coming_end(&self) -> Option<End> {
        let started = self
            .started
            .filter(|_| self.is_running() && self.paused.is_none())?;
        let (by_engine, by_others) = (false, false);
        let end = |at, code, by_us| End {
            at,
            code,
            by_engine,
            by_others,
            by_us,
        };
        let own = end(
            after(started, self.program.takes + self.held),
            self.program.code,
            false,
        );
        let stopped = self
            .stopping
            .map(|(term, kill)| match self.program.on_term {
                Some(code) => end(term.min(kill), code, true),
                None => end(kill, 137, true),
            });
        Some(match stopped {
            Some(stopped) if stopped.at < own.at => stopped,
            _ => own,
        })
    }

    /// When it writes next, if nothing else happens.
    pub(super) fn next_piece(&self) -> Option<Timestamp> {
        let started = self
            .started
            .filter(|_| self.is_running() && self.paused.is_none())?;
        let (offset, ..) = self.program.log.get(self.said)?;
        let at = after(started, *offset + self.held);
        self.coming_end()
            .is_none_or(|end| at <= end.at)
            .then_some(at)
    }

    /// Lets it run until `now`.
    pub(super) fn go_on(&mut self, now: Timestamp) {
        while let Some(at) = self.next_piece().filter(|at| *at <= now) {
            if let Some((_, stream, bytes)) = self.program.log.get(self.said) {
                self.written.push((at, *stream, bytes.clone()));
            }
            self.said += 1;
        }
        if let Some(end) = self.coming_end().filter(|end| end.at <= now) {
            self.end = Some(end);
        }
    }

    /// It ends now, by somebody else or with the engine.
    pub(super) fn end(&mut self, at: Timestamp, code: i32, by_engine: bool) {
        if self.is_running() {
            self.end = Some(End {
                at,
                code,
                by_engine,
                by_others: !by_engine,
                by_us: false,
            });
        }
    }

    pub(super) fn remove(&mut self, by_others: bool) {
        self.removed_by_others |= by_others && !self.removed;
        self.removed = true;
    }
}

pub(super) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
