//! A log in chunks, so that marks can stand between its bytes without being among them.
//!
//! A chunk is one byte that says what it is (`b` for bytes of the log, `m` for a mark), the length
//! of what follows as four bytes with the highest first, and that: the bytes, or a `LogFrame` that
//! is no bytes, as JSON.

use super::read::{Form, mark};
use crate::ApiError;
use bytes::Bytes;
use gofer_logs::Frame;

/// Bytes of the longest chunk. A mark is much shorter.
const LONGEST: usize = 1 << 20;

/// Another form, with the marks that it leaves out.
#[derive(Default)]
pub(crate) struct Marked<F> {
    text: F,
    out: Vec<u8>,
}

impl<F: Form<Piece = Bytes>> Marked<F> {
    /// What the other form has ready becomes a chunk.
    fn settle(&mut self) {
        if let Some(bytes) = self.text.take() {
            self.chunk(b'b', &bytes);
        }
    }

    fn chunk(&mut self, kind: u8, bytes: &[u8]) {
        for part in bytes.chunks(LONGEST) {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            self.out.push(kind);
            self.out.extend_from_slice(&length.to_be_bytes());
            self.out.extend_from_slice(part);
        }
    }
}

impl<F: Form<Piece = Bytes>> Form for Marked<F> {
    type Piece = Bytes;

    fn add(&mut self, frame: Frame<'_>) -> Result<(), ApiError> {
        let Some(mark) = mark(&frame) else {
            return self.text.add(frame);
        };
        self.settle();
        let mark = serde_json::to_vec(&mark)
            .map_err(|error| ApiError::internal("a mark cannot be written", &error))?;
        self.chunk(b'm', &mark);
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.out.len() + self.text.waiting()
    }

    fn take(&mut self) -> Option<Bytes> {
        self.settle();
        (!self.out.is_empty()).then(|| std::mem::take(&mut self.out).into())
    }
}
