//! P2: from one task to the next.

use super::{Size, clock, gofer_side};
use crate::{
    docker::Docker,
    floor::{self, Holder, Job},
    ours::{self, Ours},
    process,
    rounds::{Figures, Side, play},
    statistics::{difference, ratio, tail_difference},
    table::{Row, Target, Unit, cell},
};
use anyhow::{Result, ensure};

const SLEEP: [&str; 2] = ["sleep", "0.1"];
const SHORT: usize = 5;
const LONG: usize = 40;
const MS: Unit = Unit::Milliseconds;

/// Five tasks of a tenth of a second, start of the process and clean-up included.
pub(crate) fn sleeping_chain(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let file = ours.write("sleeping", &ours::chain("sleeping", SHORT, &SLEEP))?;
    let holder = Holder::new(&mut Docker::connect()?)?;
    let mut sides = [
        loop_side("floor's loop, bridge", &SLEEP, None)?,
        loop_side(
            "floor's loop, first on the bridge, then joined",
            &SLEEP,
            Some(&holder.id),
        )?,
        gofer_side(ours, file),
    ];
    let series = play("sleeping chain", size.rounds_of(SHORT), &mut sides)?;
    let [bridge, joined, gofer] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let slack = (Unit::Times, Target::AtMost(1.05));
    let row = |name: &str, floor: &[f64]| {
        Row::new(name)
            .floor(cell(MS, floor, &[]))
            .ours(cell(MS, &gofer.wall, &gofer.cpu))
    };
    Ok(vec![
        row(
            "P2 chain of 5 × sleep 0.1 / the floor's loop, each on the bridge",
            &bridge.wall,
        )
        .compare(&gofer.wall, &bridge.wall, ratio, slack),
        row(
            "P2 chain of 5 × sleep 0.1 / the floor's loop on our networks",
            &joined.wall,
        )
        .compare(&gofer.wall, &joined.wall, ratio, slack),
    ])
}

/// The raw calls for each of five tasks, as one figure; removed after the clock was stopped.
fn loop_side<'a>(
    name: &'static str,
    command: &'a [&'a str],
    later: Option<&'a str>,
) -> Result<Side<'a>> {
    let mut docker = Docker::connect()?;
    let once = move || {
        let begin = process::moment();
        let mut ids = Vec::new();
        for step in 0..SHORT {
            let network = later.filter(|_| step > 0);
            ids.push(floor::once(&mut docker, Job { command, network })?.id);
        }
        let wall = begin.elapsed().as_secs_f64();
        ids.iter().try_for_each(|id| docker.remove(id))?;
        Ok(Figures::one(wall, 0.0))
    };
    Ok(Side {
        name,
        once: Box::new(once),
    })
}

/// From the last instruction of one container to the first of the next, by the kernel's clock.
pub(crate) fn gap(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let file = ours.write("gap", &ours::chain("gap", LONG, &clock::TELL))?;
    let holder = Holder::new(&mut Docker::connect()?)?;
    let mut docker = Docker::connect()?;
    let job = Job {
        command: &clock::TELL,
        network: Some(&holder.id),
    };
    let run = || {
        let run = ours.run(&file)?;
        gaps(
            &String::from_utf8_lossy(&run.ended.output.stderr),
            run.ended.cpu,
        )
    };
    let mut sides = [
        Side {
            name: "floor, joined",
            once: Box::new(|| raw_gaps(&mut docker, job)),
        },
        Side {
            name: "gofer run",
            once: Box::new(run),
        },
    ];
    let series = play(
        "step gap",
        // A hundredth of few is one or two, and says nothing.
        size.rounds_of(LONG).max(4 * size.rounds),
        &mut sides,
    )?;
    let [floor, gofer] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let row = |name: &str| {
        let (floor, gofer) = (&floor.wall, &gofer.wall);
        Row::new(name)
            .floor(cell(MS, floor, &[]))
            .ours(cell(MS, gofer, &[]))
    };
    let [middle, tail] = [0.002, 0.010].map(|most| (MS, Target::AtMost(most)));
    let name = "P2 step gap of the control plane, chain of 40: ours − floor joined";
    let [p50, p99] = ["p50", "p99"].map(|which| row(&format!("{name}, {which}")));
    Ok(vec![
        p50.compare(&gofer.wall, &floor.wall, difference, middle),
        p99.compare(&gofer.wall, &floor.wall, tail_difference, tail),
    ])
}

fn raw_gaps(docker: &mut Docker, job: Job<'_>) -> Result<Figures> {
    let mut text = String::new();
    let mut ids = Vec::new();
    for _ in 0..LONG {
        let ran = floor::once(docker, job)?;
        text.push_str(&String::from_utf8_lossy(&ran.output));
        ids.push(ran.id);
    }
    ids.iter().try_for_each(|id| docker.remove(id))?;
    gaps(&text, 0.0)
}

fn gaps(text: &str, cpu: f64) -> Result<Figures> {
    let told = clock::told(text);
    ensure!(
        told.len() == LONG,
        "{} of {LONG} containers told their clock",
        told.len()
    );
    Ok(Figures {
        wall: clock::gaps(&told),
        cpu,
    })
}
