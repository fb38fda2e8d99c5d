//! The bytes that an attempt wrote, on disk: how they are kept, followed and found again.
//!
//! A log is three kinds of file. What is new goes raw, frame by frame, to a *tail*. A full tail is
//! compressed into one block of the *blocks* file and gets a fixed-size entry in the *index*; only
//! then is the tail removed, and the next one has the next number. A block unpacked is its tail,
//! byte for byte, so a position (block, offset) means the same before and after, and a follower in
//! another process reads on over the change without a lock. The last entry of the index is the end
//! of the log.
//!
//! There is no clock here: time comes in with the bytes.
#![warn(missing_docs)]

pub mod disk;
mod error;
mod frame;
mod index;
mod lines;
mod log_id;
mod place;
mod reader;
mod recovery;
mod runs;
mod seek;
mod writer;

pub use disk::{Disk, FsDisk, MemoryDisk};
pub use error::Error;
pub use frame::{Body, Frame, Hole};
pub use index::End;
pub use lines::{Line, Lines};
pub use log_id::LogId;
pub use place::{InvalidPlace, Place};
pub use reader::{Frames, More, Reader};
pub use runs::{remove_run, runs};
pub use seek::Start;
pub use writer::{Chunk, Options, Writer};

use gofer_core::id::AttemptId;

/// One of the two pipes of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

impl Stream {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    pub(crate) fn slot(self) -> usize {
        match self {
            Self::Stdout => 0,
            Self::Stderr => 1,
        }
    }
}

/// One number for each stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of [`Stream::Stdout`].
    pub stdout: u64,
    /// Of [`Stream::Stderr`].
    pub stderr: u64,
}

impl Counts {
    /// The number of one stream.
    pub fn of(self, stream: Stream) -> u64 {
        match stream {
            Stream::Stdout => self.stdout,
            Stream::Stderr => self.stderr,
        }
    }

    /// Both together.
    pub fn total(self) -> u64 {
        self.stdout + self.stderr
    }

    pub(crate) fn of_mut(&mut self, stream: Stream) -> &mut u64 {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

/// The files of one log. Only typed ids make up their paths.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    base: String,
}

impl Paths {
    pub(crate) fn new(id: &LogId) -> Self {
        let AttemptId {
            run,
            task,
            item,
            number,
        } = &id.attempt;
        let mut base = match item {
            Some(item) => format!("{run}/{task}.{item}.{number}"),
            None => format!("{run}/{task}.{number}"),
        };
        if let Some(service) = &id.service {
            base.push('@');
            base.push_str(service.as_str());
        }
        Self { base }
    }

    pub(crate) fn blocks(&self) -> String {
        format!("{}.blocks", self.base)
    }

    pub(crate) fn index(&self) -> String {
        format!("{}.index", self.base)
    }

    pub(crate) fn tail(&self, block: u64) -> String {
        format!("{}.tail-{block}", self.base)
    }
}
