//! The engine on a store in memory and a scheduler that does what a script says, on a clock that
//! jumps to the next thing that is due.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the parts of a test's world fail as its assertions do"
)]

mod ahead;
mod calls;
mod clock;
mod container;
mod crashes;
mod files;
mod happy;
mod kept;
mod logs;
mod partial;
mod rerun;
mod scheduler;
mod sources;
mod start;
mod stops;
mod stores;
mod world;
