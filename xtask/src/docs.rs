//! Generated documents. They are committed, and compared in CI.

use crate::shell::{root, say};
use anyhow::{Context, Result, bail};
use std::fs;

pub(crate) fn run(check: bool) -> Result<()> {
    let schema = serde_json::to_string_pretty(&gofer_config::schema())? + "\n";
    let documents = [
        ("docs/src/reference.md", gofer_config::reference_markdown()),
        ("docs/gofer.schema.json", schema),
        ("openapi/gofer.json", gofer_api::openapi_json()),
    ];
    let mut stale = Vec::new();
    for (path, text) in documents {
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
