//! What this adapter costs beyond the engine's own calls: interleaved rounds of raw calls, of ours
//! and of `docker run --rm`, on a network of their own and in a ready sandbox.
//!
//! `cargo run --release --example floor -p gofer-scheduler-docker -- ROUNDS`; needs an engine with
//! the image `gofer-test/busybox:1`, which the crate's tests make.

#![expect(
    clippy::disallowed_methods,
    reason = "an example is its own composition root"
)]
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use async_trait::async_trait;
use bollard::{
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        AttachContainerOptionsBuilder, CreateContainerOptionsBuilder,
        RemoveContainerOptionsBuilder, WaitContainerOptionsBuilder,
    },
};
use futures_util::StreamExt;
use gofer_core::{
    Clock, Timestamp,
    clock::Moment,
    container::{Exec, Limits},
    definition::Pull,
    id::{AttemptId, Epoch, RunId, StoreId},
    run::Stage,
};
use gofer_scheduler::{Attempt, Container, Ensure, Fact, Permit, Refused, Role, Scheduler};
use gofer_scheduler_docker::{Docker, Endpoint, Environment, Options, find};
use std::{
    collections::BTreeMap,
    error::Error,
    pin::Pin,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::unbounded_channel;
use uuid::Uuid;

const IMAGE: &str = "gofer-test/busybox:1";

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Real(Instant);

impl Clock for Real {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn moment(&self) -> Moment {
        Moment(self.0.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}

struct Yes;

#[async_trait]
impl Permit for Yes {
    async fn may_start(&self, _: &str) -> Result<(), Refused> {
        Ok(())
    }
}

/// Create, attach, start, wait; nothing else.
async fn floor(raw: &bollard::Docker, holder: Option<&str>) -> Outcome<Duration> {
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(vec!["true".to_owned()]),
        host_config: Some(HostConfig {
            network_mode: holder.map(|id| format!("container:{id}")),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let begun = Instant::now();
    let name = format!("floor-{}", Uuid::new_v4().simple());
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    raw.create_container(Some(options), body).await?;
    let options = AttachContainerOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .stream(true);
    let mut attached = raw.attach_container(&name, Some(options.build())).await?;
    raw.start_container(&name, None).await?;
    let options = WaitContainerOptionsBuilder::new()
        .condition("not-running")
        .build();
    let wait = raw.wait_container(&name, Some(options)).collect::<Vec<_>>();
    let (_, ()) = tokio::join!(wait, async {
        while attached.output.next().await.is_some() {}
    });
    let took = begun.elapsed();
    let options = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    raw.remove_container(&name, Some(options)).await?;
    Ok(took)
}

fn order(id: &AttemptId, more_to_come: bool, facts: Facts) -> Ensure {
    Ensure {
        id: id.clone(),
        pipeline: "default/floor".to_owned(),
        number: 1,
        epoch: Epoch(1),
        stage: Stage::Creating,
        permitted: None,
        more_to_come,
        behind: None,
        recipe: String::new(),
        attempt: Attempt {
            main: Container {
                image: IMAGE.to_owned(),
                pinned: false,
                exec: Exec::Argv {
                    entrypoint: None,
                    command: Some(vec!["true".to_owned()]),
                },
                env: Vec::new(),
                files: Vec::new(),
                volumes: Vec::new(),
                limits: Limits::default(),
                user: None,
                working_dir: None,
                read_only: false,
                pull: Pull::Missing,
                registry: None,
                stop_grace: Duration::from_secs(10),
            },
            services: Vec::new(),
            labels: Vec::new(),
        },
        inputs: None,
        service_logs: Vec::new(),
        permit: Box::new(Yes),
        facts,
    }
}

type Facts = tokio::sync::mpsc::UnboundedSender<Fact>;

/// From the order to the exit.
async fn ours(docker: &Docker, id: &AttemptId, more_to_come: bool) -> Outcome<Duration> {
    let begun = Instant::now();
    let (to, mut facts) = unbounded_channel();
    let mut log = docker.ensure(order(id, more_to_come, to)).await?;
    let reading = async { while log.next().await.is_some() {} };
    let exit = async {
        while let Some(fact) = facts.recv().await {
            if matches!(fact, Fact::Exited(_)) {
                return begun.elapsed();
            }
        }
        Duration::ZERO
    };
    let ((), took) = tokio::join!(reading, exit);
    docker.remove(id).await?;
    Ok(took)
}

fn docker_run() -> Outcome<Duration> {
    let begun = Instant::now();
    let argv = ["run", "--rm", IMAGE, "true"];
    Command::new("docker")
        .args(argv)
        .stdin(Stdio::null())
        .status()?;
    Ok(begun.elapsed())
}

fn attempt(run: RunId, number: u32) -> Outcome<AttemptId> {
    Ok(AttemptId {
        run,
        task: "floor".parse()?,
        item: None,
        number,
    })
}

/// A run whose sandbox is ready, and the id of what holds it.
async fn with_sandbox(docker: &Docker) -> Outcome<(RunId, String)> {
    let run = RunId(Uuid::new_v4());
    docker.prepare(&run).await;
    ours(docker, &attempt(run, 1)?, true).await?;
    loop {
        let held = docker.list_ours().await?;
        let ready = held
            .into_iter()
            .find(|ours| ours.role == Role::Sandbox && ours.running);
        if let Some(ready) = ready {
            tokio::time::sleep(Duration::from_millis(200)).await;
            return Ok((run, ready.name));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An attempt of a run of its own, with what the engine prepares while it stores the run.
async fn alone(docker: &Docker, prepared: bool) -> Outcome<Duration> {
    let run = RunId(Uuid::new_v4());
    if prepared {
        docker.prepare(&run).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let took = ours(docker, &attempt(run, 1)?, false).await?;
    docker.release(&run).await?;
    Ok(took)
}

#[derive(Default)]
struct Table(BTreeMap<&'static str, Vec<Duration>>);

impl Table {
    fn add(&mut self, row: &'static str, took: Duration) {
        self.0.entry(row).or_default().push(took);
    }

    /// Medians of each row, and of the differences to `floor` within each round.
    fn print(&self) {
        println!(
            "{:<34}{:>9}{:>9}{:>9}{:>12}",
            "ms", "p50", "p90", "n", "- floor"
        );
        for (row, took) in &self.0 {
            let mut floor = "own network: floor";
            if row.starts_with("sandbox") {
                floor = "sandbox: floor";
            }
            let milliseconds: Vec<f64> = took.iter().map(in_milliseconds).collect();
            let floors = self.0.get(floor).into_iter().flatten().map(in_milliseconds);
            let differences = milliseconds
                .iter()
                .zip(floors)
                .map(|(ours, floor)| ours - floor);
            let difference = at(50, differences.collect());
            let (p50, p90) = (at(50, milliseconds.clone()), at(90, milliseconds));
            println!(
                "{row:<34}{p50:>9.1}{p90:>9.1}{:>9}{difference:>12.1}",
                took.len()
            );
        }
    }
}

fn in_milliseconds(took: &Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn at(part: usize, mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() * part / 100)
        .copied()
        .unwrap_or(0.0)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let rounds = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(50);
    let found = find(&Environment::of_process())?;
    let Endpoint::Unix(path) = &found.endpoint else {
        return Err("a local engine, please".into());
    };
    let version = bollard::API_DEFAULT_VERSION;
    let raw = bollard::Docker::connect_with_unix(&path.to_string_lossy(), 120, version)?;
    let raw = raw.negotiate_version().await?;
    let clock = Arc::new(Real(Instant::now()));
    let store = StoreId(Uuid::new_v4());
    let docker = Docker::connect(&found, store, clock, Options::default()).await?;
    let (run, holder) = with_sandbox(&docker).await?;
    let mut table = Table::default();
    for round in 0..rounds {
        // Another order in each round, so that none always follows the same neighbour.
        for step in 0..6 {
            match (step + round) % 6 {
                0 => table.add("own network: floor", floor(&raw, None).await?),
                1 => table.add("own network: ours, prepared", alone(&docker, true).await?),
                2 => table.add(
                    "own network: ours, unprepared",
                    alone(&docker, false).await?,
                ),
                3 => table.add("own network: docker run --rm", docker_run()?),
                4 => table.add("sandbox: floor", floor(&raw, Some(&holder)).await?),
                _ => {
                    let id = attempt(run, u32::try_from(round)? + 2)?;
                    table.add("sandbox: ours", ours(&docker, &id, true).await?);
                }
            }
        }
    }
    table.print();
    docker.release(&run).await?;
    docker.close().await;
    Ok(())
}
