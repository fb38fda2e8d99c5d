//! Pipelines from a seed.

use super::dice::Dice;
use gofer_core::{definition::Pipeline, plan::Plan};
use serde_json::{Map, Value, json};

const CONDITIONS: [&str; 4] = ["success", "failure", "not_failed", "any"];

/// A pipeline that can be run: up to eight ordinary tasks and two finally tasks.
pub(crate) fn pipeline(seed: u64, name: &str) -> Result<Pipeline, String> {
    let mut dice = Dice::of(seed, name);
    let mut problem = String::new();
    for _ in 0..50 {
        let pipeline: Pipeline =
            serde_json::from_value(document(&mut dice, name)).map_err(|error| error.to_string())?;
        match Plan::new(pipeline.clone()) {
            Ok(_) => return Ok(pipeline),
            Err(problems) => problem = format!("{problems:?}"),
        }
    }
    Err(format!("no pipeline can be run: {problem}"))
}

fn document(dice: &mut Dice, name: &str) -> Value {
    let mut tasks = Map::new();
    let count = 1 + dice.below(8);
    for nth in 0..count {
        let before: Vec<u64> = (0..nth).collect();
        tasks.insert(format!("t{nth}"), task(dice, &before));
    }
    for nth in 0..dice.below(3) {
        let mut last = task(dice, &[]);
        last["finally"] = true.into();
        tasks.insert(format!("z{nth}"), last);
    }
    let defaults = json!({"image": "fake:1", "timeout": "1h"});
    let mut document = json!({"name": name, "defaults": defaults, "tasks": tasks});
    if dice.one_in(3) {
        document["max_parallel"] = (1 + dice.below(3)).into();
    }
    if dice.one_in(6) {
        document["timeout"] = format!("{}s", 1 + dice.below(60)).into();
    }
    document
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
    let read = parents.keys().next().cloned().filter(|_| dice.one_in(2));
    if !parents.is_empty() {
        task["depends_on"] = parents.into();
    }
    match read {
        Some(parent) => reads(dice, &mut task, &parent),
        None => alone(dice, &mut task),
    }
    if dice.one_in(3) {
        task["retry"] = json!({"limit": dice.below(3), "delay": format!("{}s", dice.below(20))});
    }
    if dice.one_in(4) {
        task["timeout"] = format!("{}s", 1 + dice.below(20)).into();
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

/// It uses what its parent wrote.
fn reads(dice: &mut Dice, task: &mut Value, parent: &str) {
    let output = format!("{parent}.n");
    match dice.below(4) {
        0 => task["env"] = json!({"N": {"output": output}}),
        1 => task["env"] = json!({"N": {"output": output, "default": "none"}}),
        2 => task["when"] = format!("outputs.{output} | default('x') | int < 80").into(),
        _ => {
            task["for_each"] = json!({"output": output, "default": "[]"});
            if dice.one_in(3) {
                task["max_parallel"] = (1 + dice.below(2)).into();
            }
        }
    }
}

fn alone(dice: &mut Dice, task: &mut Value) {
    if dice.one_in(4) {
        let items: Vec<u64> = (0..dice.below(5)).collect();
        task["for_each"] = items.into();
        if dice.one_in(3) {
            task["max_parallel"] = (1 + dice.below(2)).into();
        }
        if dice.one_in(4) {
            let when = ["item != 1", "item > 9"];
            task["when"] = dice.pick(&when).copied().unwrap_or("item != 1").into();
        }
    } else if dice.one_in(8) {
        task["when"] = "run.trigger == 'nobody'".into();
    }
}
