//! The command line as its users meet it, without a server.

#[expect(
    clippy::unwrap_used,
    reason = "a world that cannot be made fails its test"
)]
mod host;
mod init;
mod inputs;
#[expect(
    clippy::unwrap_used,
    reason = "an answer that cannot be read fails its test"
)]
mod reruns;
mod runs;
#[expect(
    clippy::unwrap_used,
    reason = "a server that cannot be made fails its test"
)]
mod server;
mod usage;
mod validate;
