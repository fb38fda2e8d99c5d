//! P1: what a run of one task costs, and what each later task of a run costs.

use super::{Size, docker_side, floor_side, gofer_side};
use crate::{
    docker::Docker,
    floor::{Holder, Job},
    ours::{self, Ours},
    process,
    rounds::{Figures, Side, play},
    statistics::{difference, median, ratio},
    table::{Row, Target, Unit, cell},
};
use anyhow::{Context, Result};
use serde_json::Value;

const TRUE: [&str; 1] = ["true"];
const LENGTH: usize = 10;
const MS: Unit = Unit::Milliseconds;
/// The engine varies by a tenth, and the target is told from 1 % more only by many pairs.
const TIMES_AS_MANY: usize = 3;

pub(crate) fn one_step(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let file = ours.write("one", &ours::one("one", &TRUE))?;
    let bridge = Job {
        command: &TRUE,
        network: None,
    };
    let mut sides = [
        floor_side("floor, bridge", bridge, 1)?,
        docker_side(&TRUE, 1),
        gofer_side(ours, file),
    ];
    let series = play("one step", size.pairs * TIMES_AS_MANY, &mut sides)?;
    let [floor, docker, gofer] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let row = |name: &str| {
        Row::new(name)
            .floor(cell(MS, &floor.wall, &floor.cpu))
            .reference(cell(MS, &docker.wall, &docker.cpu))
            .ours(cell(MS, &gofer.wall, &gofer.cpu))
    };
    let than_docker = (Unit::Times, Target::AtMost(1.0));
    Ok(vec![
        row("P1 one-step `gofer run` / `docker run --rm`").compare(
            &gofer.wall,
            &docker.wall,
            ratio,
            than_docker,
        ),
        row("P1 one-step `gofer run` − floor on the bridge").compare(
            &gofer.wall,
            &floor.wall,
            difference,
            (MS, Target::None),
        ),
    ])
}

pub(crate) fn later_tasks(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let file = ours.write("later", &ours::chain("later", LENGTH, &TRUE))?;
    let holder = Holder::new(&mut Docker::connect()?)?;
    let joined = Job {
        command: &TRUE,
        network: Some(&holder.id),
    };
    let later = LENGTH - 1;
    let once = || {
        let run = ours.run(&file)?;
        let ends = ours::ends(&run.document)?;
        let wall = ends
            .windows(2)
            .filter_map(|pair| Some(pair.get(1)? - pair.first()?));
        Ok(Figures {
            wall: wall.collect(),
            cpu: run.ended.cpu,
        })
    };
    let mut sides = [
        floor_side("floor, joined", joined, later)?,
        docker_side(&TRUE, later),
        Side {
            name: "gofer run",
            once: Box::new(once),
        },
    ];
    let series = play("later tasks", size.rounds_of(later), &mut sides)?;
    let [floor, docker, gofer] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let row = |name: &str| {
        Row::new(name)
            .floor(cell(MS, &floor.wall, &[]))
            .reference(cell(MS, &docker.wall, &[]))
            .ours(cell(MS, &gofer.wall, &[]))
    };
    let half = (Unit::Times, Target::AtMost(0.5));
    Ok(vec![
        row("P1 later task of a run / `docker run --rm`").compare(
            &gofer.wall,
            &docker.wall,
            ratio,
            half,
        ),
        row("P1 later task − floor joined to a held network").compare(
            &gofer.wall,
            &floor.wall,
            difference,
            (MS, Target::AtMost(0.005)),
        ),
        cost_per_task(&gofer.cpu),
    ])
}

/// The whole process's processor time, shared out among its tasks.
fn cost_per_task(cpu: &[f64]) -> Row {
    let tasks = u32::try_from(LENGTH).unwrap_or(u32::MAX);
    let count = u32::try_from(cpu.len()).unwrap_or(u32::MAX);
    let each = cpu.iter().sum::<f64>() / f64::from(count) / f64::from(tasks);
    Row::new("P1 processor time of ours per task, chain of 10, start of the process included")
        .ours(MS.show(each))
}

/// From `exec` to the first container of a task, by the engine's own event.
pub(crate) fn first_container(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let file = ours.write("first", &ours::one("first", &TRUE))?;
    let mut docker = Docker::connect()?;
    let mut times = Vec::new();
    for _ in 0..size.rounds_of(10) {
        let begin = process::wall_clock();
        let run = ours.run(&file)?;
        let seen = docker.created(begin, process::wall_clock())?;
        let at = seen
            .iter()
            .find_map(|event| created_at(event, &run.document["id"]));
        times.push(at.context("the engine told of no container")? - begin);
    }
    Ok(vec![
        Row::new("exec → the first task's container created, by the engine's event")
            .ours(cell(MS, &times, &[]))
            .alone(&times, median, (MS, Target::None)),
    ])
}

fn created_at(event: &Value, run: &Value) -> Option<f64> {
    let attributes = &event["Actor"]["Attributes"];
    let ours = attributes["gofer.run"] == *run && attributes["gofer.role"] == "attempt";
    ours.then(|| event["timeNano"].as_f64().map(|nanos| nanos / 1e9))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_container_of_an_attempt_of_this_run_counts() {
        let event = |run: &str, role: &str| {
            let labels = json!({ "gofer.run": run, "gofer.role": role });
            json!({ "timeNano": 1_500_000_000_u64, "Actor": { "Attributes": labels } })
        };
        assert_eq!(created_at(&event("a", "attempt"), &json!("a")), Some(1.5));
        assert_eq!(created_at(&event("b", "attempt"), &json!("a")), None);
        assert_eq!(created_at(&event("a", "sandbox"), &json!("a")), None);
    }
}
