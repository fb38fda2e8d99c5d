//! What files cost a task, and services.

use super::{Size, floor_side};
use crate::{
    docker::Docker,
    floor::{self, Holder, IMAGE, Job},
    ours::{self, Ours, tasks},
    process,
    rounds::{Figures, Series, Side, play},
    statistics::difference,
    table::{Row, Target, Unit, cell},
};
use anyhow::{Context, Result, ensure};
use std::{fmt::Write as _, net::TcpStream, thread, time::Duration};

const MS: Unit = Unit::Milliseconds;
const LENGTH: usize = 10;
const PORT: u16 = 5432;
const SERVE: [&str; 6] = ["nc", "-ll", "-p", "5432", "-e", "true"];

/// A chain of tasks that each are given a file and leave one, against raw containers that copy one
/// of their own.
pub(crate) fn files(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let file = ours.write("files", &copying())?;
    let holder = Holder::new(&mut Docker::connect()?)?;
    let command = ["cp", "/etc/passwd", "/tmp/out"];
    let joined = Job {
        command: &command,
        network: Some(&holder.id),
    };
    let once = || {
        let run = ours.run(&file)?;
        let ends = ours::ends(&run.document)?;
        let left = tasks(&run.document).filter(|task| task["artifacts"]["files"] == 1);
        ensure!(left.count() == LENGTH, "not every task left its file");
        let pairs = ends.windows(2);
        let wall = pairs.filter_map(|pair| Some(pair.get(1)? - pair.first()?));
        Ok(Figures {
            wall: wall.collect(),
            cpu: run.ended.cpu,
        })
    };
    let mut sides = [
        floor_side("floor, joined", joined, LENGTH - 1)?,
        Side {
            name: "gofer run",
            once: Box::new(once),
        },
    ];
    let series = play("files", size.rounds_of(LENGTH - 1), &mut sides)?;
    let row = "a task with one file in and one artifact out − floor joined to a held network";
    Ok(over_floor(row, &series, 0.080))
}

fn copying() -> String {
    let mut text = format!(
        "name = \"files\"\n[defaults]\nimage = {IMAGE:?}\nfiles = {{ \"/etc/in\" = \"one file\" }}\n\
         command = [\"sh\", \"-c\", 'cp /etc/in \"$GOFER_ARTIFACTS/out\"']\n"
    );
    // Writing into a `String` cannot fail.
    for step in 1..=LENGTH {
        let _ = writeln!(text, "[tasks.t{step:03}]");
        if step > 1 {
            let _ = writeln!(text, "depends_on = [\"t{:03}\"]", step - 1);
        }
    }
    text
}

/// From the run's begin to the task's start behind a service that is ready, against the engine's own
/// calls for the same: a held network, the service up to its open port, the task.
pub(crate) fn services(ours: &Ours, size: Size) -> Result<Vec<Row>> {
    let text = format!(
        "name = \"beside\"\n[tasks.t]\nimage = {IMAGE:?}\ncommand = [\"true\"]\n\
         [tasks.t.services.db]\nimage = {IMAGE:?}\ncommand = {SERVE:?}\nready = {{ tcp = {PORT} }}\n"
    );
    let file = ours.write("beside", &text)?;
    let mut docker = Docker::connect()?;
    let once = || {
        let run = ours.run(&file)?;
        let task = tasks(&run.document).next().context("no task")?;
        let attempt = &task["attempts"][0];
        let begun = ours::seconds(&run.document["started_at"])?;
        let wall = ours::seconds(&attempt["started_at"])? - begun;
        Ok(Figures::one(wall, run.ended.cpu))
    };
    let mut sides = [
        Side {
            name: "the engine's own calls",
            once: Box::new(|| by_hand(&mut docker)),
        },
        Side {
            name: "gofer run",
            once: Box::new(once),
        },
    ];
    let series = play("services", size.rounds_of(6), &mut sides)?;
    let row = "a run's begin → its task started behind a ready service − the engine's own time for the same";
    Ok(over_floor(row, &series, 0.010))
}

/// One row: what we take beyond the floor, and how much that may be.
fn over_floor(name: &str, series: &[Series], most: f64) -> Vec<Row> {
    let [floor, gofer] = series else {
        return Vec::new();
    };
    let row = Row::new(name)
        .floor(cell(MS, &floor.wall, &[]))
        .ours(cell(MS, &gofer.wall, &[]))
        .compare(
            &gofer.wall,
            &floor.wall,
            difference,
            (MS, Target::AtMost(most)),
        );
    vec![row]
}

fn by_hand(docker: &mut Docker) -> Result<Figures> {
    let begin = process::moment();
    let holder = Holder::new(docker)?;
    let network = Some(holder.id.as_str());
    let service = Job {
        command: &SERVE,
        network,
    };
    let service = floor::started(docker, service)?;
    let about = docker.get(&format!("/containers/{}/json", holder.id))?;
    let address = &about["NetworkSettings"]["Networks"]["bridge"]["IPAddress"];
    let address = address.as_str().context("the holder has no address")?;
    let mut looks = 0;
    while TcpStream::connect((address, PORT)).is_err() {
        looks += 1;
        ensure!(looks < 10_000, "the service never listens");
        thread::sleep(Duration::from_millis(1));
    }
    let task = Job {
        command: &["true"],
        network,
    };
    let task = floor::started(docker, task)?;
    let wall = begin.elapsed().as_secs_f64();
    for id in [task, service] {
        docker.remove(&id)?;
    }
    Ok(Figures::one(wall, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_task_copies_its_file_behind_the_one_before() {
        let text = copying();
        assert!(text.starts_with("name = \"files\"\n[defaults]\n"));
        assert_eq!(text.matches("[tasks.t").count(), LENGTH);
        assert!(text.ends_with("[tasks.t010]\ndepends_on = [\"t009\"]\n"));
    }
}
