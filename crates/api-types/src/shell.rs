//! A command in a task, over a WebSocket.
//!
//! The client's first message is a [`StartShell`] as text. From then on its binary messages are the
//! command's standard input, and its text messages [`ShellInput`]. The server's text messages are
//! [`ShellOutput`]; its binary ones begin with [`SHELL_STDOUT`] or [`SHELL_STDERR`], and the rest is
//! what the command wrote there. After `exit` or `problem` the server closes.

use crate::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// First byte of a message with standard output; with a terminal, with all that it shows.
pub const SHELL_STDOUT: u8 = 1;
/// First byte of a message with standard error.
pub const SHELL_STDERR: u8 = 2;

/// In which attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShellOptions {
    /// Which attempt; the newest unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

/// What is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartShell {
    /// Empty: `bash` where the image has it, else `sh`.
    #[serde(default)]
    pub command: Vec<String>,
    /// With a terminal of this size; without one both streams come apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalSize>,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminalSize {
    /// Wide.
    pub columns: u16,
    /// High.
    pub rows: u16,
}

/// What a client says besides input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ShellInput {
    /// Its terminal has another size.
    Resize(TerminalSize),
    /// There is no more input.
    End {},
}

/// What the server says besides output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShellOutput {
    /// It runs, in this attempt.
    Started {
        /// Its number.
        attempt: u32,
    },
    /// It ended with this code. The last message.
    Exit {
        /// What the engine reported.
        code: i32,
    },
    /// It cannot be run, or not on. The last message.
    Problem(Problem),
}
