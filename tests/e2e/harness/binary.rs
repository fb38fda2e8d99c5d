//! Where the binary is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The `gofer` beside the tests: `target/PROFILE/gofer`. It is built if it is not there or older
/// than its sources, because cargo does not build another package's binary for a test.
pub(crate) fn gofer() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(path) = std::env::var_os("GOFER_E2E_BIN") {
            return path.into();
        }
        let test = std::env::current_exe().expect("the test binary has a path");
        let profile = test
            .parent()
            .and_then(Path::parent)
            .expect("it is in target/PROFILE/deps");
        let binary = profile.join("gofer");
        if is_stale(&binary) {
            build(profile);
        }
        binary
    })
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn is_stale(binary: &Path) -> bool {
    let Ok(built) = fs::metadata(binary).and_then(|found| found.modified()) else {
        return true;
    };
    ["crates", "sdk/rust"]
        .iter()
        .any(|folder| is_newer(&root().join(folder), built))
}

/// Is any source of the shipped crates newer? Tests are not compiled into the binary.
fn is_newer(folder: &Path, built: SystemTime) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            let aside = ["tests", "examples", "test-support", "benches"];
            let is_aside = aside.iter().any(|name| path.ends_with(name));
            return !is_aside && is_newer(&path, built);
        }
        let modified = entry.metadata().and_then(|found| found.modified());
        modified.is_ok_and(|modified| modified > built)
    })
}

fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(root())
        .args(["build", "--quiet", "--package", "gofer"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be run");
    assert!(status.success(), "gofer cannot be built");
}
