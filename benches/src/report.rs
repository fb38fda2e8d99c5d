//! The table with the facts of the machine, on the screen and in the document.

use crate::{
    docker::Docker,
    process,
    table::{self, Row},
};
use anyhow::{Context, Result};
use std::{fmt::Write as _, fs, path::Path, process::Command};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench run` -->";
const END: &str = "<!-- end of figures -->";

/// What the figures hold for.
pub(crate) fn facts(docker: &mut Docker, settings: &str) -> Result<String> {
    let info = docker.get("/info")?;
    let version = docker.get("/version")?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    let memory = info["MemTotal"].as_f64().unwrap_or(0.0) / f64::from(1 << 30);
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let now = jiff::Timestamp::from_second(whole(process::wall_clock()))?;
    let mut facts = String::new();
    for (name, value) in [
        ("date", now.to_string()),
        ("commit", commit.unwrap_or_default()),
        ("settings", settings.to_owned()),
        ("processor", format!("{} × {}", info["NCPU"], processor())),
        ("memory", format!("{memory:.1} GB")),
        ("kernel", text(&info["KernelVersion"])),
        (
            "engine",
            format!(
                "Docker {}, {}",
                text(&version["Version"]),
                runtime(&version)
            ),
        ),
        ("storage driver", text(&info["Driver"])),
        (
            "cgroups",
            format!(
                "v{}, {}",
                text(&info["CgroupVersion"]),
                text(&info["CgroupDriver"])
            ),
        ),
        ("load at the end", load.join(" ")),
    ] {
        let _ = writeln!(facts, "- {name}: {value}");
    }
    Ok(facts)
}

#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    model
        .map_or("?", |model| model.trim_start_matches([' ', '\t', ':']))
        .to_owned()
}

fn runtime(version: &serde_json::Value) -> String {
    let parts = version["Components"].as_array().into_iter().flatten();
    let parts = parts.filter(|part| part["Name"] == "containerd" || part["Name"] == "runc");
    let shown = parts.map(|part| {
        let text = |key: &str| part[key].as_str().unwrap_or("?").to_owned();
        format!("{} {}", text("Name"), text("Version"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

pub(crate) fn text(rows: &[Row], facts: &str) -> String {
    format!("{}\n{facts}", table::render(rows))
}

/// Puts the text between the document's marks.
pub(crate) fn keep(document: &Path, text: &str) -> Result<()> {
    let old = fs::read_to_string(document)
        .with_context(|| format!("{} cannot be read", document.display()))?;
    let new = between(&old, text)
        .with_context(|| format!("{} has no marks for the figures", document.display()))?;
    Ok(fs::write(document, new)?)
}

fn between(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        text.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let old = format!("above\n{BEGIN}\nold\n{END}\nbelow\n");
        let new = between(&old, "new\n").unwrap();
        assert_eq!(new, format!("above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"));
        assert_eq!(between(&new, "new\n").as_deref(), Some(new.as_str()));
        assert_eq!(between("no marks", "new"), None);
    }
}
