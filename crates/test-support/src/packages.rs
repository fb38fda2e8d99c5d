//! Programs of Debian packages that tests need and that a machine may not have yet.

use std::{fs::File, process::Command};

/// Makes sure that a program is there. `Err`: its package cannot be installed, and why.
pub fn have(program: &str, package: &str) -> Result<(), String> {
    if is_there(program) {
        return Ok(());
    }
    let _alone = alone()?;
    if is_there(program) {
        return Ok(());
    }
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "--no-install-recommends", package])?;
    is_there(program)
        .then_some(())
        .ok_or_else(|| format!("the package {package} has no {program}"))
}

/// One process at a time: every test is one, and the package manager waits for nobody.
fn alone() -> Result<File, String> {
    let path = std::env::temp_dir().join("gofer-test-packages.lock");
    let file = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    file.lock().map_err(|error| error.to_string())?;
    Ok(file)
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|found| found.status.success())
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let done = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .map_err(|error| format!("apt-get cannot be run: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&done.stderr);
    Err(format!("apt-get {}: {words}", arguments.join(" ")))
}
