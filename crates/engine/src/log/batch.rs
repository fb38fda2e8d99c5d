use gofer_core::Timestamp;
use gofer_logs::{Chunk, Stream};
use std::{ops::Range, time::Duration};

/// Neighbours of one stream that came within this time become one piece.
pub(super) const TOGETHER: Duration = Duration::from_millis(10);
/// A piece does not grow beyond this.
const MOST_BYTES: usize = 64 * 1024;

/// Output on its way to the disk: many events of an engine, few pieces of a log.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

struct Piece {
    at: Timestamp,
    stream: Stream,
    engine: u64,
    stored: Range<usize>,
}

impl Batch {
    /// Everything that was added to `bytes` since `start` stands for `engine` bytes of a stream.
    pub(super) fn add(&mut self, at: Timestamp, stream: Stream, engine: usize, start: usize) {
        let stored = start..self.bytes.len();
        if engine == 0 && stored.is_empty() {
            return;
        }
        let engine = engine as u64;
        if let Some(last) = self.pieces.last_mut()
            && last.stream == stream
            && last.stored.len() + stored.len() <= MOST_BYTES
            && at.duration_since(last.at).unsigned_abs() < TOGETHER
        {
            last.engine += engine;
            last.stored.end = stored.end;
        } else {
            self.pieces.push(Piece {
                at,
                stream,
                engine,
                stored,
            });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.pieces.clear();
    }

    pub(super) fn chunks(&self) -> Vec<Chunk<'_>> {
        let chunk = |piece: &Piece| Chunk {
            at: piece.at,
            stream: piece.stream,
            engine: piece.engine,
            stored: self.bytes.get(piece.stored.clone()).unwrap_or_default(),
        };
        self.pieces.iter().map(chunk).collect()
    }
}
