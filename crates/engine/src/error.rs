use gofer_core::{
    id::RunId,
    name::{NamespaceName, PipelineName, SecretName},
    run::NotAgain,
};

/// Why a run was not accepted: everything that is wrong, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct Refused {
    /// One sentence each.
    pub problems: Vec<String>,
}

/// What can go wrong at the engine's front door. What goes wrong later is in the run's own state.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be carried out as it is.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Driving runs of this pipeline failed inside Gofer too often.
    #[error(
        "{namespace}/{pipeline} is not started any more: driving its runs failed {times} times inside Gofer, the last time with: {last}"
    )]
    Quarantined {
        /// Where.
        namespace: NamespaceName,
        /// Which.
        pipeline: PipelineName,
        /// How often.
        times: u32,
        /// The last failure.
        last: String,
    },
    /// A run cannot be continued without the values that mask its logs.
    #[error(
        "run {run} cannot be continued: {why}; pass the values of {} again (--secrets FILE)",
        list(names)
    )]
    SecretsMissing {
        /// The run.
        run: RunId,
        /// Which values.
        names: Vec<SecretName>,
        /// Why the stored ones do not help.
        why: String,
    },
    /// The run cannot be done again, or not so.
    #[error("{run} cannot be rerun so: {why}")]
    NotRerun {
        /// Which, as people write it.
        run: String,
        /// Why.
        why: NotAgain,
    },
    /// The run has come to its end: there is nothing to stop.
    #[error("run {0} is over")]
    Over(RunId),
    /// Driving the run ended before the wish was stored.
    #[error(
        "run {0} is not driven any more, so it was not asked to stop; the log of gofer says why"
    )]
    NotDriven(RunId),
    /// Nothing can be run in that attempt; the sentence says why.
    #[error("{0}")]
    NoShell(String),
    /// The container engine does not answer.
    #[error("{0}")]
    Away(String),
    /// The process is about to end.
    #[error("this process is about to end and takes nothing on")]
    Draining,
    /// It came to an end that nobody foresaw.
    #[error("it failed inside Gofer; the log of gofer says how")]
    Panicked,
    /// What is stored makes no sense to this version.
    #[error("{what} is stored, but cannot be read: {why}")]
    Unreadable {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] gofer_store::Error),
}

fn list(names: &[SecretName]) -> String {
    let names: Vec<&str> = names.iter().map(SecretName::as_str).collect();
    names.join(", ")
}
