//! The crates and their directions: arrows point to `core`.

use crate::shell::{output, say};
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Each crate with those of ours that it may use (outside its tests).
const TABLE: &[(&str, &[&str])] = &[
    ("gofer-core", &[]),
    ("gofer-api-types", &[]),
    ("gofer-archive", &[]),
    ("gofer-config", &["gofer-core"]),
    ("gofer-secrets", &["gofer-core"]),
    ("gofer-logs", &["gofer-core"]),
    ("gofer-objects", &["gofer-archive", "gofer-core"]),
    ("gofer-store", &["gofer-core"]),
    ("gofer-store-sqlite", &["gofer-core", "gofer-store"]),
    ("gofer-scheduler", &["gofer-core", "gofer-secrets"]),
    (
        "gofer-scheduler-docker",
        &["gofer-core", "gofer-secrets", "gofer-scheduler"],
    ),
    (
        "gofer-engine",
        &[
            "gofer-core",
            "gofer-logs",
            "gofer-objects",
            "gofer-scheduler",
            "gofer-secrets",
            "gofer-store",
        ],
    ),
    ("gofer-sdk", &["gofer-api-types"]),
    (
        "gofer-api",
        &[
            "gofer-api-types",
            "gofer-core",
            "gofer-engine",
            "gofer-logs",
            "gofer-objects",
            "gofer-secrets",
            "gofer-store",
        ],
    ),
    (
        "gofer-cli",
        &[
            "gofer-archive",
            "gofer-config",
            "gofer-core",
            "gofer-sdk",
            "gofer-secrets",
        ],
    ),
    ("gofer", ANY),
    ("gofer-bench", ANY),
    ("gofer-test-support", ANY),
    ("gofer-e2e", ANY),
    ("xtask", ANY),
];

/// The composition root, and what never ships.
const ANY: &[&str] = &["*"];

pub(crate) fn check() -> Result<()> {
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may)) = TABLE.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("{name} is not in the table of xtask/src/deps.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let uses = dependency["name"].as_str().unwrap_or_default();
            let is_ours = uses.starts_with("gofer");
            let ships = dependency["kind"].as_str() != Some("dev");
            if is_ours && ships && *may != ANY && !may.contains(&uses) {
                wrong.push(format!("{name} must not use {uses}"));
            }
            if uses == "gofer-test-support" && ships && name != "xtask" {
                wrong.push(format!("{name} must use {uses} in tests only"));
            }
        }
    }
    if wrong.is_empty() {
        say(&format!(
            "directions: {} crates, all as in the table",
            packages.len()
        ));
        return Ok(());
    }
    bail!("directions:\n  {}", wrong.join("\n  "))
}
