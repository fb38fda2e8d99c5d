//! `gofer` as a user has it: one process, one project folder, a real engine.

mod failures;
mod forms;
mod harness;
mod kept;
mod kills;
mod logs;
mod outside;
mod pairs;
mod restarts;
mod secrets;
mod signals;
mod smoke;
