//! What tests share, and never ships: the simulator.

pub mod sim;
