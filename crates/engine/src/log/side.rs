use super::batch::Batch;
use bytes::Bytes;
use gofer_core::{Timestamp, planted};
use gofer_logs::Stream;
use gofer_secrets::{Patterns, Stream as Mask};
use std::sync::Arc;

/// One of the two streams of a container, on its way through the masker.
pub(super) struct Side {
    stream: Stream,
    patterns: Arc<Patterns>,
    mask: Mask,
    /// Bytes of the engine's stream that have been given to the masker, now or before a restart.
    taken: u64,
    /// Bytes that come again and are to be passed over.
    skip: u64,
    /// Instead of that: records up to here come again.
    until: Option<Timestamp>,
}

impl Side {
    /// Goes on where a log ends that stands for so many bytes.
    pub(super) fn new(stream: Stream, patterns: &Arc<Patterns>, kept: u64) -> Self {
        Self {
            stream,
            patterns: Arc::clone(patterns),
            mask: Mask::new(Arc::clone(patterns)),
            taken: kept,
            skip: 0,
            until: None,
        }
    }

    /// The engine begins again with its first byte.
    pub(super) fn replay(&mut self) {
        self.skip = if planted::is(8) { 0 } else { self.taken };
    }

    /// The same where bytes may be missing, so that a count means nothing.
    pub(super) fn replay_after(&mut self, kept: Timestamp) {
        self.skip = 0;
        self.until = Some(kept);
    }

    pub(super) fn take(&mut self, at: Timestamp, bytes: &Bytes, batch: &mut Batch) {
        if self.until.is_some_and(|kept| at <= kept) {
            return;
        }
        self.until = None;
        let length = bytes.len() as u64;
        let known = self.skip.min(length);
        self.skip -= known;
        let new = bytes
            .get(usize::try_from(known).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        self.taken += new.len() as u64;
        let start = batch.bytes.len();
        let decided = self.mask.push(new, &mut batch.bytes);
        batch.add(at, self.stream, decided, start);
    }

    /// What the masker holds back goes out: nothing that belongs to it will follow.
    pub(super) fn let_go(&mut self, at: Timestamp, batch: &mut Batch) {
        let start = batch.bytes.len();
        let decided = self.mask.finish(&mut batch.bytes);
        batch.add(at, self.stream, decided, start);
        self.mask = Mask::new(Arc::clone(&self.patterns));
    }
}
