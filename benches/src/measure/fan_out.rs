//! P3: how many containers a second the machine gets through.

use super::Size;
use crate::{
    docker::Docker,
    floor::{self, Holder, IMAGE, Job},
    ours::{self, Ours},
    process,
    rounds::{Figures, Series, Side, play},
    statistics::{median, ratio},
    table::{Row, Target, Unit, cell},
};
use anyhow::{Result, anyhow};
use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

const ITEMS: usize = 60;
const PARALLEL: [usize; 4] = [1, 2, 4, 8];
const TRUE: [&str; 1] = ["true"];

/// One way to run sixty containers, so many at once; answers with containers per second.
struct Way<'a> {
    name: &'static str,
    go: Box<dyn Fn(usize) -> Result<Figures> + 'a>,
}

pub(crate) fn throughput(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let ways = [
        Way {
            name: "floor's loop, bridge",
            go: Box::new(|parallel| raw(parallel, false)),
        },
        Way {
            name: "floor's loop, joined",
            go: Box::new(|parallel| raw(parallel, true)),
        },
        Way {
            name: "xargs -P docker run --rm",
            go: Box::new(xargs),
        },
        Way {
            name: "gofer run",
            go: Box::new(|parallel| gofer(ours, parallel)),
        },
    ];
    let mut best = Vec::new();
    let mut curves = Vec::new();
    for way in &ways {
        let (setting, curve) = scan(way)?;
        curves.push(curve);
        best.push(setting);
    }
    let mut sides: Vec<Side<'_>> = ways
        .iter()
        .zip(&best)
        .map(|(way, best)| Side {
            name: way.name,
            once: Box::new(|| (way.go)(*best)),
        })
        .collect();
    let series = play("fan-out", size.rounds, &mut sides)?;
    let [bridge, joined, xargs, gofer] = series.as_slice() else {
        return Ok(Vec::new());
    };
    let mut rows = rows([bridge, joined, xargs, gofer]);
    rows.extend(curve_rows(curves.try_into().unwrap_or_default()));
    Ok(rows)
}

fn rows([bridge, joined, xargs, gofer]: [&Series; 4]) -> Vec<Row> {
    let show = |series: &Series| cell(Unit::PerSecond, &series.wall, &[]);
    let row = |name: &str, floor, base: &Series, target| {
        Row::new(name)
            .floor(show(floor))
            .reference(show(xargs))
            .ours(show(gofer))
            .compare(&gofer.wall, &base.wall, ratio, (Unit::Times, target))
    };
    let [as_raw, than_xargs] = [0.97, 1.7].map(Target::AtLeast);
    vec![
        row(
            "P3 60 containers / raw loop joined, each at its best",
            joined,
            joined,
            as_raw,
        ),
        row(
            "P3 60 containers / raw loop on the bridge",
            bridge,
            bridge,
            Target::None,
        ),
        row(
            "P3 60 containers / `xargs -P docker run --rm`",
            joined,
            xargs,
            than_xargs,
        ),
    ]
}

fn curve_rows([bridge, joined, xargs, gofer]: [String; 4]) -> Vec<Row> {
    let at = "P3 at 1, 2, 4, 8 at once (one round)";
    vec![
        Row::new(at).floor(joined).reference(xargs).ours(gofer),
        Row::new(&format!("{at}, floor on the bridge")).floor(bridge),
    ]
}

/// The setting at which it is fastest, and how it does at each.
fn scan(way: &Way<'_>) -> Result<(usize, String)> {
    let mut seen = Vec::new();
    for parallel in PARALLEL {
        seen.push((median(&(way.go)(parallel)?.wall), parallel));
    }
    let shown: Vec<String> = seen.iter().map(|(rate, _)| format!("{rate:.1}")).collect();
    let best = seen.iter().max_by(|left, right| left.0.total_cmp(&right.0));
    Ok((
        best.map_or(1, |(_, parallel)| *parallel),
        format!("{}/s", shown.join(", ")),
    ))
}

fn rate(seconds: f64, cpu: f64) -> Figures {
    let items = u32::try_from(ITEMS).unwrap_or(u32::MAX);
    Figures::one(f64::from(items) / seconds, cpu)
}

fn gofer(ours: &Ours, parallel: usize) -> Result<Figures> {
    let name = format!("fan-{parallel}");
    let file = ours.write(&name, &ours::fan_out(&name, ITEMS, parallel, &TRUE))?;
    let ended = ours.run(&file)?.ended;
    Ok(rate(ended.wall, ended.cpu))
}

fn xargs(parallel: usize) -> Result<Figures> {
    let line = format!("seq {ITEMS} | xargs -P {parallel} -I @ docker run --rm {IMAGE} true");
    let ended = process::run(Command::new("sh").args(["-c", &line]))?;
    Ok(rate(ended.wall, ended.cpu))
}

/// The raw calls in so many threads, removal included: the machine has to do it too.
fn raw(parallel: usize, joined: bool) -> Result<Figures> {
    let mut docker = Docker::connect()?;
    let holders: Vec<Holder> = (0..if joined { parallel } else { 0 })
        .map(|_| Holder::new(&mut docker))
        .collect::<Result<_>>()?;
    let taken = AtomicUsize::new(0);
    let work = |network: Option<&str>| -> Result<()> {
        let mut docker = Docker::connect()?;
        while taken.fetch_add(1, Ordering::Relaxed) < ITEMS {
            let ran = floor::once(
                &mut docker,
                Job {
                    command: &TRUE,
                    network,
                },
            )?;
            docker.remove(&ran.id)?;
        }
        Ok(())
    };
    let begin = process::moment();
    thread::scope(|scope| {
        let start = |worker: usize| {
            let network = holders.get(worker).map(|holder| holder.id.as_str());
            let work = &work;
            scope.spawn(move || work(network))
        };
        let workers: Vec<_> = (0..parallel).map(start).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, Result<()>>| {
            worker.join().map_err(|_| anyhow!("a worker broke"))?
        };
        workers.into_iter().try_for_each(join)
    })?;
    Ok(rate(begin.elapsed().as_secs_f64(), 0.0))
}
