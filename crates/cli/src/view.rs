//! What is seen of a run while it goes on.

mod live;
mod plain;
mod row;
#[cfg(test)]
mod sample;
mod screen;

pub(crate) use live::Live;
pub(crate) use plain::Plain;

use crate::unit::Key;
use gofer_core::Timestamp;
use gofer_sdk::types::{Change, Progress, Run};

/// Something that shows a run. It is told everything in order.
pub(crate) trait View: Send {
    /// New lines of the history, and the run as it is since.
    fn changed(&mut self, run: &Run, changes: &[Change]);
    /// A passing word about a task.
    fn progress(&mut self, progress: &Progress);
    /// The log of an attempt is read from now on.
    fn opened(&mut self, key: &Key);
    /// A piece of a log.
    fn wrote(&mut self, key: &Key, piece: &[u8]);
    /// Bytes of a log are missing here, or may be: how many, and why.
    fn missing(&mut self, key: &Key, words: &str);
    /// The log is read to its end.
    fn closed(&mut self, key: &Key);
    /// A cancel was asked for: the first, the second …
    fn cancelled(&mut self, times: usize);
    /// Time has passed.
    fn tick(&mut self, now: Timestamp);
    /// Nothing more comes.
    fn end(&mut self);
}

/// Shows nothing.
pub(crate) struct Silent;

impl View for Silent {
    fn changed(&mut self, _: &Run, _: &[Change]) {}
    fn progress(&mut self, _: &Progress) {}
    fn opened(&mut self, _: &Key) {}
    fn wrote(&mut self, _: &Key, _: &[u8]) {}
    fn missing(&mut self, _: &Key, _: &str) {}
    fn closed(&mut self, _: &Key) {}
    fn cancelled(&mut self, _: usize) {}
    fn tick(&mut self, _: Timestamp) {}
    fn end(&mut self) {}
}
