//! Measurements on a real engine: the floor, what a user has without us, ours; in one run.

mod docker;
mod floor;
mod measure;
mod ours;
mod process;
mod report;
mod rounds;
mod statistics;
mod table;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use docker::Docker;
use measure::{Size, beside, fan_out, footprint, latency, logs, start, steps};
use ours::Ours;
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};
use table::Row;

/// Measures Gofer against the raw engine and `docker run`.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, print the table, and keep it in docs/benchmarks.md if everything was measured
    Run(Run),
}

#[derive(Args)]
struct Run {
    /// Pairs of what takes milliseconds
    #[arg(long, default_value_t = 200)]
    pairs: usize,
    /// Fewer pairs and rounds: to see where things stand, not to publish
    #[arg(long)]
    quick: bool,
    /// Measure only what begins so: one later first chain gap files services fan logs awkward live weight
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

impl Run {
    fn size(&self) -> Size {
        if self.quick {
            Size {
                pairs: self.pairs.min(30),
                rounds: 3,
                lines: 3_000_000,
            }
        } else {
            Size {
                pairs: self.pairs,
                rounds: 7,
                lines: 3_000_000,
            }
        }
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }
}

fn main() -> ExitCode {
    let Command::Run(run) = Cli::parse().command;
    match measure_all(&run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure_all(run: &Run) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("no root")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let ours = Ours::new(&target)?;
    let size = run.size();
    let mut rows = Vec::new();
    for (name, measure) in subjects() {
        if run.wants(name) {
            say(&format!("bench: {name}"));
            let measured = measure(&ours, size)?;
            // Told at once: a later failure must not take it away.
            say(&table::render(&measured));
            rows.extend(measured);
        }
    }
    // Not earlier: an engine closes connections that are silent for five minutes.
    let mut docker = Docker::connect()?;
    rows.push(left_behind(&ours, &mut docker)?);
    let Size {
        pairs,
        rounds,
        lines,
    } = size;
    let settings = format!("{pairs} pairs, {rounds} rounds, {lines} lines");
    let facts = report::facts(&mut docker, &settings)?;
    let text = report::text(&rows, &facts);
    say(&format!("\n{text}"));
    if run.only.is_empty() {
        report::keep(&root.join("docs/benchmarks.md"), &text)?;
    }
    Ok(())
}

type Measure = fn(&Ours, Size) -> Result<Vec<Row>>;

fn subjects() -> [(&'static str, Measure); 12] {
    [
        ("one", start::one_step),
        ("later", start::later_tasks),
        ("first", start::first_container),
        ("chain", steps::sleeping_chain),
        ("gap", steps::gap),
        ("files", beside::files),
        ("services", beside::services),
        ("fan", fan_out::throughput),
        ("logs", logs::flood),
        ("awkward", |ours, _| logs::awkward(ours)),
        ("live", latency::live),
        ("weight", |ours, _| footprint::weigh(ours)),
    ]
}

/// A fast run that leaves things lying about is not fast.
fn left_behind(ours: &Ours, docker: &mut Docker) -> Result<Row> {
    let (containers, volumes) = ours.left_behind(docker)?;
    Ok(
        Row::new("left on the engine after all of it: containers, volumes")
            .ours(format!("{containers}, {volumes}"))
            .holds("0, 0", containers + volumes == 0),
    )
}

fn say(line: &str) {
    // A reader that has gone is no reason to stop.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
