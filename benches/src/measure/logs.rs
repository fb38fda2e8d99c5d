//! P9: a task that writes a lot, and whether every byte is kept.

use super::Size;
use crate::{
    docker::{Attached, Docker},
    floor::{self, IMAGE, Job},
    ours::{self, Ours},
    process,
    rounds::{Figures, Series, Side, play},
    statistics::{median, ratio},
    table::{Row, Target, Unit, cell},
};
use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    io::Read,
    process::{Command, Stdio},
};

const SECONDS: Unit = Unit::Seconds;
/// Lines for which time is promised, and how much of it.
const PROMISED: u64 = 3_000_000;
const MOST_WALL: f64 = 15.0;
const MOST_CPU: f64 = 6.0;

/// The same line, many times.
struct Flood {
    name: &'static str,
    words: &'static str,
    line: String,
    lines: u64,
    script: String,
}

impl Flood {
    fn new(name: &'static str, words: &'static str, length: usize, lines: u64) -> Self {
        let line = "0123456789"
            .chars()
            .cycle()
            .take(length - 1)
            .collect::<String>();
        let script = format!("yes {line} | head -n {lines}");
        Self {
            name,
            words,
            line,
            lines,
            script,
        }
    }

    fn command(&self) -> [&str; 3] {
        ["sh", "-c", &self.script]
    }

    fn metric(&self, what: &str) -> String {
        format!("P9 {} {}: {what}", self.lines, self.words)
    }

    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let block = format!("{}\n", self.line).repeat(1000);
        for _ in 0..self.lines / 1000 {
            digest.update(&block);
        }
        hex(&digest.finalize())
    }
}

pub(crate) fn flood(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for flood in [
        Flood::new("wide", "lines of 100 bytes", 100, size.lines),
        Flood::new("narrow", "lines of 10 bytes", 10, size.lines),
        Flood::new(
            "tenth",
            "lines of 100 bytes, a tenth as many",
            100,
            size.lines / 10,
        ),
    ] {
        rows.extend(measure(ours, size, &flood)?);
    }
    Ok(rows)
}

fn measure(ours: &Ours, size: Size, flood: &Flood) -> Result<Vec<Row>> {
    let command = flood.command();
    let file = ours.write(flood.name, &ours::one(flood.name, &command))?;
    let path = file.to_string_lossy().into_owned();
    let mut docker = Docker::connect()?;
    let plain = || {
        let mut docker = Command::new("docker");
        unread(docker.args(["run", "--rm", IMAGE]).args(command))
    };
    let side = |name, once| Side { name, once };
    let mut sides = [
        side(
            "attach and discard",
            Box::new(|| discarded(&mut docker, &command)),
        ),
        side("docker run --rm", Box::new(plain)),
        side(
            "gofer run",
            Box::new(|| unread(&mut ours.command(&["run", &path]))),
        ),
    ];
    let series = play(flood.words, size.rounds, &mut sides)?;
    let [floor, docker, gofer] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let mut rows = rows(flood, [floor, docker, gofer]);
    let name = flood.metric("SHA-256 of `gofer logs`");
    rows.push(kept(ours, &name, flood.name, &flood.digest())?);
    Ok(rows)
}

fn discarded(docker: &mut Docker, command: &[&str]) -> Result<Figures> {
    let before = process::cpu_of("self")?;
    let discard = |attached: Attached| attached.discard().map(|_| Vec::new());
    let ran = floor::through(
        docker,
        Job {
            command,
            network: None,
        },
        discard,
    )?;
    docker.remove(&ran.id)?;
    Ok(Figures::one(ran.wall, process::cpu_of("self")? - before))
}

/// What it prints goes nowhere, but it is printed.
fn unread(command: &mut Command) -> Result<Figures> {
    let ended = process::run(command.stdout(Stdio::null()))?;
    Ok(Figures::one(ended.wall, ended.cpu))
}

fn rows(flood: &Flood, [floor, docker, gofer]: [&Series; 3]) -> Vec<Row> {
    let show = |series: &Series| cell(SECONDS, &series.wall, &series.cpu);
    let row = |what: &str| {
        Row::new(&flood.metric(what))
            .floor(show(floor))
            .reference(show(docker))
            .ours(show(gofer))
    };
    let thin = (Unit::Times, Target::AtMost(1.0 / 0.95));
    let against = row("wall, against attach and discard");
    let mut rows = vec![against.compare(&gofer.wall, &floor.wall, ratio, thin)];
    if flood.lines >= PROMISED {
        let [wall, cpu] = [MOST_WALL, MOST_CPU].map(|most| (SECONDS, Target::AtMost(most)));
        rows.push(row("wall").alone(&gofer.wall, median, wall));
        rows.push(row("processor time of ours").alone(&gofer.cpu, median, cpu));
    }
    rows
}

/// Reads the newest run's log back and compares it with what was written.
fn kept(ours: &Ours, name: &str, pipeline: &str, written: &str) -> Result<Row> {
    let of = format!("{pipeline}/latest/t001");
    let mut command = ours.command(&["logs", &of]);
    let begin = process::moment();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut digest = Sha256::new();
    if let Some(mut output) = child.stdout.take() {
        let mut piece = vec![0; 256 * 1024];
        loop {
            let read = output.read(&mut piece)?;
            if read == 0 {
                break;
            }
            digest.update(piece.get(..read).unwrap_or_default());
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "gofer logs {of} ended with {status}");
    let read = hex(&digest.finalize());
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let took = begin.elapsed().as_secs_f64();
    Ok(Row::new(name)
        .floor(short(written))
        .ours(format!(
            "{} (read back in {})",
            short(&read),
            SECONDS.show(took)
        ))
        .holds("equal", read == written))
}

/// Bytes that other tools are known to change: a NUL, what is no UTF-8, a letter of two bytes
/// across 16 KiB, a line of 10 MB, no newline at the end.
pub(crate) fn awkward(ours: &Ours) -> Result<Vec<Row>> {
    let script = "printf 'a\\000b\\377c\\n'; head -c 16383 /dev/zero | tr '\\000' a; \
                  printf '\\303\\274\\n'; head -c 10000000 /dev/zero | tr '\\000' x; \
                  printf '\\nthe end'";
    let mut bytes = b"a\0b\xffc\n".to_vec();
    bytes.resize(bytes.len() + 16_383, b'a');
    bytes.extend(b"\xc3\xbc\n");
    bytes.resize(bytes.len() + 10_000_000, b'x');
    bytes.extend(b"\nthe end");
    let file = ours.write("awkward", &ours::one("awkward", &["sh", "-c", script]))?;
    ours.run(&file)?;
    let name = "P9 NUL, 0xff, UTF-8 across 16 KiB, a line of 10 MB, no newline: SHA-256";
    Ok(vec![kept(
        ours,
        name,
        "awkward",
        &hex(&Sha256::digest(&bytes)),
    )?])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_as_wide_and_long_as_it_says() {
        let flood = Flood::new("n", "w", 10, 2000);
        assert_eq!(flood.script, "yes 012345678 | head -n 2000");
        let whole = "012345678\n".repeat(2000);
        assert_eq!(flood.digest(), hex(&Sha256::digest(whole.as_bytes())));
    }
}
