//! How a container ended, as its scheduler saw it. The verdict is the rule book's.

use super::Reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an attempt came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The engine reported an exit.
    Exited(Exit),
    /// The container is not there any more and nobody saw it end.
    Vanished,
    /// The engine says that it ended, but has no exit code.
    NoExitCode,
    /// It never ran: the reason and a sentence.
    NotStarted(Reason, String),
}

/// An exit as the engine reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// When, as the engine says.
    pub at: Timestamp,
    /// The code; never a guess.
    pub code: i32,
    /// The engine says that memory ran out.
    pub out_of_memory: bool,
    /// The engine was away when it ended, and did not keep its containers running meanwhile.
    pub engine_restarted: bool,
    /// Somebody else sent it a signal or stopped it.
    pub stopped_outside: bool,
    /// The container's init could not execute the command; its own words.
    pub bad_command: Option<String>,
}
