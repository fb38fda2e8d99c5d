//! `cargo xtask sim --seeds N --seed S`: replays seeds, and says what they reached.

use gofer_test_support::sim::{self, Coverage, Crash};
use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "its report")]
fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (mut seeds, mut first) = (1_000_u64, 1_u64);
    while let Some(flag) = args.next() {
        let value = args.next().and_then(|value| value.parse().ok());
        match (flag.as_str(), value) {
            ("--seeds", Some(value)) => seeds = value,
            ("--seed", Some(value)) => first = value,
            _ => {
                println!("sim --seeds N --seed S");
                return ExitCode::from(64);
            }
        }
    }
    let (mut coverage, mut bad, mut lives) = (Coverage::default(), 0, 0_u64);
    let mut hours = std::time::Duration::ZERO;
    for seed in first..first + seeds {
        let outcome = sim::run(seed, Crash::Chance);
        if sim::run(seed, Crash::Chance).hash != outcome.hash {
            bad += 1;
            println!("seed {seed}: two runs of it differ");
        }
        for violation in &outcome.violations {
            println!("seed {seed}: {violation}");
        }
        bad += u64::from(!outcome.violations.is_empty());
        lives += u64::from(outcome.lives);
        hours += outcome.took;
        coverage.add(&outcome.coverage);
    }
    println!("{:?}", coverage.faults);
    for missing in coverage.missing(seeds) {
        println!("missing: {missing}");
    }
    println!(
        "{seeds} seeds from {first}, {lives} lives, {} simulated hours: {bad} with violations",
        hours.as_secs() / 3_600
    );
    ExitCode::from(u8::from(bad > 0))
}
