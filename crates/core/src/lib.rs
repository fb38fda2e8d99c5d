//! What Gofer knows without doing anything: names, the pipeline definition, and the rule book.
//!
//! There is no clock, no randomness, no I/O and no async in this crate. Time comes in as an
//! argument, or through [`clock::Clock`] for those who have to wait.
#![warn(missing_docs)]

pub mod clock;
pub mod container;

pub mod definition;
pub mod id;
pub mod name;

pub mod plan;
pub mod planted;
pub mod problem;
pub mod quantity;
pub mod run;

pub mod params;
pub mod schedule;
pub mod span;
pub mod suggest;
pub mod when;

pub use clock::Clock;
pub use jiff::Timestamp;
pub use problem::Problem;
pub use span::Span;
