//! What the tests stand on.

mod binary;
mod canary;
mod clock;
mod docker;
mod events;
mod image;
mod listener;
mod podman;
mod private;
mod project;
mod records;

pub(crate) use binary::gofer;
pub(crate) use canary::Canaries;
pub(crate) use clock::{Since, wait_for};
pub(crate) use docker::Docker;
pub(crate) use events::Events;
pub(crate) use image::{IMAGE, demo_image};
pub(crate) use listener::Listener;
pub(crate) use podman::podman;
pub(crate) use private::Private;
pub(crate) use project::{Done, Live, Project};
pub(crate) use records::{AttemptRow, KeptRow, Records, Stage};

use sha2::{Digest, Sha256};

/// In hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A number from the environment, for those who want more of the same.
pub(crate) fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
