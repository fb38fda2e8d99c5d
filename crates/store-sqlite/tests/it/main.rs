//! The store on real files, with real processes.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

mod conformance;
mod full_disk;
mod opening;
mod processes;
mod support;
mod writing;
