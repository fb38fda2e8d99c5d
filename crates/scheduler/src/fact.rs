//! What a scheduler says.

use bytes::Bytes;
use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, InstanceId, RunId},
    run::Reason,
};

pub use gofer_core::run::Exit;

/// Something that happened to an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// The image is being pulled: bytes done and in all, as far as known.
    Pulling {
        /// Which image.
        image: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all; 0 if unknown.
        total: u64,
    },
    /// The image is there.
    Pulled,
    /// A service's container was made of this image. Comes before `Started`.
    ServiceImage {
        /// As the request says it.
        name: String,
        /// As [`Started::image`] would say it.
        image: String,
    },
    /// All that is beside it was started, and is waited for, as the sentence says. Until it is
    /// there the request can be left alone: nothing is under way.
    Waiting(String),
    /// The container started, or is found to have been started.
    Started(Started),
    /// Somebody paused it; the sentence says how to go on.
    Paused(String),
    /// It goes on.
    Resumed,
    /// The engine does not answer; the sentence says so. What we know may be old.
    Away(String),
    /// The engine answers again.
    Back,
    /// It ended. Comes once, and last.
    Exited(Exit),
    /// It is gone and nobody saw it end. Comes once, and last.
    Vanished,
    /// It ended without an exit code. Comes once, and last.
    NoExitCode,
}

/// What is known at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// When, as the engine says.
    pub at: Timestamp,
    /// `NAME@sha256:…`, or `local:sha256:…` for an image without a repository digest.
    pub image: Option<String>,
    /// Which machine.
    pub node: Option<String>,
}

/// One piece of an attempt's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// Bytes as the container wrote them.
    Bytes {
        /// To where.
        stream: Stream,
        /// When they reached us, or as the engine recorded it.
        at: Timestamp,
        /// The bytes.
        bytes: Bytes,
    },
    /// What follows begins with the first byte that the engine has: skip by count what is stored.
    Replay,
    /// The connection broke with the engine. What follows are only records that the engine made
    /// after the break: some bytes before it *may* be missing.
    Broken,
}

/// Where a container wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Why an attempt could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// It cannot run; the reason and a sentence with the remedy.
    #[error("{message}")]
    Failed {
        /// For machines.
        reason: Reason,
        /// For people.
        message: String,
        /// Trying again can never help, such as for a name that cannot be one.
        never_again: bool,
    },
    /// The engine does not answer; what exists is unknown. Ask again: it is idempotent.
    #[error("{0}")]
    Away(String),
    /// [`crate::Permit`] said no. Nothing was started.
    #[error("the start was not permitted")]
    Refused,
    /// `stage` says that it may have been started, and it is not there.
    #[error("the container is gone")]
    Vanished,
}

/// What an ended attempt left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// The bytes of `$GOFER_OUTPUT`; `None` if the file was never made. More than 64 KiB: cut
    /// there, plus one byte, so that the reader can tell.
    pub output: Option<Vec<u8>>,
    /// Something lies in `$GOFER_ARTIFACTS`: [`crate::Scheduler::artifacts`] gives it.
    pub artifacts: bool,
}

/// Something of ours that the scheduler holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// What it is for.
    pub role: Role,
    /// Of which run; none for what belongs to no run.
    pub run: Option<RunId>,
    /// Of which attempt.
    pub attempt: Option<AttemptId>,
    /// Of which epoch.
    pub epoch: Option<Epoch>,
    /// Of a shell: whose process it serves.
    pub owner: Option<InstanceId>,
    /// The engine's own name for it, for people.
    pub name: String,
    /// It runs now.
    pub running: bool,
}

/// What a thing on a scheduler is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A task's container.
    Attempt,
    /// A container beside one.
    Service,
    /// What holds a network open.
    Sandbox,
    /// A volume.
    Volume,
    /// A network.
    Network,
    /// A container or an image that somebody looks into a kept attempt with.
    Shell,
}
