#![expect(clippy::unwrap_used, reason = "tests")]

mod keeping;
mod memory;
mod world;
