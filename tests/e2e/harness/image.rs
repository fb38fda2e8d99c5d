//! The demo image, made as `cargo xtask image` makes it.

use super::Docker;
use std::{process::Command, sync::Once};

/// A static busybox and nothing else.
pub(crate) const IMAGE: &str = "gofer-demo:1";

/// Makes sure that the machine's engine is there and has the image.
pub(crate) fn demo_image() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let docker = Docker::shared();
        if docker.answers() && docker.has_image(IMAGE) {
            return;
        }
        let status = Command::new(env!("CARGO"))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(["run", "--quiet", "--package", "xtask", "--", "image"])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "no engine with the image {IMAGE}: run `cargo xtask image`"
        );
    });
}
