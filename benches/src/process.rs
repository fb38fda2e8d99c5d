//! Processes of ours and others: how long they took, and what they cost.

use anyhow::{Context, Result, bail};
use std::{
    process::{Command, Output},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// The kernel tells processor time in hundredths of a second. Differences of a counter that goes
/// on have no bias, so means over many processes are finer than that.
const TICK: f64 = 0.01;

#[expect(
    clippy::disallowed_methods,
    reason = "measuring time is what this program is for"
)]
pub(crate) fn moment() -> Instant {
    Instant::now()
}

/// Seconds since 1970, as the containers' clock tells them too.
#[expect(
    clippy::disallowed_methods,
    reason = "it is compared with the containers' clock"
)]
pub(crate) fn wall_clock() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// A process that has ended well.
pub(crate) struct Ended {
    pub(crate) output: Output,
    /// Seconds from before `exec` to its end.
    pub(crate) wall: f64,
    /// Processor seconds of it and its children.
    pub(crate) cpu: f64,
}

/// Runs it to its end; one that fails is an error with its last words.
pub(crate) fn run(command: &mut Command) -> Result<Ended> {
    let before = children_cpu()?;
    let begin = moment();
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{name} cannot be run"))?;
    let wall = begin.elapsed().as_secs_f64();
    let cpu = children_cpu()? - before;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = words.lines().rev().take(8).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!("{name} ended with {}:\n{}", output.status, last.join("\n"));
    }
    Ok(Ended { output, wall, cpu })
}

/// Processor seconds of this process's children that have ended.
fn children_cpu() -> Result<f64> {
    let stat = stat("self")?;
    Ok(ticks(&stat, 13) + ticks(&stat, 14))
}

/// Processor seconds of a process that lives, without its children.
pub(crate) fn cpu_of(process: &str) -> Result<f64> {
    let stat = stat(process)?;
    Ok(ticks(&stat, 11) + ticks(&stat, 12))
}

fn stat(process: &str) -> Result<String> {
    let path = format!("/proc/{process}/stat");
    std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))
}

/// A field by its place behind the name, which may hold anything but a closing bracket at its end.
fn ticks(stat: &str, place: usize) -> f64 {
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let field = fields.split(' ').nth(place);
    field
        .and_then(|field| field.parse::<f64>().ok())
        .unwrap_or(f64::NAN)
        * TICK
}

/// The share of memory that is a process's own, in MB.
pub(crate) fn memory(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let rollup =
        std::fs::read_to_string(&path).with_context(|| format!("{path}: no such process"))?;
    pss(&rollup).with_context(|| format!("{path} says nothing of Pss"))
}

fn pss(rollup: &str) -> Option<f64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = "7 (a) b) c) S 1 7 7 0 -1 0 9 9 9 9 12 34 56 78 20 0";
        assert!((ticks(line, 11) - 0.12).abs() < 1e-9);
        assert!((ticks(line, 14) - 0.78).abs() < 1e-9);
    }

    #[test]
    fn the_cost_of_a_child_is_seen() {
        let burn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let ended = run(Command::new("sh").args(["-c", burn])).unwrap();
        assert!(ended.cpu > 0.0 && ended.wall > 0.0);
    }

    #[test]
    fn a_child_that_fails_is_an_error_with_its_words() {
        let failed = run(Command::new("sh").args(["-c", "echo so it is >&2; exit 3"]));
        let words = failed
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(words.contains("so it is") && words.contains('3'), "{words}");
    }

    #[test]
    fn memory_is_read_in_megabytes() {
        assert_eq!(pss("Rss: 1 kB\nPss:      2048 kB\n"), Some(2.0));
        assert_eq!(pss("Rss: 1 kB\n"), None);
        assert!(memory(std::process::id()).unwrap() > 0.1);
    }
}
