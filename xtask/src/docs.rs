//! Generated documents. They are committed, and compared in CI.

use crate::shell::{output, root, say};
use anyhow::{Context, Result, bail};
use std::fs;

/// Each document, and the example program that prints it.
const DOCUMENTS: [(&str, &[&str]); 3] = [
    (
        "docs/src/reference.md",
        &["--package", "gofer-config", "--example", "reference"],
    ),
    (
        "docs/gofer.schema.json",
        &[
            "--package",
            "gofer-config",
            "--example",
            "reference",
            "schema",
        ],
    ),
    (
        "openapi/gofer.json",
        &["--package", "gofer-api", "--example", "openapi"],
    ),
];

pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (path, program) in DOCUMENTS {
        let mut args = vec!["run", "--quiet"];
        args.extend(program);
        let text = output("cargo", &args)?;
        let place = root().join(path);
        if fs::read_to_string(&place).is_ok_and(|there| there == text) {
            continue;
        }
        if check {
            stale.push(path);
            continue;
        }
        let folder = place.parent().context("a document without a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(&place, text)?;
        say(&format!("docs: wrote {path}"));
    }
    if stale.is_empty() {
        say("docs: up to date");
        return Ok(());
    }
    bail!(
        "docs: out of date: {}; run `cargo xtask docs`",
        stale.join(", ")
    )
}
