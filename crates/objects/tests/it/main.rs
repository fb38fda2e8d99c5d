#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod keeping;
mod memory;
mod world;
