//! Bugs on purpose: a simulator that finds none of them finds nothing.

/// What each planted bug is.
pub const BUGS: &[(u8, &str)] = &[
    (1, "a commit that a busy store refused counts as stored"),
    (
        2,
        "a start that may have happened is forgotten, and the container made anew",
    ),
    (3, "a start without an answer is repeated without a look"),
    (4, "an exit with 0 while the engine was away is a success"),
    (5, "a task is tried again after the cancel"),
    (6, "no answer to a permit is taken for yes"),
    (7, "the store ignores the claim of a commit"),
    (8, "a replayed log is written once more"),
    (9, "finally tasks do not begin after a cancel"),
    (10, "`failure` is met by a parent that was skipped"),
    (11, "one container more than `max_parallel`"),
    (12, "a removal without an answer counts as done"),
    (13, "a log is closed at the exit, before its last bytes"),
    (14, "artifacts that broke off on their way count as none"),
    (15, "what was made ahead is started, whatever was decided"),
    (
        16,
        "what bears the name is started, whatever it was made of",
    ),
    (
        17,
        "what was made ahead counts as gone, though nobody said that it is",
    ),
];

/// Seeds within which each has to be found.
#[cfg(feature = "planted")]
const MOST_SEEDS: u64 = 2_000;

/// The first seed that shows a bug, and how.
#[cfg(feature = "planted")]
pub fn hunt(bug: u8) -> Option<(u64, String)> {
    gofer_core::planted::plant(bug);
    let found = (1..=MOST_SEEDS).find_map(|seed| {
        let violations = super::run(seed, super::Crash::Chance).violations;
        violations.into_iter().next().map(|first| (seed, first))
    });
    gofer_core::planted::plant(0);
    found
}

/// Without the feature there is nothing to be found.
#[cfg(not(feature = "planted"))]
pub fn hunt(_bug: u8) -> Option<(u64, String)> {
    None
}
