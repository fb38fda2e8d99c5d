//! The JSON of the API under `/api/v1`: what goes over the wire, and nothing else.
//!
//! Times are RFC 3339. Fields are written in the order in which they stand here. Reasons are
//! words of an open list: a newer server may say one that an older client does not know.
#![warn(missing_docs)]

mod event;
mod log;
mod partial;
mod problem;
mod request;
mod run;
mod state;

pub use event::{Change, End, Progress};
pub use log::{LogFrame, LogOptions, LogStream};
pub use partial::{Given, Mount, OnlyTasks, Partial, RerunRun};
pub use problem::{PROBLEM_JSON, Problem};
pub use request::{ResumeHow, ResumeRun, Resumed, RunsQuery, SecretValue, StartRun, Version};
pub use run::{Attempt, Item, Page, Run, RunSummary, Task};
pub use state::{RunState, TaskState, UnknownState};

#[cfg(test)]
mod tests;
