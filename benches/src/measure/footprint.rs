//! What it weighs: memory while a task sleeps, processor time then, the size of the program.

use crate::{
    ours::{self, Ours},
    process,
    statistics::median,
    table::{Row, Target, Unit, cell},
};
use anyhow::{Result, ensure};
use std::{process::Stdio, thread, time::Duration};

/// Long enough that what the start needed was given back.
const SETTLE: Duration = Duration::from_secs(3);
const WATCHED: Duration = Duration::from_secs(10);
const MOST_MEMORY: f64 = 15.0;
const MOST_SIZE: f64 = 12.0;

pub(crate) fn weigh(ours: &Ours) -> Result<Vec<Row>> {
    let file = ours.write("asleep", &ours::one("asleep", &["sleep", "15"]))?;
    let path = file.to_string_lossy().into_owned();
    let mut command = ours.command(&["run", &path]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    thread::sleep(SETTLE);
    let before = process::cpu_of(&child.id().to_string())?;
    thread::sleep(WATCHED);
    let spent = process::cpu_of(&child.id().to_string())? - before;
    let memory = process::memory(child.id());
    let status = child.wait()?;
    ensure!(status.success(), "the sleeping run ended with {status}");
    let memory = [memory?];
    let share = [spent / WATCHED.as_secs_f64() * 100.0];
    let size = [megabytes(std::fs::metadata(ours.binary())?.len())];
    let at_most = |most| (Unit::Megabytes, Target::AtMost(most));
    Ok(vec![
        Row::new("memory of its own (PSS) while a task sleeps")
            .ours(cell(Unit::Megabytes, &memory, &[]))
            .alone(&memory, median, at_most(MOST_MEMORY)),
        Row::new("share of a core while a task sleeps")
            .ours(format!("{:.1} %", median(&share)))
            .holds("≤ 0.1 %", median(&share) <= 0.1),
        Row::new("size of the binary, release, stripped")
            .ours(cell(Unit::Megabytes, &size, &[]))
            .alone(&size, median, at_most(MOST_SIZE)),
    ])
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap_or(u32::MAX)) / 1024.0
}
