//! What a service costs: interleaved rounds of raw calls, which make a container that holds a
//! network and one that joins it and listens, and of ours, from asking for a task with that service
//! until it is ready. Both end when the port accepts a connection.
//!
//! `cargo run --release --example services -p gofer-scheduler-docker -- ROUNDS`; needs an engine
//! with the image `gofer-test/busybox:1`, which the crate's tests make.

#![expect(
    clippy::disallowed_methods,
    reason = "an example is its own composition root"
)]
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use async_trait::async_trait;
use bollard::{
    models::{ContainerCreateBody, HostConfig},
    query_parameters::RemoveContainerOptionsBuilder,
};
use gofer_core::{
    Clock, Timestamp,
    clock::Moment,
    container::{Exec, Limits},
    definition::Pull,
    id::{AttemptId, Epoch, RunId, StoreId},
    run::Stage,
};
use gofer_scheduler::{Attempt, Container, Ensure, Permit, Refused, Scheduler, Service};
use gofer_scheduler_docker::{Docker, Endpoint, Environment, Options, find};
use std::{
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::mpsc::unbounded_channel};
use uuid::Uuid;

const IMAGE: &str = "gofer-test/busybox:1";
const PORT: u16 = 5432;

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

fn listen() -> Vec<String> {
    let port = PORT.to_string();
    ["nc", "-ll", "-p", &port, "-e", "true"]
        .map(str::to_owned)
        .into()
}

async fn raw(raw: &bollard::Docker, cmd: Vec<String>, joined: Option<&str>) -> Outcome<String> {
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(cmd),
        host_config: Some(HostConfig {
            init: Some(joined.is_some()),
            network_mode: joined.map(|id| format!("container:{id}")),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let id = raw.create_container(None, body).await?.id;
    raw.start_container(&id, None).await?;
    Ok(id)
}

/// The engine's own time. The port is tried from this machine, over the bridge.
async fn floor(engine: &bollard::Docker) -> Outcome<Duration> {
    let begun = Instant::now();
    let hold = ["sleep", "600"].map(str::to_owned);
    let holder = raw(engine, hold.into(), None).await?;
    let service = raw(engine, listen(), Some(&holder)).await?;
    let found = engine.inspect_container(&holder, None).await?;
    let networks = found
        .network_settings
        .and_then(|it| it.networks)
        .unwrap_or_default();
    let address = networks
        .get("bridge")
        .and_then(|it| it.ip_address.clone())
        .unwrap_or_default();
    while TcpStream::connect((address.as_str(), PORT)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = begun.elapsed();
    for id in [service, holder] {
        let options = RemoveContainerOptionsBuilder::new().force(true).build();
        engine.remove_container(&id, Some(options)).await?;
    }
    Ok(took)
}

/// Notes when it is asked, which is when all services are ready.
struct Noted(Arc<Mutex<Option<Instant>>>);

#[async_trait]
impl Permit for Noted {
    async fn may_start(&self, _: &str) -> Result<(), Refused> {
        if let Ok(mut at) = self.0.lock() {
            *at = Some(Instant::now());
        }
        Ok(())
    }
}

fn container(command: Vec<String>) -> Container {
    Container {
        image: IMAGE.to_owned(),
        pinned: false,
        exec: Exec::Argv {
            entrypoint: None,
            command: Some(command),
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
    }
}

/// Until the service is ready, and until the task has started.
async fn ours(docker: &Docker) -> Outcome<(Duration, Duration)> {
    let id = AttemptId {
        run: RunId(Uuid::new_v4()),
        task: "with".parse()?,
        item: None,
        number: 1,
    };
    let (facts, _heard) = unbounded_channel();
    let noted = Arc::default();
    let request = Ensure {
        id: id.clone(),
        pipeline: "default/services".to_owned(),
        number: 1,
        epoch: Epoch(1),
        stage: Stage::Creating,
        permitted: None,
        more_to_come: false,
        behind: None,
        recipe: String::new(),
        attempt: Attempt {
            main: container(vec!["true".to_owned()]),
            services: vec![Service {
                name: "db".parse()?,
                container: container(listen()),
                ready_tcp: Some(PORT),
                ready_command: None,
                ready_timeout: Duration::from_secs(30),
            }],
            labels: Vec::new(),
        },
        inputs: None,
        service_logs: Vec::new(),
        permit: Box::new(Noted(Arc::clone(&noted))),
        facts,
    };
    let begun = Instant::now();
    let log = docker.ensure(request).await?;
    let started = begun.elapsed();
    drop(log);
    docker.remove(&id).await?;
    docker.release(&id.run).await?;
    let ready = noted
        .lock()
        .ok()
        .and_then(|at| *at)
        .ok_or("it was not asked")?;
    Ok((ready.duration_since(begun), started))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn in_milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let rounds: usize = std::env::args()
        .nth(1)
        .map_or(Ok(30), |text| text.parse())?;
    let found = find(&Environment::of_process())?;
    let Endpoint::Unix(path) = &found.endpoint else {
        return Err("this needs a local engine".into());
    };
    let version = bollard::API_DEFAULT_VERSION;
    let engine = bollard::Docker::connect_with_unix(&path.to_string_lossy(), 120, version)?;
    let engine = engine.negotiate_version().await?;
    let clock = Arc::new(Real(Instant::now()));
    let store = StoreId(Uuid::new_v4());
    let docker = Docker::connect(&found, store, clock, Options::default()).await?;
    ours(&docker).await?;
    let (mut floors, mut readies, mut starts, mut beyond) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let least = in_milliseconds(floor(&engine).await?);
        let (ready, started) = ours(&docker).await?;
        let ready = in_milliseconds(ready);
        floors.push(least);
        readies.push(ready);
        beyond.push(ready - least);
        starts.push(in_milliseconds(started));
    }
    docker.close().await;
    println!("medians of {rounds} rounds, ms");
    println!(
        "engine: holder and service, to the port   {:6.1}",
        median(floors)
    );
    println!(
        "ours: to ready                            {:6.1}",
        median(readies)
    );
    println!(
        "ours - engine                             {:6.1}",
        median(beyond)
    );
    println!(
        "ours: to the task's start                 {:6.1}",
        median(starts)
    );
    Ok(())
}
