//! The unit of writing: 21 bytes of head, then the bytes as they are shown.

use crate::{Place, Stream};
use gofer_core::Timestamp;

pub(crate) const HEAD: usize = 21;

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const HOLE: u8 = 3;
const DROPPED: u8 = 4;

/// A piece of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When it came, to the microsecond.
    pub at: Timestamp,
    /// What it is.
    pub body: Body<'a>,
    /// The position behind it: to go on from.
    pub next: Place,
}

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Bytes of the container.
    Output {
        /// From which pipe.
        stream: Stream,
        /// The bytes as they are shown: with secrets masked.
        bytes: &'a [u8],
    },
    /// Bytes are, or may be, missing here.
    Hole(Hole),
    /// So many bytes of the container lay beyond the cap and were not kept.
    Dropped {
        /// How many.
        bytes: u64,
    },
}

/// A place where bytes are missing, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Whether it is known that something is missing.
    pub certain: bool,
    /// How many bytes, where that is known.
    pub bytes: Option<u64>,
    /// What happened, as a sentence.
    pub why: String,
}

/// A frame as it lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    pub(crate) kind: Kind,
    /// Microseconds since 1970.
    pub(crate) time: i64,
    /// Bytes of the engine's stream that this frame stands for.
    pub(crate) engine: u64,
    pub(crate) payload: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Output(Stream),
    Hole,
    Dropped,
}

/// Why there is no frame at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFrame {
    /// It is not all there; so many bytes are wanted, as far as is known.
    Short { wanted: usize },
    /// These bytes are no frame.
    Bad,
}

impl<'a> Raw<'a> {
    pub(crate) fn write(&self, length: u32, out: &mut Vec<u8>) {
        out.push(match self.kind {
            Kind::Output(Stream::Stdout) => STDOUT,
            Kind::Output(Stream::Stderr) => STDERR,
            Kind::Hole => HOLE,
            Kind::Dropped => DROPPED,
        });
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&self.engine.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(self.payload);
    }

    /// The frame at the beginning of `bytes`, and its length.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<(Self, usize), NoFrame> {
        let short = NoFrame::Short { wanted: HEAD };
        let (&kind, rest) = bytes.split_first().ok_or(short)?;
        let kind = match kind {
            STDOUT => Kind::Output(Stream::Stdout),
            STDERR => Kind::Output(Stream::Stderr),
            HOLE => Kind::Hole,
            DROPPED => Kind::Dropped,
            _ => return Err(NoFrame::Bad),
        };
        let (&time, rest) = rest.split_first_chunk().ok_or(short)?;
        let (&engine, rest) = rest.split_first_chunk().ok_or(short)?;
        let (&length, rest) = rest.split_first_chunk().ok_or(short)?;
        let length = u32::from_le_bytes(length) as usize;
        let wanted = HEAD + length;
        let payload = rest.get(..length).ok_or(NoFrame::Short { wanted })?;
        let time = i64::from_le_bytes(time);
        Ok((
            Self {
                kind,
                time,
                engine: u64::from_le_bytes(engine),
                payload,
            },
            wanted,
        ))
    }

    /// What a reader is told; `None` if the payload of a marker makes no sense.
    pub(crate) fn body(&self) -> Option<Body<'a>> {
        Some(match self.kind {
            Kind::Output(stream) => Body::Output {
                stream,
                bytes: self.payload,
            },
            Kind::Hole => Body::Hole(Hole::read(self.payload)?),
            Kind::Dropped => Body::Dropped {
                bytes: u64::from_le_bytes(*self.payload.first_chunk()?),
            },
        })
    }
}

/// As whole microseconds.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Back; a time that cannot be is the nearest that can.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

impl Hole {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut payload = vec![u8::from(self.certain), u8::from(self.bytes.is_some())];
        payload.extend_from_slice(&self.bytes.unwrap_or(0).to_le_bytes());
        payload.extend_from_slice(self.why.as_bytes());
        payload
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let (&[certain, is_counted], rest) = payload.split_first_chunk()?;
        let (&bytes, why) = rest.split_first_chunk()?;
        Some(Self {
            certain: certain != 0,
            bytes: (is_counted != 0).then_some(u64::from_le_bytes(bytes)),
            why: String::from_utf8_lossy(why).into_owned(),
        })
    }
}
