//! Files that a person can read in one sitting.

use crate::shell::{output, say};
use anyhow::{Result, bail};
use std::fs;

const MOST: usize = 500;
const AIM: usize = 150;

pub(crate) fn check() -> Result<()> {
    let files = output(
        "git",
        &[
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "*.rs",
        ],
    )?;
    let mut lengths: Vec<(usize, &str)> = files
        .lines()
        .filter_map(|path| Some((fs::read_to_string(path).ok()?.lines().count(), path)))
        .collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("tests.rs");
    let over: Vec<String> = lengths
        .iter()
        .filter(|(lines, _)| *lines > MOST)
        .map(|(lines, path)| format!("{lines:5}  {path}"))
        .collect();
    let above = lengths
        .iter()
        .filter(|(lines, path)| *lines > AIM && !is_test(path))
        .count();
    say(&format!(
        "sizes: {} files, {above} above the aim of {AIM} lines",
        lengths.len()
    ));
    if over.is_empty() {
        return Ok(());
    }
    bail!("files over {MOST} lines:\n{}", over.join("\n"))
}
