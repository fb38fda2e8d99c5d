//! The adapter on a real engine. Without one, and without a way to start one, every test fails and
//! says so.

mod bench;
mod clock;
mod conformance;
mod engine;
mod private;
mod restarts;
mod tasks;
