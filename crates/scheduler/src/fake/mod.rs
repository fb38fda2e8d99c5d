//! A scheduler that runs nothing, for the simulator: deterministic, slow, forgetful and nasty in
//! the ways in which engines are. Its [`Machine`] is the engine with its containers, which outlive
//! every Gofer; a [`Fake`] is one Gofer's connection to it.

mod container;
mod machine;
mod program;
mod scheduler;
mod stream;

pub use container::{End, Seen};
pub use machine::{Machine, Restart};
pub use program::Program;
pub use scheduler::Fake;

use gofer_core::{Timestamp, id::AttemptId};
use std::{pin::Pin, time::Duration};

/// Something that completes when the world wants it to.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What surrounds the machine: the simulator.
pub trait World: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;

    /// Completes after a while that the world chooses, or never, if this is where Gofer dies.
    fn pause(&self, point: &'static str) -> Later<()>;

    /// Completes when the clock shows `at`.
    fn until(&self, at: Timestamp) -> Later<()>;

    /// Does this kind of mishap happen now?
    fn mishap(&self, kind: &'static str) -> bool;

    /// What an attempt's container does.
    fn program(&self, attempt: &AttemptId) -> Program;

    /// How long an order to stop takes to reach a process.
    fn reaction(&self) -> Duration {
        Duration::from_millis(20)
    }
}
