//! The command line: what people type, and what they see.
//!
//! It talks to runs only through `gofer-sdk`, and to files only through `gofer-config`.

mod host;

pub use host::{Check, Host, Need, Refused, Terminal, Verdict};

// `pub async fn run(host: &dyn Host, argv: Vec<OsString>) -> ExitCode` follows with the commands;
// `pub fn main(host: &dyn Host, argv: Vec<OsString>) -> ExitCode` wraps it in a tokio runtime.
