//! Programs of Debian packages that tests need.

use std::{process::Command, sync::Mutex};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn is_there(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|found| found.status.success())
}

/// Makes sure that a program is there. `Err`: its package cannot be installed, and why.
pub(crate) fn have(program: &str, package: &str) -> Result<(), String> {
    let _one = ONE_AT_A_TIME.lock().unwrap();
    if is_there(program) {
        return Ok(());
    }
    let update = ["update", "-qq"].as_slice();
    let install = ["install", "-y", "-qq", "--no-install-recommends", package];
    for arguments in [update, &install] {
        let done = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .map_err(|error| format!("apt-get cannot be run: {error}"))?;
        if !done.status.success() {
            let words = String::from_utf8_lossy(&done.stderr);
            return Err(format!("apt-get {}: {words}", arguments.join(" ")));
        }
    }
    is_there(program)
        .then_some(())
        .ok_or_else(|| format!("the package {package} has no {program}"))
}
