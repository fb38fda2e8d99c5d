//! The simulator from the command line: replays seeds, and says what they reached.

use gofer_test_support::sim::{self, Campaign, Crash};
use std::{collections::BTreeMap, fmt::Display, process::ExitCode};

const USAGE: &str = "\
sim [--seed S] [--seeds N]   seeds from S on, each twice; 10000 and more have to reach everything
sim --sweep [--seeds N]      a crash at every point of the first process, one after another
sim --planted                finds the planted bugs (needs --features planted)
sim --trace S                what happens in a seed";

/// So many seeds have to reach everything.
const WHOLE: u64 = 10_000;

struct Asked {
    mode: &'static str,
    first: u64,
    seeds: Option<u64>,
}

fn main() -> ExitCode {
    let Some(asked) = asked() else {
        say(&USAGE);
        return ExitCode::from(64);
    };
    let is_well = match asked.mode {
        "sweep" => report(&sim::sweep(asked.first, asked.seeds.unwrap_or(20)), None),
        "planted" => hunt(),
        "trace" => trace(asked.first),
        _ => {
            let seeds = asked.seeds.unwrap_or(1_000);
            report(
                &sim::seeds(asked.first, seeds),
                (seeds >= WHOLE).then_some(seeds),
            )
        }
    };
    ExitCode::from(u8::from(!is_well))
}

fn asked() -> Option<Asked> {
    let mut asked = Asked {
        mode: "seeds",
        first: 1,
        seeds: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--sweep" => asked.mode = "sweep",
            "--planted" => asked.mode = "planted",
            "--seeds" => asked.seeds = Some(args.next()?.parse().ok()?),
            "--seed" => asked.first = args.next()?.parse().ok()?,
            "--trace" => {
                asked.mode = "trace";
                asked.first = args.next()?.parse().ok()?;
            }
            _ => return None,
        }
    }
    Some(asked)
}

/// The violations, the coverage, one line that sums up.
fn report(campaign: &Campaign, whole: Option<u64>) -> bool {
    for (seed, what) in &campaign.violations {
        say(&format!("{seed}: {what}"));
    }
    let coverage = &campaign.coverage;
    table("faults", &coverage.faults);
    table("crashes", &coverage.crashes);
    let missing = whole
        .map(|seeds| coverage.missing(seeds))
        .unwrap_or_default();
    for what in &missing {
        say(&format!("not enough: {what}"));
    }
    let (runs, lives, hours) = (
        campaign.runs,
        campaign.lives,
        campaign.took.as_secs() / 3_600,
    );
    let steps = coverage.steps.len();
    let reasons = coverage.reasons.len();
    let (bad, missing) = (campaign.violations.len(), missing.len());
    say(&format!(
        "{runs} runs, {lives} lives, {hours} simulated hours, {steps} kinds of steps, \
         {reasons} reasons: {bad} violations, {missing} things not reached"
    ));
    bad == 0 && missing == 0
}

fn table<K: Display>(title: &str, counts: &BTreeMap<K, u64>) {
    say(&title);
    let cells: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("  {:<20} {count:>8}", name.to_string()))
        .collect();
    for row in cells.chunks(3) {
        say(&row.concat());
    }
}

fn hunt() -> bool {
    let mut all = true;
    for (bug, what) in sim::BUGS {
        let found = sim::hunt(*bug);
        all &= found.is_some();
        say(&match found {
            Some((seed, how)) => format!("bug {bug:>2} ({what}): seed {seed}: {how}"),
            None => format!("bug {bug:>2} ({what}): not found"),
        });
    }
    all
}

fn trace(seed: u64) -> bool {
    let outcome = sim::trace(seed, Crash::Chance);
    for line in &outcome.trace {
        say(line);
    }
    for what in &outcome.violations {
        say(&format!("seed {seed}: {what}"));
    }
    outcome.violations.is_empty()
}

#[expect(clippy::print_stdout, reason = "its report")]
fn say(line: &dyn Display) {
    println!("{line}");
}
