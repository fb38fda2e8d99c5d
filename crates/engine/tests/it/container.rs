//! A container that does what its script says. Everything about it is a function of time.

use bytes::Bytes;
use gofer_core::Timestamp;
use gofer_scheduler::{LogEvent, Stream};
use std::time::Duration;

/// What a container does, so many milliseconds after its start.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Out(&'static [u8]),
    Err(&'static [u8]),
    /// Reaches who is attached, but not the engine's own copy.
    Unsaved(&'static [u8]),
    /// Writes to `$GOFER_OUTPUT`.
    Output(&'static str),
    /// Leaves a tar in `$GOFER_ARTIFACTS`.
    Leaves(Vec<u8>),
    Exit(i32),
    /// From here on SIGTERM does nothing.
    Stubborn,
    /// The end of its log comes so much later than its exit.
    LateLog(u64),
    /// Bytes got lost with the engine's connection.
    Breaks,
}

#[derive(Clone)]
pub(crate) struct Container {
    pub(crate) script: Vec<(u64, Does)>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) stopped: Option<(Timestamp, Duration)>,
    pub(crate) recipe: String,
}

impl Container {
    pub(crate) fn after(&self, ms: u64) -> Option<Timestamp> {
        self.started?.checked_add(Duration::from_millis(ms)).ok()
    }

    /// When it ends, and with what code; as far as is known by now.
    pub(crate) fn end(&self) -> Option<(Timestamp, i32)> {
        let by_itself = self.script.iter().find_map(|(ms, does)| match does {
            Does::Exit(code) => Some((self.after(*ms)?, *code)),
            _ => None,
        });
        let is_stubborn = self
            .script
            .iter()
            .any(|(_, does)| matches!(does, Does::Stubborn));
        let by_stop = self.stopped.and_then(|(at, grace)| {
            if is_stubborn {
                Some((at.checked_add(grace).ok()?, 137))
            } else {
                Some((at, 143))
            }
        });
        [by_itself, by_stop].into_iter().flatten().min()
    }

    pub(crate) fn late_log(&self) -> Duration {
        let late = self.script.iter().find_map(|(_, does)| match does {
            Does::LateLog(ms) => Some(*ms),
            _ => None,
        });
        Duration::from_millis(late.unwrap_or(0))
    }

    /// Its log, with the time of each piece, up to its end.
    pub(crate) fn log(&self, is_replay: bool) -> Vec<(Timestamp, LogEvent)> {
        let end = self.end().map(|(at, _)| at);
        let events = self.script.iter().filter_map(|(ms, does)| {
            let at = self
                .after(*ms)
                .filter(|at| end.is_none_or(|end| *at <= end))?;
            let bytes = |stream, bytes: &'static [u8]| LogEvent::Bytes {
                stream,
                at,
                bytes: Bytes::from_static(bytes),
            };
            match does {
                Does::Out(text) => Some((at, bytes(Stream::Stdout, text))),
                Does::Unsaved(text) if !is_replay => Some((at, bytes(Stream::Stdout, text))),
                Does::Breaks if is_replay => None,
                Does::Err(text) => Some((at, bytes(Stream::Stderr, text))),
                Does::Breaks => Some((at, LogEvent::Broken)),
                _ => None,
            }
        });
        events.collect()
    }

    pub(crate) fn artifacts(&self) -> Option<Vec<u8>> {
        self.script.iter().find_map(|(_, does)| match does {
            Does::Leaves(tar) => Some(tar.clone()),
            _ => None,
        })
    }

    pub(crate) fn output(&self, now: Timestamp) -> Option<Vec<u8>> {
        let written = self.script.iter().filter_map(|(ms, does)| match does {
            Does::Output(text) if self.after(*ms)? <= now => Some(text.as_bytes()),
            _ => None,
        });
        let written = written.collect::<Vec<_>>().concat();
        (!written.is_empty()).then_some(written)
    }
}
