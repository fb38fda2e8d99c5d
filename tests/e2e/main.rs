//! `gofer` as a user has it: one process, one project folder, a real engine.

mod forms;
mod harness;
mod kept;
mod kills;
mod logs;
mod outside;
mod pairs;
mod signals;
mod smoke;
