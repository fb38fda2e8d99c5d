use super::Program;
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
    pub written: Vec<(crate::Stream, Vec<u8>)>,
}

#[derive(Clone, Debug)]
pub(super) struct Container {
    pub(super) store: StoreId,
    pub(super) attempt: AttemptId,
    pub(super) epoch: Epoch,
    pub(super) program: Program,
    pub(super) started: Option<Timestamp>,
    pub(super) starts: u32,
    pub(super) end: Option<End>,
    pub(super) removed: bool,
    pub(super) removed_at: Option<Timestamp>,
    pub(super) removed_by_others: bool,
    /// SIGTERM arrives, SIGKILL arrives.
    pub(super) stopping: Option<(Timestamp, Timestamp)>,
    pub(super) paused: bool,
}

impl Container {
    pub(super) fn is_running(&self) -> bool {
        self.started.is_some() && self.end.is_none() && !self.removed
    }

    /// When and how it will end if nothing else happens.
    pub(super) fn coming_end(&self) -> Option<End> {
        let started = self.started.filter(|_| self.end.is_none())?;
        let end = |at, code| End {
            at,
            code,
            by_engine: false,
            by_others: false,
        };
        let own = after(started, self.program.takes);
        let stopped = self
            .stopping
            .map(|(term, kill)| match self.program.on_term {
                Some(code) => end(term, code),
                None => end(kill, 137),
            });
        let own = end(own, self.program.code);
        Some(match stopped {
            Some(stopped) if stopped.at < own.at => stopped,
            _ => own,
        })
    }

    /// What it has written by `now`, with the moment of each piece.
    pub(super) fn written(&self, now: Timestamp) -> Vec<(Timestamp, crate::Stream, Vec<u8>)> {
        let Some(started) = self.started else {
            return Vec::new();
        };
        let ends = [self.end.map(|end| end.at), self.removed_at, Some(now)];
        let until = ends.into_iter().flatten().min().unwrap_or(now);
        self.program
            .log
            .iter()
            .map(|(offset, stream, bytes)| (after(started, *offset), *stream, bytes.clone()))
            .filter(|(at, ..)| *at <= until)
            .collect()
    }
}

pub(super) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
