//! The simulator's seeds, each twice, on every core. More of them: `cargo xtask sim`.

use gofer_test_support::sim::{self, Campaign, Coverage, Crash, FAULTS};

/// As many as take well under a minute without optimisation.
const SEEDS: u64 = 400;

fn assert_well(campaign: &Campaign) {
    let shown: Vec<_> = campaign.violations.iter().take(20).collect();
    assert!(shown.is_empty(), "{shown:#?}");
}

#[test]
fn no_seed_breaks_an_invariant_and_each_is_the_same_twice() {
    let campaign = sim::seeds(1, SEEDS);
    assert_well(&campaign);
    let missing: Vec<&&str> = FAULTS
        .iter()
        .filter(|fault| !campaign.coverage.faults.contains_key(*fault))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(campaign.lives > SEEDS * 2, "{} lives", campaign.lives);
}

#[test]
fn a_crash_at_any_point_of_a_life_is_survived() {
    let campaign = sim::sweep(2, 3);
    assert_well(&campaign);
    assert!(campaign.runs > 150, "{} points", campaign.runs);
}

#[test]
fn a_seed_leaves_the_same_trace_every_time() {
    let trace = |seed| sim::trace(seed, Crash::Chance).trace;
    assert!(trace(7).len() > 100);
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

#[test]
fn an_empty_world_is_not_enough() {
    let missing = Coverage::default().missing(10_000);
    assert!(missing.len() > FAULTS.len() + 30, "{missing:#?}");
}
