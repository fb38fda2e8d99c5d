//! From frames on disk to what is sent.

use crate::{ApiError, sse};
use axum::response::sse::Event;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use gofer_api_types::{LogFrame, LogStream};
use gofer_core::Timestamp;
use gofer_logs::{Body, Frame, More, Reader, Stream};
use std::io::Write;

/// About how much is sent at once.
const PIECE: usize = 256 * 1024;

/// A form in which a log is sent.
pub(crate) trait Form: Send + 'static {
    /// What is sent at once.
    type Piece: Send + 'static;

    /// Takes a frame.
    fn add(&mut self, frame: Frame<'_>) -> Result<(), ApiError>;

    /// About how many bytes wait to be sent.
    fn waiting(&self) -> usize;

    /// What waits, if anything does.
    fn take(&mut self) -> Option<Self::Piece>;
}

/// What a look at the log gave.
pub(crate) enum Piece<T> {
    Some(T),
    NothingNow,
    End,
}

/// A log that is being read.
pub(crate) struct Source<F> {
    pub(crate) reader: Reader,
    pub(crate) form: F,
}

impl<F: Form> Source<F> {
    /// Reads on, where waiting for a disk holds nobody up.
    pub(crate) async fn read(mut self) -> Result<(Self, Piece<F::Piece>), ApiError> {
        let read = tokio::task::spawn_blocking(move || {
            let piece = self.piece();
            (self, piece)
        });
        let (source, piece) = read
            .await
            .map_err(|error| ApiError::internal("reading a log broke off", &error))?;
        Ok((source, piece?))
    }

    fn piece(&mut self) -> Result<Piece<F::Piece>, ApiError> {
        let mut left = Piece::NothingNow;
        while self.form.waiting() < PIECE {
            match self.reader.read_more()? {
                More::Frames(frames) => {
                    for frame in frames {
                        self.form.add(frame)?;
                    }
                }
                More::Waiting => break,
                More::Ended(_) => {
                    left = Piece::End;
                    break;
                }
            }
        }
        Ok(self.form.take().map_or(left, Piece::Some))
    }
}

/// The bytes and nothing else.
#[derive(Default)]
pub(crate) struct Raw(Vec<u8>);

impl Form for Raw {
    type Piece = Bytes;

    fn add(&mut self, frame: Frame<'_>) -> Result<(), ApiError> {
        if let Body::Output { bytes, .. } = frame.body {
            self.0.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self) -> Option<Bytes> {
        (!self.0.is_empty()).then(|| std::mem::take(&mut self.0).into())
    }
}

/// The bytes, with the time of its first byte in front of each line. Where the other stream breaks
/// into a line, the line is ended first and goes on as a line of its own.
#[derive(Default)]
pub(crate) struct Timed {
    out: Vec<u8>,
    /// The stream of the line that is not at its end.
    within: Option<Stream>,
}

impl Form for Timed {
    type Piece = Bytes;

    fn add(&mut self, frame: Frame<'_>) -> Result<(), ApiError> {
        let Body::Output { stream, bytes } = frame.body else {
            return Ok(());
        };
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.within.is_some_and(|within| within != stream) {
                self.out.push(b'\n');
            }
            if self.within != Some(stream) {
                // Writing to a Vec cannot fail.
                let _ = write!(self.out, "{:.6} ", frame.at);
            }
            self.out.extend_from_slice(line);
            self.within = (!line.ends_with(b"\n")).then_some(stream);
        }
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.out.len()
    }

    fn take(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| std::mem::take(&mut self.out).into())
    }
}

/// Events, with streams, times, and marks where bytes are missing.
#[derive(Default)]
pub(crate) struct Events {
    events: Vec<Event>,
    bytes: usize,
}

impl Form for Events {
    type Piece = Vec<Event>;

    fn add(&mut self, frame: Frame<'_>) -> Result<(), ApiError> {
        let next = frame.next.to_string();
        let said = match (mark(&frame), frame.body) {
            (None, Body::Output { stream, bytes }) => {
                self.bytes += bytes.len();
                output(frame.at, stream, bytes)
            }
            (Some(mark), _) => mark,
            (None, _) => return Ok(()),
        };
        self.events.push(sse::event("frame", Some(&next), &said)?);
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.bytes
    }

    fn take(&mut self) -> Option<Vec<Event>> {
        self.bytes = 0;
        (!self.events.is_empty()).then(|| std::mem::take(&mut self.events))
    }
}

fn output(at: Timestamp, stream: Stream, bytes: &[u8]) -> LogFrame {
    let text = std::str::from_utf8(bytes).ok().map(str::to_owned);
    let base64 = text.is_none().then(|| STANDARD.encode(bytes));
    LogFrame::Bytes {
        at,
        stream: published(stream),
        text,
        base64,
    }
}

/// What a frame says that holds no bytes of the log.
pub(super) fn mark(frame: &Frame<'_>) -> Option<LogFrame> {
    let at = frame.at;
    match &frame.body {
        Body::Output { .. } => None,
        Body::Hole(hole) => Some(LogFrame::Hole {
            at,
            certain: hole.certain,
            bytes: hole.bytes,
            message: hole.why.clone(),
        }),
        Body::Dropped { bytes } => Some(LogFrame::Dropped { at, bytes: *bytes }),
    }
}

const fn published(stream: Stream) -> LogStream {
    match stream {
        Stream::Stdout => LogStream::Stdout,
        Stream::Stderr => LogStream::Stderr,
    }
}
