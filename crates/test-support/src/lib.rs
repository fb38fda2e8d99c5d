//! What tests share, and never ships: the simulator, and what a machine needs for tests with real
//! engines.

pub mod packages;
pub mod podman;
pub mod sim;
