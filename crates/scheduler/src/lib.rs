//! What a scheduler must do. It knows attempts, not networks, sandboxes, uploads or copies: those
//! are an adapter's business. Everything is declarative and idempotent by name.
//!
//! Dropping a future of this contract never stops a container.

mod attempt;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod fact;
pub mod fake;
mod shell;

pub use attempt::{
    Attempt, Container, Credentials, Ensure, EnvValue, FileContent, Inputs, Permit, Refused,
    Service,
};
pub use fact::{Collected, Exit, Fact, LogEvent, Ours, Role, StartError, Started, Stream};
pub use shell::{Session, Shell, ShellEvent, Size};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use gofer_core::{
    id::{AttemptId, RunId},
    name::VolumeName,
};
use std::time::Duration;

/// The bytes of a tar.
pub type Tar = BoxStream<'static, Result<Bytes, Error>>;

/// A call that failed. `Away`: the engine does not answer, the truth is unknown; try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The engine does not answer; what was asked may or may not have happened.
    #[error("{0}")]
    Away(String),
    /// The engine answered with an error; the text says what and what to do.
    #[error("{0}")]
    Failed(String),
    /// This scheduler cannot do that; the text says why.
    #[error("{0}")]
    Unsupported(String),
}

/// The contract.
#[async_trait]
pub trait Scheduler: Send + Sync {
    /// Makes this attempt exist: pulls, creates, asks [`Permit`], starts. What already exists is
    /// taken as it is, and *never started a second time*: a container that ran and stopped stays
    /// stopped. Completes once the container has been started (or is found to have been).
    ///
    /// The stream holds every byte from the first (`attach` comes before `start`); after a resume
    /// it begins again with the first byte the engine still has, see [`LogEvent::Replay`]. It ends
    /// when the container has ended and its last byte was handed over. Facts go to
    /// [`Ensure::facts`]; the last one is `Exited`, `Vanished` or `NoExitCode`.
    async fn ensure(&self, request: Ensure) -> Result<BoxStream<'static, LogEvent>, StartError>;

    /// Reads the attempt's log again from the engine's own copy, without following.
    async fn logs(&self, attempt: &AttemptId) -> Result<BoxStream<'static, LogEvent>, Error>;

    /// Asks the container to end: SIGTERM, and SIGKILL after `grace`. Completes when the first
    /// signal was delivered; the end itself is a fact. Already ended or gone is success.
    async fn stop(&self, attempt: &AttemptId, grace: Duration) -> Result<(), Error>;

    /// What an ended attempt wrote to `$GOFER_OUTPUT` (raw bytes, at most 64 KiB + 1 of them).
    async fn collect(&self, attempt: &AttemptId) -> Result<Collected, Error>;

    /// What an ended attempt left in `$GOFER_ARTIFACTS`, as a tar whose paths begin with
    /// `artifacts/`, just as the task wrote it: nothing of it has been checked. `None`: nothing.
    async fn artifacts(&self, attempt: &AttemptId) -> Result<Option<Tar>, Error>;

    /// Instead of [`Scheduler::remove`], of an attempt that failed: everything goes but what
    /// [`Scheduler::shell`] needs, which then stays, over [`Scheduler::release`] too, until it is
    /// removed. False: it is not there, or is nothing that could be kept and was removed.
    async fn keep(&self, attempt: &AttemptId) -> Result<bool, Error>;

    /// A command with a terminal or pipes, beside the main process of a running attempt, or in
    /// what [`Scheduler::keep`] kept of one that ended: with its environment, user, files and
    /// working directory. Nothing of it stays when the session has ended or is dropped.
    async fn shell(&self, attempt: &AttemptId, shell: Shell) -> Result<Session, Error>;

    /// Removes what is left of a shell whose process is dead ([`Role::Shell`]), by its name. Already
    /// gone is success.
    async fn end_shell(&self, _name: &str) -> Result<(), Error> {
        Ok(())
    }

    /// Removes the attempt's containers and its own volume. Already gone is success.
    async fn remove(&self, attempt: &AttemptId) -> Result<(), Error>;

    /// Everything of this store that the scheduler holds: one labelled list.
    async fn list_ours(&self) -> Result<Vec<Ours>, Error>;

    /// The run is over: everything held for it (sandboxes, networks, scratch volumes) goes.
    async fn release(&self, run: &RunId) -> Result<(), Error>;

    /// Gets ready for a run that is about to start, so that its tasks start sooner. May do nothing.
    async fn prepare(&self, run: &RunId);

    /// Makes a kept volume exist, under this store and pipeline.
    async fn volume_ensure(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error>;

    /// Kept volumes of this store: (pipeline, name, bytes if known).
    async fn volumes(&self) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error>;

    /// Removes a kept volume of this store.
    async fn volume_remove(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error>;

    /// What containers of this store take, as far as the scheduler knows.
    async fn sizes(&self) -> Result<Vec<(Ours, u64)>, Error> {
        Ok(Vec::new())
    }

    /// Images that an older version of ours made, with their bytes. They serve every store.
    async fn old_images(&self) -> Result<Vec<(String, u64)>, Error> {
        Ok(Vec::new())
    }

    /// Removes one of them, unless something uses it. Already gone is success.
    async fn remove_old_image(&self, _name: &str) -> Result<(), Error> {
        Ok(())
    }

    /// Runs a command beside a running attempt's main process; its output and exit code.
    async fn exec(&self, attempt: &AttemptId, command: &[String]) -> Result<(i32, Vec<u8>), Error>;

    /// Waits until the scheduler can do nothing more for us in the background.
    async fn close(&self);
}
