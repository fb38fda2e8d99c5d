//! The engine makes runs happen: it accepts them, drives each with one driver on the rule book of
//! `gofer-core`, keeps their logs, and cleans up behind them.
//!
//! The store is the truth, a scheduler does the work, and both are contracts here. Whatever is to
//! be done is stored before it is done, so a driver that starts on a stored run goes on where the
//! last one was killed. Time comes from [`gofer_core::Clock`] alone and every choice is a
//! deterministic one, so that a simulator can replay what it saw.
#![warn(missing_docs)]

mod ahead;
mod attempt;
mod call;
mod checks;
mod child;
mod clean;
mod context;
mod draft;
mod driven;
mod driver;
mod engine;
mod error;
mod feed;
mod hold;
mod keep;
mod log;
mod message;
mod objects;
pub mod outputs;
mod partial;
mod parts;
mod pauses;
mod pins;
mod plans;
mod recover;
mod requests;
mod rerun;
mod rush;
mod shell;
mod spare;
mod sweep;
mod takings;
mod tidy;
mod volumes;

pub use engine::{Engine, Start};
pub use error::{Error, Refused};
pub use gofer_scheduler::{Session, ShellEvent, Size, Stream};
pub use partial::Wanted;
pub use parts::{Knock, Options, Parts, Vault};
pub use recover::Resumed;
pub use rerun::Rerun;
pub use shell::Visit;
pub use spare::{Spare, SpareKind, Spares};
pub use tidy::{LONGEST_KEPT, RUNS_KEPT};
pub use volumes::KeptVolume;
