//! A person beside a task.

use crate::{Error, Stream};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use gofer_core::id::InstanceId;
use tokio::sync::{mpsc, watch};

/// What is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Whose process it serves: what is left of it goes when that process is dead.
    pub owner: InstanceId,
    /// Empty: `bash` where the image has it, else `sh`.
    pub command: Vec<String>,
    /// A terminal of this size; `None`: pipes, both streams apart.
    pub terminal: Option<Size>,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Wide.
    pub columns: u16,
    /// High.
    pub rows: u16,
}

/// A command that runs. Dropped: it is ended, and what it needed is taken away.
pub struct Session {
    /// To its standard input; dropped: the end of it.
    pub input: mpsc::Sender<Bytes>,
    /// The terminal's size, when it changes.
    pub size: watch::Sender<Size>,
    /// What it writes; the last is its exit.
    pub events: BoxStream<'static, Result<ShellEvent, Error>>,
}

/// What comes out of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellEvent {
    /// Bytes. With a terminal all of them are standard output.
    Bytes(Stream, Bytes),
    /// It ended with this code.
    Exit(i32),
}
