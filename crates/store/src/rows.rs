//! The plain structs that go in and out.

use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, InstanceId, RunId},
    name::{NamespaceName, PipelineName, SecretName},
    run::{Attempt, Change, Head, Key, Object, Origin, Run, RunState, Unit},
};
use serde::{Deserialize, Serialize};

/// A registered document.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// 1, 2, 3 … within its pipeline.
    pub number: u32,
    /// The canonical text.
    pub canonical: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Proof that an instance may write to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Who.
    pub owner: InstanceId,
    /// Since which change of hands.
    pub epoch: Epoch,
}

/// A run to be accepted.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Made by the caller, a UUIDv7.
    pub id: RunId,
    /// Where.
    pub namespace: NamespaceName,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// Of which version.
    pub version: u32,
    /// What started it.
    pub origin: Origin,
    /// Its first state.
    pub run: Run,
    /// Names of its tasks, in the order of `run.tasks`.
    pub tasks: Vec<gofer_core::name::TaskName>,
    /// The first lines of its history.
    pub changes: Vec<Change>,
    /// Its secrets, sealed.
    pub secrets: Vec<(SecretName, Vec<u8>)>,
}

/// A run without its tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Identity.
    pub id: RunId,
    /// Where.
    pub namespace: NamespaceName,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// 1, 2, 3 … within its pipeline.
    pub number: u64,
    /// Of which version.
    pub version: u32,
    /// What started it.
    pub origin: Origin,
    /// What changes.
    pub head: Head,
    /// Who drives it, until it is over.
    pub claim: Option<Claim>,
}

/// A run as it is stored, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// Its row.
    pub row: RunRow,
    /// For the rule book. Tasks in order of name.
    pub run: Run,
    /// Names of its tasks, in the order of `run.tasks`.
    pub tasks: Vec<gofer_core::name::TaskName>,
}

/// What one or several events of one run came to.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Who writes.
    pub claim: Claim,
    /// The run's head, if it changed. When it was accepted stays as it was.
    pub head: Option<Head>,
    /// Tasks and items that changed or are new. Their `attempts` are not looked at.
    pub units: Vec<(Key, Unit)>,
    /// Attempts that changed or are new.
    pub attempts: Vec<(Key, Attempt)>,
    /// Lines for the history, in order.
    pub changes: Vec<Change>,
    /// Objects that the run's pipeline gets.
    pub objects: Vec<Object>,
    /// Requests that were dealt with.
    pub handled: Vec<u64>,
    /// The run is over and nothing of it is left on a scheduler: drop the claim and the secrets.
    pub release: bool,
}

impl Commit {
    /// Nothing yet.
    pub fn new(claim: Claim) -> Self {
        Self {
            claim,
            head: None,
            units: Vec::new(),
            attempts: Vec::new(),
            changes: Vec::new(),
            objects: Vec::new(),
            handled: Vec::new(),
            release: false,
        }
    }

    /// There is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.head.is_none()
            && self.units.is_empty()
            && self.attempts.is_empty()
            && self.changes.is_empty()
            && self.objects.is_empty()
            && self.handled.is_empty()
            && !self.release
    }
}

/// Something asked of a run's owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Stop it; a second one stops the finally tasks too.
    Cancel {
        /// Who asked.
        by: String,
    },
}

/// A stored request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Ascending.
    pub number: u64,
    /// Of which run.
    pub run: RunId,
    /// What.
    pub request: Request,
}

/// A failed attempt whose stopped container is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Which.
    pub attempt: AttemptId,
    /// Of which namespace.
    pub namespace: NamespaceName,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// Of which run of it.
    pub number: u64,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Somebody drives its run.
    pub claimed: bool,
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only here.
    pub namespace: Option<NamespaceName>,
    /// Only of this pipeline.
    pub pipeline: Option<PipelineName>,
    /// Only in these states; empty: all.
    pub states: Vec<RunState>,
    /// Only those whose claim has not been released.
    pub claimed: bool,
}

/// A page of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Newest first.
    pub rows: Vec<RunRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<RunId>,
}
