//! Pipelines from a seed.

use super::dice::Dice;
use gofer_core::{
    definition::Pipeline,
    plan::{self, Plan},
    problem::Severity,
};
use serde_json::{Map, Value, json};

const CONDITIONS: [&str; 4] = ["success", "failure", "not_failed", "any"];

/// A pipeline that can be run: up to eight ordinary tasks and two finally tasks, of which some may
/// call another.
pub(crate) fn pipeline(seed: u64, name: &str, calls: Option<&str>) -> Result<Pipeline, String> {
    made(seed, name, |dice| {
        let count = 1 + dice.below(8);
        document(dice, name, count, calls)
    })
}

/// A pipeline that others call: up to three ordinary tasks.
pub(crate) fn called(seed: u64, name: &str, calls: Option<&str>) -> Result<Pipeline, String> {
    made(seed, name, |dice| {
        let count = 1 + dice.below(3);
        document(dice, name, count, calls)
    })
}

fn made(seed: u64, name: &str, make: impl Fn(&mut Dice) -> Value) -> Result<Pipeline, String> {
    let mut dice = Dice::of(seed, name);
    let mut problem = String::new();
    for _ in 0..50 {
        let pipeline: Pipeline =
            serde_json::from_value(make(&mut dice)).map_err(|error| error.to_string())?;
        let mut problems = plan::check(&pipeline);
        problems.retain(|problem| problem.severity == Severity::Error);
        problems.extend(plan::not_yet(&pipeline));
        problems.extend(Plan::new(pipeline.clone()).err().unwrap_or_default());
        if problems.is_empty() {
            return Ok(pipeline);
        }
        problem = format!("{problems:?}");
    }
    Err(format!("no pipeline can be run: {problem}"))
}

fn document(dice: &mut Dice, name: &str, count: u64, calls: Option<&str>) -> Value {
    let mut tasks = Map::new();
    for nth in 0..count {
        let made = task(dice, &tasks, calls);
        tasks.insert(format!("t{nth}"), made);
    }
    for nth in 0..dice.below(3) {
        let mut last = task(dice, &Map::new(), calls);
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

/// `before` are the tasks that it may depend on.
fn task(dice: &mut Dice, before: &Map<String, Value>, calls: Option<&str>) -> Value {
    let mut task = json!({});
    let called = calls.filter(|_| dice.one_in(3));
    if let Some(name) = called {
        task["pipeline"] = json!({"name": name});
    }
    let mut parents = Map::new();
    for parent in before.keys() {
        if dice.one_in(3) {
            let condition = match dice.below(3) {
                0 => dice.pick(&CONDITIONS).copied().unwrap_or("any"),
                _ => "success",
            };
            parents.insert(parent.clone(), condition.into());
        }
    }
    let read = parents.keys().next().cloned().filter(|_| dice.one_in(2));
    let is_call = |parent: &String| {
        before
            .get(parent)
            .is_some_and(|parent| parent.get("pipeline").is_some())
    };
    if let Some(parent) = parents.keys().find(|parent| !is_call(parent))
        && called.is_none()
        && dice.one_in(3)
    {
        task["inputs"] = json!([parent]);
    }
    if !parents.is_empty() {
        task["depends_on"] = parents.into();
    }
    match read {
        Some(parent) => {
            let output = if is_call(&parent) {
                format!("{parent}.t0.n")
            } else {
                format!("{parent}.n")
            };
            reads(dice, &mut task, &output, called.is_some());
        }
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
    if dice.one_in(6) && called.is_none() {
        task["stop_grace"] = format!("{}s", dice.below(8)).into();
    }
    if dice.one_in(8) {
        task["pools"] = json!(["p"]);
    }
    task
}

/// It uses what its parent wrote.
fn reads(dice: &mut Dice, task: &mut Value, output: &str, is_call: bool) {
    match dice.below(4) {
        0 | 1 if is_call => {}
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
