//! Every check but the tests, the quick ones first.

use crate::{checks, deps, docs, shell, sizes};
use anyhow::Result;

pub(crate) fn run() -> Result<()> {
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    deps::check()?;
    sizes::check()?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ];
    shell::run("cargo", &clippy)?;
    docs::run(true)?;
    checks::unused()?;
    checks::bans()?;
    checks::advisories()
}
