//! `gofer` as a user has it: one process, one project folder, a real engine.

mod forms;
mod harness;
mod kept;
mod kills;
mod signals;
mod smoke;
