//! The adapter on a real engine. Without one, and without a way to start one, every test fails and
//! says so.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is a test"
)]

mod bench;
mod clock;
mod conformance;
mod engine;
mod left;
mod podman;
mod private;
mod registry;
mod restarts;
mod sandboxes;
mod tasks;
