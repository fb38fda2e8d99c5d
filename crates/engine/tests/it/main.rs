//! The engine on a store in memory and a scheduler that does what a script says, on a clock that
//! jumps to the next thing that is due.

mod clock;
mod crashes;
mod happy;
mod logs;
mod scheduler;
mod sources;
mod start;
mod stops;
mod stores;
mod world;
