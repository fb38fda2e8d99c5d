//! Debian's Podman, whose service is started for the tests on a socket and in a storage of their
//! own, with the demo image in it.

use super::{Docker, IMAGE, demo_image};
use gofer_test_support::podman;
use std::{process::Command, sync::LazyLock};

/// `None`: it cannot be had here, which is said.
pub(crate) fn podman() -> Option<Docker> {
    static SERVICE: LazyLock<Result<Docker, String>> = LazyLock::new(|| {
        podman::install()?;
        let socket = podman::serve("gofer-e2e-podman", "").unwrap();
        demo_image();
        let service = Docker::at(&socket);
        if !service.has_image(IMAGE) {
            load(&service);
        }
        Ok(service)
    });
    match &*SERVICE {
        Ok(service) => Some(service.clone()),
        Err(why) => {
            println!("skipped: podman cannot be installed: {why}");
            None
        }
    }
}

fn shell(script: &str) -> Result<(), String> {
    let done = Command::new("sh").args(["-ec", script]).output();
    let done = done.map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&done.stderr);
    done.status.success().then_some(()).ok_or(words.into())
}

fn load(service: &Docker) {
    let from = Docker::shared().host();
    let to = service.host();
    let done = shell(&format!(
        "docker -H {from} save {IMAGE} | docker -H {to} load"
    ));
    done.unwrap_or_else(|words| panic!("the image cannot be brought to podman: {words}"));
    assert!(service.has_image(IMAGE), "it has another name there");
}
