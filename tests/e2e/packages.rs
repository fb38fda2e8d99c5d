//! Programs of Python packages that tests need and that a machine may not have yet.

use std::{fs::File, path::PathBuf, process::Command};

/// One process at a time: every test is one.
fn alone() -> File {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("installing.lock");
    let file = File::create(path).unwrap();
    file.lock().unwrap();
    file
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {words}");
}

/// Of Python packages, in a folder of its own beside what is built.
pub(crate) fn python(packages: &[&str], program: &str) -> PathBuf {
    let _alone = alone();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(program);
    let path = folder.join("bin").join(program);
    if !path.exists() {
        let folder = folder.to_str().unwrap();
        let pip = format!("{folder}/bin/pip");
        if Command::new("python3")
            .args(["-m", "venv", folder])
            .output()
            .is_ok_and(|done| !done.status.success())
        {
            run("apt-get", &["update", "-qq"]);
            run("apt-get", &["install", "-y", "-qq", "python3-venv"]);
            run("python3", &["-m", "venv", "--clear", folder]);
        }
        run(&pip, &[&["install", "--quiet"], packages].concat());
    }
    path
}
