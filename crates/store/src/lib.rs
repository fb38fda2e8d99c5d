//! What must be stored, as a contract. The database is the truth: everything else only wakes
//! somebody who then reads it.
//!
//! Several processes may share one store. Each is an *instance* with a proof of life; it drives
//! the runs that it has claimed, and every write to a run carries the claim's epoch, so that an
//! owner who lost its claim is refused ([`Error::Fenced`]).

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod memory;
pub mod refusal;
mod rows;

pub use rows::{
    Claim, Commit, Filter, KeptRow, NewRun, Page, Request, RequestRow, RunRow, StoredRun, Version,
};

use async_trait::async_trait;
use gofer_core::{
    Timestamp,
    id::{AttemptId, InstanceId, RunId, StoreId},
    name::{NamespaceName, ObjectKey, PipelineName, SecretName},
    run::{Attempt, Change, Key, Object},
};

/// What can go wrong. A caller does something else for each.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the database longer than we wait: try again.
    #[error("another process has held the database for too long: try again")]
    Busy,
    /// No room on the disk: keep what is in memory, say so, try again.
    #[error("the disk that holds the database is full: free some space and it goes on")]
    Full,
    /// Another instance owns the run now: stop driving it, without another engine call.
    #[error("another process has taken this run over")]
    Fenced,
    /// There is no such thing.
    #[error("{0} is not there")]
    NotFound(String),
    /// The run is over: nothing can be asked of it any more.
    #[error("this run is over")]
    Over,
    /// The run is not over, or something of it may still be on a scheduler.
    #[error("this run is not over yet: cancel it, or let it end, first")]
    Unfinished,
    /// Anything else; nothing was written.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// Who drives a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// It is ours now, with this claim.
    Ours(Claim),
    /// This living instance drives it.
    Alive(InstanceId),
    /// It is over and its claim was released: nobody drives it.
    Over,
}

/// The contract. Every write is durable when its future completes, and is carried out even if its
/// future is dropped. One that fails wrote nothing. Times are kept to the microsecond.
#[async_trait]
pub trait Store: Send + Sync {
    /// The store's own identity, made with it.
    fn id(&self) -> StoreId;

    /// This process's instance: registered and alive for as long as the value lives.
    fn instance(&self) -> InstanceId;

    /// Registers a document. One with the same content as the newest version of that pipeline is
    /// that version; any other becomes the next one.
    async fn put_version(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        canonical: &str,
        now: Timestamp,
    ) -> Result<Version, Error>;

    /// One version.
    async fn version(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u32,
    ) -> Result<Version, Error>;

    /// Accepts a run: numbers it within its pipeline, claims it for this instance, and stores its
    /// tasks, its first line of history and its sealed secrets, all or nothing.
    async fn create_run(&self, run: NewRun) -> Result<RunRow, Error>;

    /// Stores what one or several events came to: all of it or nothing, and nothing unless the
    /// claim still holds. A release is for a run that is over ([`Error::Unfinished`]).
    async fn commit(&self, commit: Commit) -> Result<(), Error>;

    /// A run with its tasks, items and attempts.
    async fn load(&self, run: RunId) -> Result<StoredRun, Error>;

    /// Takes a run over if its owner is dead. Our own run answers with our claim.
    async fn adopt(&self, run: RunId) -> Result<Adoption, Error>;

    /// Takes a run that is over up again, with the next epoch, so that it can be rerun. Not while
    /// it goes on, nor while a living instance still clears up after it ([`Error::Unfinished`]).
    async fn reclaim(&self, run: RunId) -> Result<Claim, Error>;

    /// Is this instance alive?
    async fn is_alive(&self, instance: InstanceId) -> Result<bool, Error>;

    /// Runs, those accepted last first, a page at a time: `after` is [`Page::next`] of the page
    /// before, and may have been deleted since.
    async fn runs(&self, filter: &Filter, after: Option<RunId>, most: u32) -> Result<Page, Error>;

    /// One run's row.
    async fn run(&self, run: RunId) -> Result<RunRow, Error>;

    /// A run by its number in its pipeline.
    async fn run_by_number(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u64,
    ) -> Result<RunRow, Error>;

    /// A run's history after line `after` (0 = from the beginning), oldest first, with the number
    /// of each line.
    async fn history(&self, run: RunId, after: u64, most: u32)
    -> Result<Vec<(u64, Change)>, Error>;

    /// Attempts of one task or item, oldest first.
    async fn attempts(&self, run: RunId, key: &Key) -> Result<Vec<Attempt>, Error>;

    /// Leaves a request for whoever drives the run, and gives its number. Of a run that is over
    /// nothing can be asked ([`Error::Over`]).
    async fn request(&self, run: RunId, request: Request, now: Timestamp) -> Result<u64, Error>;

    /// Requests not yet handled for runs that this instance drives, oldest first.
    async fn requests(&self) -> Result<Vec<RequestRow>, Error>;

    /// What a pipeline keeps, by key.
    async fn objects(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<Vec<Object>, Error>;

    /// Gives a pipeline's object a value. The pipeline need not have been registered.
    async fn put_object(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        object: Object,
    ) -> Result<(), Error>;

    /// Forgets a pipeline's object.
    async fn delete_object(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        key: &ObjectKey,
    ) -> Result<(), Error>;

    /// Sealed secrets of a run, by name. They go with [`Commit::release`].
    async fn sealed(&self, run: RunId) -> Result<Vec<(SecretName, Vec<u8>)>, Error>;

    /// Puts a run's sealed secrets in the place of those that are there. For a resume or a rerun.
    async fn seal(&self, claim: Claim, secrets: Vec<(SecretName, Vec<u8>)>) -> Result<(), Error>;

    /// Attempts whose containers are kept ([`gofer_core::run::Stage::Kept`]), the newest first.
    async fn kept(&self) -> Result<Vec<KeptRow>, Error>;

    /// Stores that a kept attempt's container goes. Only where nobody drives the run; false: it is
    /// not kept, or somebody drives its run.
    async fn let_go(&self, attempt: &AttemptId) -> Result<bool, Error>;

    /// Forgets a run that is over and whose claim was released, with everything stored about it.
    /// Its number is not given again.
    async fn delete_run(&self, run: RunId) -> Result<(), Error>;
}
