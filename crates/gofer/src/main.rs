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

/// Parts whose log nobody may see.
const SILENT: [&str; 3] = ["bollard=off", "hyper=off", "hyper_util=off"];

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
    let Ok(filter) = EnvFilter::try_from_env("GOFER_LOG") else {
        return;
    };
    // The client of the container engine logs whole requests, with the secrets in them.
    let filter = SILENT
        .iter()
        .filter_map(|part| part.parse().ok())
        .fold(filter, EnvFilter::add_directive);
    // A standard error that nobody reads any more is no reason to fail.
    fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
}
