//! `gofer` as a user has it: one process, one project folder, a real engine.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::manual_assert,
    clippy::too_many_lines,
    clippy::print_stdout,
    reason = "tests fail loudly, and print what they saw"
)]

mod artifacts;
mod bucket;
mod calls;
mod cleaning;
mod elsewhere;
mod examples;
mod failures;
mod files;
mod forms;
mod harness;
mod images;
mod kept;
mod kills;
mod logs;
mod outside;
mod packages;
mod pairs;
mod partial;
mod podman;
mod reruns;
mod restarts;
mod secrets;
mod sentences;
mod services;
mod shell;
mod signals;
mod smoke;
mod watching;
