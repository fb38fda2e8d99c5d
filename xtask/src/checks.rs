//! What we depend on: used, allowed, without known holes.

use crate::shell::{root, run, say, succeeds, target};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{fs, path::Path};

/// Crates that must not come in, each with the reason.
const BANNED: [(&str, &str); 11] = [
    ("aws-lc-rs", "one TLS provider: ring"),
    ("aws-lc-sys", "one TLS provider: ring"),
    ("openssl-sys", "one TLS provider: ring"),
    ("native-tls", "one TLS provider: ring"),
    ("serde_yaml", "archived"),
    ("serde_yml", "unsound"),
    ("backoff", "unmaintained"),
    ("rustls-pemfile", "unmaintained"),
    ("sqlx", "rusqlite and tokio-postgres on their own drivers"),
    ("figment", "stale; loses spans"),
    ("oso", "abandoned"),
];

/// Crates that others may bring along and that no code of ours uses.
const NOT_OURS: [(&str, &str); 1] = [("chrono", "time is jiff's")];

/// Licences that may be linked into the binary.
const LICENCES: [&str; 14] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "MIT-0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
];

/// Direct dependencies whose name no source file of the member mentions.
pub(crate) fn unused() -> Result<()> {
    let metadata = metadata(&["--no-deps"])?;
    let mut unused = Vec::new();
    for package in list(&metadata, "packages") {
        let manifest = Path::new(text(package, "manifest_path"));
        let folder = manifest.parent().context("a manifest without a folder")?;
        let sources = sources(folder)?;
        for dependency in list(package, "dependencies") {
            let name = dependency["rename"]
                .as_str()
                .unwrap_or(text(dependency, "name"));
            let ident = name.replace('-', "_");
            if !sources.iter().any(|source| mentions(source, &ident)) {
                unused.push(format!("{} does not use {name}", text(package, "name")));
            }
        }
    }
    if unused.is_empty() {
        say("unused dependencies: none");
        return Ok(());
    }
    bail!("unused dependencies:\n  {}", unused.join("\n  "))
}

fn mentions(source: &str, ident: &str) -> bool {
    source.match_indices(ident).any(|(at, _)| {
        let before = source[..at].chars().next_back();
        let after = source[at + ident.len()..].chars().next();
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_part(before) && !is_part(after)
    })
}

fn sources(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                todo.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(&path)?);
            }
        }
    }
    Ok(found)
}

/// Banned crates, foreign sources and licences, over the whole tree.
pub(crate) fn bans() -> Result<()> {
    let metadata = metadata(&["--locked"])?;
    let mut wrong = Vec::new();
    for package in list(&metadata, "packages") {
        let (name, version) = (text(package, "name"), text(package, "version"));
        if let Some((_, why)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            wrong.push(format!("{name} {version} is banned: {why}"));
        }
        let Some(source) = package["source"].as_str() else {
            wrong.extend(not_ours(package));
            continue;
        };
        if !source.starts_with("registry+") {
            wrong.push(format!("{name} {version} comes from {source}"));
        }
        let licence = package["license"].as_str().unwrap_or_default();
        if !allowed(licence) {
            wrong.push(format!("{name} {version} has the licence {licence:?}"));
        }
    }
    if wrong.is_empty() {
        say("bans, sources, licences: fine");
        return Ok(());
    }
    bail!(
        "dependencies that must not come in:\n  {}",
        wrong.join("\n  ")
    )
}

/// What a package of ours names and must not.
fn not_ours(package: &Value) -> Vec<String> {
    let named = list(package, "dependencies");
    let found = named.filter_map(|dependency| {
        let name = text(dependency, "name");
        let (_, why) = NOT_OURS.iter().find(|(banned, _)| *banned == name)?;
        Some(format!("{} uses {name}: {why}", text(package, "name")))
    });
    found.collect()
}

/// `A OR B` needs one that is allowed, `A AND B` all.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    let fits = |licence: &str| LICENCES.contains(&licence.trim());
    let all = |part: &str| part.split(" AND ").all(fits);
    expression.split(" OR ").any(all)
        || expression
            .split(" AND ")
            .all(|part| part.split(" OR ").any(fits))
}

/// Known holes, by the snapshot of the advisory database beside the checkout.
pub(crate) fn advisories() -> Result<()> {
    let Some(database) = [
        root().join("../shared/advisory-db"),
        root().join("advisory-db"),
    ]
    .into_iter()
    .find(|path| path.exists()) else {
        bail!("advisories: no database at ../shared/advisory-db");
    };
    let tools = target().join("tools");
    let audit = tools.join("bin/cargo-audit").to_string_lossy().into_owned();
    if !succeeds(&audit, &["audit", "--version"]) {
        say("advisories: installing cargo-audit");
        let folder = tools.to_string_lossy().into_owned();
        let audit = "cargo-audit@0.22.2";
        run(
            "cargo",
            &["install", "--quiet", "--locked", "--root", &folder, audit],
        )?;
    }
    // cargo-audit wants to see a repository; the snapshot is a plain folder that must stay as it is.
    let copy = tools.join("advisory-db");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let (from, to) = (database.to_string_lossy(), copy.to_string_lossy());
    run("cp", &["-r", "--no-preserve=mode", &from, &to])?;
    run(
        &audit,
        &["audit", "--db", &to, "--no-fetch", "--stale", "--quiet"],
    )
}

fn metadata(more: &[&str]) -> Result<Value> {
    let mut args = vec!["metadata", "--format-version", "1"];
    args.extend(more);
    Ok(serde_json::from_str(&crate::shell::output(
        "cargo", &args,
    )?)?)
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
