//! What a world may expect: how often things go wrong in it, and how long it may stand still.

use super::{cast, dice::Dice};
use gofer_core::{definition::Pipeline, plan::Plan, run::Keep};
use gofer_engine::Options;
use std::{collections::BTreeMap, time::Duration};

/// How long nothing may be stored: the longest that anything takes by itself.
pub(crate) fn patience(pipelines: &[Pipeline]) -> Result<Duration, String> {
    let mut longest = Duration::ZERO;
    for pipeline in pipelines {
        let plan = Plan::new(pipeline.clone()).map_err(|problems| format!("{problems:?}"))?;
        let pauses = plan.tasks.iter().map(|task| {
            (1..=task.retry.limit)
                .map(|failed| task.retry.pause(failed))
                .max()
                .unwrap_or_default()
        });
        longest = longest.max(pauses.max().unwrap_or_default());
    }
    let grace = Duration::from_secs(10);
    Ok(cast::LONGEST + grace + longest + Duration::from_secs(5))
}

/// How often each mishap comes, once in so many chances; 0 is never. Some worlds are kind.
pub(crate) fn rates(dice: &mut Dice) -> BTreeMap<&'static str, u64> {
    let often = ["busy", "full", "not_reached", "answer_lost", "late_order"];
    let seldom = ["doubled", "log_broken", "no_exit_code"];
    // There are few chances for these.
    let rare = [
        ("artifacts_cut", [0, 2, 4, 8]),
        ("blind", [0, 1, 2, 8]),
        ("exit_first", [0, 1, 2, 4]),
        ("knock_lost", [1, 1, 1, 1]),
        ("late_signal", [0, 2, 6, 20]),
        ("log_lost", [0, 2, 2, 4]),
        ("log_silent", [0, 1, 2, 3]),
        ("lost_note", [0, 2, 2, 3]),
        ("reordered", [0, 1, 2, 2]),
    ];
    let kinds = often
        .map(|kind| (kind, [0, 5, 20, 60]))
        .into_iter()
        .chain(seldom.map(|kind| (kind, [0, 4, 12, 40])))
        .chain(rare);
    let mut rates = BTreeMap::new();
    for (kind, choices) in kinds {
        rates.insert(kind, dice.pick(&choices).copied().unwrap_or(0));
    }
    let choices = [0, 0, 100, 400];
    rates.insert("slow", dice.pick(&choices).copied().unwrap_or(0));
    rates
}

/// How its processes were started.
pub(crate) fn options(dice: &mut Dice, seed: u64) -> Options {
    Options {
        max_parallel: if dice.one_in(8) { 2 } else { 64 },
        log_cap: None,
        keep: if Dice::of(seed, "keep").one_in(8) {
            Keep::None
        } else {
            Keep::Failed
        },
    }
}
