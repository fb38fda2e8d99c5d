#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod extract;
mod hostile;
mod same;
mod world;
