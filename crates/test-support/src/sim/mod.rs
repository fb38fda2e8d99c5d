//! The simulator: the real engine and rule book on a fake clock, store and scheduler, with crashes
//! at every await and every commit, replayable from one number.
//!
//! One queue of due, seed-ordered wake-ups drives everything. A crash drops the runtime and starts
//! the engine anew on the same store, scheduler and logs. After each seed a judge compares what is
//! stored with what the machine really did.

mod coverage;
mod dice;
mod driver;
mod judge;
mod pipeline;
mod world;

pub use coverage::Coverage;
pub use driver::{Outcome, run};
