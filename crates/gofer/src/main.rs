//! The `gofer` binary: the one place where parts are put together.

mod clock;
mod data_dir;
mod doctor;
mod engine_link;
mod host;
mod ids;
mod server;
mod sockets;
mod vault;

use host::Process;
use std::{ffi::OsString, io::Write, process::ExitCode};
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    listen_to_ourselves();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Two threads: one serves while the other reads a log or draws.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(gofer_cli::run(&Process::new(), arguments)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: no threads to be had: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Our own log goes to standard error, and only if somebody asked for it: `GOFER_LOG=debug`.
fn listen_to_ourselves() {
    if let Ok(filter) = EnvFilter::try_from_env("GOFER_LOG") {
        fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    }
}
