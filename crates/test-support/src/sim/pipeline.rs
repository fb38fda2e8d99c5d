//! A pipeline and what its containers do, from a seed.

use super::dice::Dice;
use gofer_core::{definition::Pipeline, id::AttemptId};
use gofer_scheduler::{StartError, Stream, fake::Program};
use serde_json::{Map, Value, json};
use std::time::Duration;

const CONDITIONS: [&str; 4] = ["success", "failure", "not_failed", "any"];

/// A pipeline that can be run: up to eight ordinary tasks and two finally tasks.
pub(crate) fn pipeline(seed: u64) -> Result<Pipeline, serde_json::Error> {
    let mut dice = Dice::of(seed, "pipeline");
    let mut tasks = Map::new();
    let count = 1 + dice.below(8);
    for nth in 0..count {
        let before: Vec<u64> = (0..nth).collect();
        tasks.insert(format!("t{nth}"), task(&mut dice, &before));
    }
    for nth in 0..dice.below(3) {
        let mut last = task(&mut dice, &[]);
        last["finally"] = true.into();
        tasks.insert(format!("z{nth}"), last);
    }
    let mut document = json!({
        "name": "sim", "defaults": {"image": "fake:1", "timeout": "1h"}, "tasks": tasks,
    });
    if dice.one_in(3) {
        document["max_parallel"] = (1 + dice.below(3)).into();
    }
    if dice.one_in(6) {
        document["timeout"] = format!("{}s", 1 + dice.below(60)).into();
    }
    serde_json::from_value(document)
}

fn task(dice: &mut Dice, before: &[u64]) -> Value {
    let mut task = json!({});
    let mut parents = Map::new();
    for parent in before {
        if dice.one_in(3) {
            let condition = match dice.below(3) {
                0 => dice.pick(&CONDITIONS).copied().unwrap_or("any"),
                _ => "success",
            };
            parents.insert(format!("t{parent}"), condition.into());
        }
    }
    let reads = parents.keys().next().cloned();
    if !parents.is_empty() {
        task["depends_on"] = parents.into();
    }
    if let Some(parent) = reads.filter(|_| dice.one_in(3)) {
        let output = format!("{parent}.n");
        task["env"] = match dice.one_in(4) {
            true => json!({"N": {"output": output}}),
            false => json!({"N": {"output": output, "default": "none"}}),
        };
    }
    if dice.one_in(3) {
        task["retry"] = json!({"limit": dice.below(3), "delay": format!("{}s", dice.below(20))});
    }
    if dice.one_in(4) {
        task["timeout"] = format!("{}s", 1 + dice.below(20)).into();
    }
    if dice.one_in(4) {
        let items: Vec<u64> = (0..dice.below(5)).collect();
        task["for_each"] = items.into();
        if dice.one_in(3) {
            task["max_parallel"] = (1 + dice.below(2)).into();
        }
        if dice.one_in(4) {
            task["when"] = "item != 1".into();
        }
    } else if dice.one_in(8) {
        task["when"] = "run.trigger == 'nobody'".into();
    }
    if dice.one_in(6) {
        task["allow_failure"] = true.into();
    }
    if dice.one_in(6) {
        task["stop_grace"] = format!("{}s", dice.below(8)).into();
    }
    if dice.one_in(8) {
        task["pools"] = json!(["p"]);
    }
    task
}

/// What an attempt's container does; the same in every life.
pub(crate) fn program(seed: u64, attempt: &AttemptId) -> Program {
    let item = attempt.item.map_or(-1, i64::from);
    let name = format!("{}/{item}/{}", attempt.task, attempt.number);
    let mut dice = Dice::of(seed, &name);
    let takes = match dice.below(10) {
        0 => Duration::ZERO,
        1..8 => Duration::from_millis(dice.below(5_000)),
        _ => Duration::from_secs(dice.below(90)),
    };
    let code = if dice.one_in(4) { i32::try_from(1 + dice.below(3)).unwrap_or(1) } else { 0 };
    let on_term = match dice.below(4) {
        0 => None,
        1 => Some(0),
        _ => Some(143),
    };
    let log = (0..dice.below(5))
        .map(|nth| {
            let offset = takes.mul_f64(nth as f64 / 5.0);
            let stream = if dice.one_in(3) { Stream::Stderr } else { Stream::Stdout };
            let end = if dice.one_in(3) { "" } else { "\n" };
            (offset, stream, format!("{name} says {nth} {}{end}", dice.below(1_000)).into_bytes())
        })
        .collect();
    let output = match dice.below(12) {
        0 => None,
        1 => Some(b"not a pair".to_vec()),
        _ => Some(format!("n={}\n", dice.below(100)).into_bytes()),
    };
    let start_error = dice.one_in(25).then(|| StartError::Failed {
        reason: gofer_core::run::Reason::ImageNotFound,
        message: "no such image".to_owned(),
        never_again: false,
    });
    Program { takes, code, on_term, log, output, start_error }
}
