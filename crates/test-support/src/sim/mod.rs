//! The simulator: the real engine and rule book on a fake clock, store and scheduler, with crashes
//! at every await and every commit, replayable from one number.
//!
//! One queue of due, seed-ordered wake-ups drives everything. A crash drops a process's runtime and
//! starts the engine anew on the same store, scheduler and logs. Orders are checked against what is
//! stored while they are given; at the end a judge compares what is stored with what the machine
//! really did.

mod acts;
mod calls;
mod campaign;
mod cast;
mod chance;
mod coverage;
mod dice;
mod driver;
mod files;
mod judge;
mod look;
mod objects;
mod panics;
mod pipeline;
mod planted;
mod process;
mod seat;
mod stage;
mod steps;
mod watch;
mod world;

pub use campaign::{Campaign, seeds, sweep};
pub use coverage::{Coverage, FAULTS};
pub use driver::{Crash, Outcome, run, trace};
pub use planted::{BUGS, hunt};
pub use world::Point;
