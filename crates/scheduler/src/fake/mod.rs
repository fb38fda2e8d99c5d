//! A scheduler that runs nothing, for the simulator: deterministic, slow, forgetful and nasty in
//! the ways in which engines are. Its [`Machine`] is the engine with its containers, which outlive
//! every Gofer; a [`Fake`] is one Gofer's connection to it.

mod call;
mod container;
mod machine;
mod order;
mod program;
mod scheduler;
mod stream;
mod teller;

pub use container::{End, Seen};
pub use machine::{Machine, Restart};
pub use order::Order;
pub use program::Program;
pub use scheduler::Fake;

use gofer_core::{Timestamp, id::AttemptId};
use std::{pin::Pin, time::Duration};

/// Something that completes when the world wants it to.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What surrounds the machine: the simulator.
pub trait World: Send + Sync {
    /// The time of the machine, which nobody sets.
    fn now(&self) -> Timestamp;

    /// What the engine calls such a moment, by a clock that may have been set.
    fn shown(&self, at: Timestamp) -> Timestamp {
        at
    }

    /// Completes after a while that the world chooses, or never, if this is where Gofer dies.
    fn pause(&self, point: &'static str) -> Later<()>;

    /// The same on the way back.
    fn answer(&self, point: &'static str) -> Later<()> {
        self.pause(point)
    }

    /// Completes when the machine's clock shows `at`.
    fn until(&self, at: Timestamp) -> Later<()>;

    /// Does this kind of mishap happen now?
    fn mishap(&self, kind: &'static str) -> bool;

    /// Something went wrong that nobody was asked about.
    fn happened(&self, _kind: &'static str) {}

    /// How long something that comes late takes.
    fn delay(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// What an attempt's container does.
    fn program(&self, attempt: &AttemptId) -> Program;

    /// How long an order to stop takes to reach a process.
    fn reaction(&self) -> Duration {
        Duration::from_millis(20)
    }

    /// Somebody gave an order that changes something.
    fn ordered(&self, _order: &Order, _attempt: &AttemptId) {}

    /// An attempt is given these inputs: a tar.
    fn given(&self, _attempt: &AttemptId, _tar: Vec<u8>) {}

    /// From asking for a permit to the order to start: a permit that was given cannot be taken
    /// back.
    fn may_start(&self, _open: bool) {}
}
