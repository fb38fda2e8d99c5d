#![expect(clippy::unwrap_used, reason = "tests")]

mod bucket;
mod keeping;
mod memory;
mod world;
