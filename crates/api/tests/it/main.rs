//! The API from outside: a real socket, a real engine, a machine that runs nothing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test builds upon; only test functions themselves are exempt by configuration"
)]

mod artifacts;
mod authority;
mod events;
mod http;
mod logs;
mod problems;
mod reruns;
mod runs;
mod server;
