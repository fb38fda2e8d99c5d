//! The store on SQLite: one file in a data directory, which several processes share.
//!
//! One thread writes, in grouped commits; a few read. An instance lives as long as it holds the
//! lock of its file under `instances/`.
#![warn(missing_docs)]

mod codes;
mod connection;
mod failure;
mod history;
mod life;
mod list;
mod log;
mod open;
mod read;
mod readers;
mod rows;
mod statements;
mod store;
mod write;
mod writer;

pub use open::{OpenError, Options};
pub use store::SqliteStore;

#[cfg(test)]
mod tests;
