//! What is measured, a file for each subject, and the sides that they share.

pub(crate) mod beside;
pub(crate) mod clock;
pub(crate) mod fan_out;
pub(crate) mod footprint;
pub(crate) mod latency;
pub(crate) mod logs;
pub(crate) mod start;
pub(crate) mod steps;

use crate::{
    docker::Docker,
    floor::{self, IMAGE, Job},
    ours::Ours,
    process,
    rounds::{Figures, Side},
};
use anyhow::Result;
use std::{path::PathBuf, process::Command};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Pairs of what takes milliseconds.
    pub(crate) pairs: usize,
    /// Rounds of what takes seconds.
    pub(crate) rounds: usize,
    pub(crate) lines: u64,
}

impl Size {
    /// Rounds that yield `each` pairs at a time.
    fn rounds_of(self, each: usize) -> usize {
        self.pairs.div_ceil(each).max(3)
    }
}

/// The raw calls, `times` one after the other; a figure for each.
fn floor_side<'a>(name: &'static str, job: Job<'a>, times: usize) -> Result<Side<'a>> {
    let mut docker = Docker::connect()?;
    let once = move || {
        let before = process::cpu_of("self")?;
        let mut figures = Figures::default();
        for _ in 0..times {
            let ran = floor::once(&mut docker, job)?;
            figures.wall.push(ran.wall);
            docker.remove(&ran.id)?;
        }
        figures.cpu = process::cpu_of("self")? - before;
        Ok(figures)
    };
    Ok(Side {
        name,
        once: Box::new(once),
    })
}

/// What a user types without us, `times` one after the other.
fn docker_side<'a>(command: &'a [&'a str], times: usize) -> Side<'a> {
    let once = move || {
        let mut figures = Figures::default();
        for _ in 0..times {
            let mut docker = Command::new("docker");
            let ended = process::run(docker.args(["run", "--rm", IMAGE]).args(command))?;
            figures.wall.push(ended.wall);
            figures.cpu += ended.cpu;
        }
        Ok(figures)
    };
    Side {
        name: "docker run --rm",
        once: Box::new(once),
    }
}

/// `gofer run` of a file, from `exec` to its end.
fn gofer_side(ours: &Ours, file: PathBuf) -> Side<'_> {
    let once = move || {
        let run = ours.run(&file)?;
        Ok(Figures::one(run.ended.wall, run.ended.cpu))
    };
    Side {
        name: "gofer run",
        once: Box::new(once),
    }
}
