use crate::{StartError, Stream};
use std::time::Duration;

/// What a container does once it runs.
#[derive(Clone, Debug)]
pub struct Program {
    /// How long, if it is left alone.
    pub takes: Duration,
    /// With what it exits then.
    pub code: i32,
    /// What it exits with on SIGTERM; `None`: it ignores that.
    pub on_term: Option<i32>,
    /// What it writes, and when after its start.
    pub log: Vec<(Duration, Stream, Vec<u8>)>,
    /// What `$GOFER_OUTPUT` holds at its end.
    pub output: Option<Vec<u8>>,
    /// What lies in `$GOFER_ARTIFACTS` at its end: a tar.
    pub artifacts: Option<Vec<u8>>,
    /// It cannot be started.
    pub start_error: Option<StartError>,
    /// The engine says that memory ran out, if it ends by itself.
    pub out_of_memory: bool,
    /// Its init could not execute the command, if it ends by itself.
    pub bad_command: Option<String>,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            takes: Duration::from_secs(1),
            code: 0,
            on_term: Some(143),
            log: Vec::new(),
            output: None,
            artifacts: None,
            start_error: None,
            out_of_memory: false,
            bad_command: None,
        }
    }
}
