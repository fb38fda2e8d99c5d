//! The `gofer` binary: the one place where parts are put together.

mod choices;
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
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

fn main() -> ExitCode {
    listen_to_ourselves();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Two threads: one serves while the other reads a log or draws.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(gofer_cli::run(&Process::new(), arguments));
            // All that had to be done is: its threads end with the process.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: no threads to be had: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Our own log goes to standard error, and only if somebody asked for it: `GOFER_LOG=debug`.
fn listen_to_ourselves() {
    let Ok(wanted) = EnvFilter::try_from_env("GOFER_LOG") else {
        return;
    };
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        // A standard error that nobody reads any more is no reason to fail.
        .log_internal_errors(false);
    let fit = filter_fn(|line| may_be_seen(line.target()));
    registry().with(wanted).with(fit).with(lines).init();
}

/// The client of the container engine logs whole requests, with the secrets in them.
fn may_be_seen(target: &str) -> bool {
    let part = target.split("::").next().unwrap_or(target);
    !["bollard", "hyper", "hyper_util"].contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_secrets_is_never_logged_however_it_is_asked_for() {
        assert!(!may_be_seen("bollard::docker"));
        assert!(!may_be_seen("hyper_util::client::legacy"));
        assert!(may_be_seen("gofer_engine::driver"));
    }
}
