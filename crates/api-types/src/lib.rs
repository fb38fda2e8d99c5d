//! The JSON of the API under `/api/v1`: what goes over the wire, and nothing else.
//!
//! Times are RFC 3339. Fields are written in the order in which they stand here. Reasons are
//! words of an open list: a newer server may say one that an older client does not know.
#![warn(missing_docs)]

mod artifact;
mod clean;
mod event;
mod log;
mod partial;
mod problem;
mod request;
mod run;
mod shell;
mod state;

pub use artifact::{Artifact, ArtifactKind, Artifacts, ArtifactsQuery, PutObject, StoredObject};
pub use clean::{Clean, Cleaned, Spare, SpareKind, Volume};
pub use event::{Change, End, Progress};
pub use log::{LogFrame, LogOptions, LogStream};
pub use partial::{Given, Mount, OnlyTasks, Partial, RerunRun};
pub use problem::{PROBLEM_JSON, Problem};
pub use request::{ResumeHow, ResumeRun, Resumed, RunsQuery, SecretValue, StartRun, Version};
pub use run::{Attempt, Item, Kept, Page, Run, RunSummary, Task};
pub use shell::{
    SHELL_STDERR, SHELL_STDOUT, ShellInput, ShellOptions, ShellOutput, StartShell, TerminalSize,
};
pub use state::{RunState, TaskState, UnknownState};

#[cfg(test)]
mod tests;
