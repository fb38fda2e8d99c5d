//! P9: from a container's write to a follower's eyes.

use super::{Size, clock};
use crate::{
    docker::{Attached, Docker},
    floor::{self, IMAGE, Job},
    ours::{self, Ours},
    process,
    rounds::{Figures, Series, Side, play},
    statistics::{median, quantile},
    table::{Row, Target, Unit},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    io::Read,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

const MS: Unit = Unit::Milliseconds;
const LINES: usize = 200;
/// Seconds from the write to its being seen, for 99 of 100.
const MOST: f64 = 0.020;
/// Tells the clock every 20 ms, after a while in which followers come.
const SCRIPT: &str =
    "sleep 2; i=0; while [ $i -lt 200 ]; do adjtimex; usleep 20000; i=$((i+1)); done";

/// What has come so far, and how old each clock in it was when it came.
#[derive(Default)]
struct Arrivals {
    text: String,
    ages: Vec<f64>,
}

impl Arrivals {
    fn take(&mut self, piece: &[u8], at: f64) {
        self.text.push_str(&String::from_utf8_lossy(piece));
        let whole = self.text.rfind('\n').map_or(0, |end| end + 1);
        let told = clock::told(self.text.get(..whole).unwrap_or_default());
        let new = told.iter().skip(self.ages.len()).map(|told| at - told);
        let new: Vec<f64> = new.collect();
        self.ages.extend(new);
    }

    fn done(self, cpu: f64) -> Result<Figures> {
        ensure!(
            self.ages.len() == LINES,
            "{} of {LINES} lines came",
            self.ages.len()
        );
        Ok(Figures {
            wall: self.ages,
            cpu,
        })
    }
}

pub(crate) fn live(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let command = ["sh", "-c", SCRIPT];
    let file = ours.write("live", &ours::one("live", &command))?;
    let path = file.to_string_lossy().into_owned();
    let mut docker = Docker::connect()?;
    let engine = || {
        let mut docker = Command::new("docker");
        docker.args(["run", "--rm", IMAGE]).args(command);
        follow(docker)
    };
    let side = |name, once| Side { name, once };
    let mut sides = [
        side("attach", Box::new(|| attached(&mut docker, &command))),
        side("docker run", Box::new(engine)),
        side(
            "gofer run",
            Box::new(|| follow(ours.command(&["run", &path]))),
        ),
        side("gofer logs -f", Box::new(|| beside(ours, &path))),
    ];
    let series = play("live lines", size.rounds.min(3), &mut sides)?;
    let [floor, docker, printed, followed] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let row = |by: &str, ours: &Series, share: f64| {
        let at = |series: &Series| quantile(&series.wall, share);
        Row::new(&format!(
            "P9 write → printed by {by}, p{:.0}",
            share * 100.0
        ))
        .floor(MS.show(at(floor)))
        .reference(MS.show(at(docker)))
        .ours(MS.show(at(ours)))
    };
    let middle =
        |by: &str, ours: &Series| row(by, ours, 0.5).alone(&ours.wall, median, (MS, Target::None));
    let tail = |by: &str, ours: &Series| {
        row(by, ours, 0.99)
            .alone(
                &ours.wall,
                |ages| quantile(ages, 0.99),
                (MS, Target::AtMost(MOST)),
            )
            .unless_floor_is_beyond(quantile(&floor.wall, 0.99), (MS, MOST))
    };
    let [by_run, by_logs] = ["`gofer run`", "`gofer logs -f` beside it"];
    Ok(vec![
        middle(by_run, printed),
        tail(by_run, printed),
        middle(by_logs, followed),
        tail(by_logs, followed),
    ])
}

fn attached(docker: &mut Docker, command: &[&str]) -> Result<Figures> {
    let mut arrivals = Arrivals::default();
    let read = |mut attached: Attached| {
        while let Some(piece) = attached.next()? {
            arrivals.take(&piece, process::wall_clock());
        }
        Ok(Vec::new())
    };
    let ran = floor::through(
        docker,
        Job {
            command,
            network: None,
        },
        read,
    )?;
    docker.remove(&ran.id)?;
    arrivals.done(0.0)
}

/// Reads what a command prints as it comes.
fn follow(mut command: Command) -> Result<Figures> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut output = child.stdout.take().context("no output")?;
    let mut arrivals = Arrivals::default();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = output.read(&mut piece)?;
        if read == 0 {
            break;
        }
        arrivals.take(piece.get(..read).unwrap_or_default(), process::wall_clock());
    }
    let status = child.wait()?;
    ensure!(status.success(), "it ended with {status}");
    arrivals.done(0.0)
}

/// One process runs it, another follows.
fn beside(ours: &Ours, path: &str) -> Result<Figures> {
    let before = newest(ours)?;
    let mut command = ours.command(&["run", path]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut waits = 0;
    let run = loop {
        match newest(ours)? {
            Some(run) if Some(&run) != before.as_ref() => break run,
            _ if waits == 50 => bail!("no new run of `live` is listed"),
            _ => waits += 1,
        }
        thread::sleep(Duration::from_millis(20));
    };
    // Its container is there after this, and writes only 2 s after its start.
    thread::sleep(Duration::from_secs(1));
    let figures = follow(ours.command(&["logs", "--follow", &format!("{run}/t001")]));
    let status = child.wait()?;
    ensure!(
        status.success(),
        "the run that was followed ended with {status}"
    );
    figures
}

/// The newest run of this pipeline, such as `live/3`.
fn newest(ours: &Ours) -> Result<Option<String>> {
    let ended = process::run(&mut ours.command(&["runs", "live", "-q", "-n", "1"]))?;
    let text = String::from_utf8_lossy(&ended.output.stdout);
    Ok(text.lines().next().map(|line| line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_when_its_last_byte_is_there() {
        let mut arrivals = Arrivals::default();
        arrivals.take(b"time.tv_sec: 10\ntime.tv_usec: 5000", 10.6);
        assert!(arrivals.ages.is_empty());
        arrivals.take(b"00\ntime.tv_sec: 11\n", 10.75);
        assert_eq!(arrivals.ages, [0.25]);
        arrivals.take(b"time.tv_usec: 0\n", 11.5);
        assert_eq!(arrivals.ages, [0.25, 0.5]);
        assert!(arrivals.done(0.0).is_err());
    }
}
