//! The network that an attempt shares with its services, where each of them has its name.

use super::{existing, marks};
use crate::{
    engine::{Engine, State},
    holder, labels,
    link::Backoff,
    remedy::{self, Kind},
    sink::Source,
    source::{self, Wanted},
    spec, supplies,
};
use bollard::{
    errors::Error as Raw,
    models::HostConfig,
    query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder},
};
use futures_util::StreamExt;
use gofer_core::run::Reason;
use gofer_scheduler::{Ensure, StartError};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::watch;

/// Ports that accept connections.
pub(super) type Open = watch::Receiver<BTreeSet<u16>>;

/// A sandbox of one attempt.
pub(super) struct Shared {
    pub(super) id: String,
    name: String,
    /// It was there, and runs.
    runs: bool,
    asks: bool,
}

/// Makes it, or finds the one that was made before. One that ended, as all do when the engine is
/// started anew, goes with all that was to join it: nothing of that ever was of use to the task.
pub(super) async fn make(engine: &Arc<Engine>, request: &Ensure) -> Result<Shared, StartError> {
    let machine = engine.machine().await.map_err(said)?;
    if !holder::has_program(&machine.architecture) {
        let text = format!("services cannot be had on {} yet", machine.architecture);
        return Err(remedy::failed(Reason::StartFailed, text));
    }
    let name = labels::shared_name(engine.store, &request.id);
    let mut backoff = Backoff::new();
    for _ in 0..TRIES {
        let (id, runs) = match create(engine, request, &name).await {
            Ok(id) => (id, false),
            Err(error) => match remedy::kind(error) {
                Kind::Said(409, _) => match existing(engine, &request.id, &name).await? {
                    // An engine gives a name away before there is anything of that name.
                    None => {
                        backoff.pause(engine).await;
                        continue;
                    }
                    Some((seen, _)) if seen.state == State::Ended => {
                        clear(engine, request, &name).await?;
                        continue;
                    }
                    Some((seen, found)) => {
                        let id = found.id.unwrap_or_else(|| name.clone());
                        (id, seen.state != State::Created)
                    }
                },
                Kind::Said(_, words) => return Err(failed(&words)),
                Kind::Away(words) => return Err(StartError::Away(remedy::away(&words))),
            },
        };
        return Ok(Shared {
            id,
            name,
            runs,
            asks: !ports(request).is_empty(),
        });
    }
    Err(failed("it came and went"))
}

/// Who makes one anew, and who does so at the same time.
const TRIES: usize = 10;

fn failed(words: &str) -> StartError {
    let text = format!("the network for the services cannot be made: {words}");
    remedy::failed(Reason::EngineError, text)
}

fn said(error: Raw) -> StartError {
    match remedy::kind(error) {
        Kind::Away(words) => StartError::Away(remedy::away(&words)),
        Kind::Said(_, words) => failed(&words),
    }
}

fn ports(request: &Ensure) -> Vec<u16> {
    let services = request.attempt.services.iter();
    services.filter_map(|service| service.ready_tcp).collect()
}

async fn create(engine: &Arc<Engine>, request: &Ensure, name: &str) -> Result<String, Raw> {
    let services = request.attempt.services.iter();
    let hosts = services.map(|service| format!("{}:127.0.0.1", service.name));
    let ports = ports(request).into_iter().map(|port| port.to_string());
    let image = engine.supplies.image(engine).await?;
    let mut body = supplies::holding(image, marks(engine, request).of_shared());
    body.cmd = Some(
        std::iter::once(holder::PROGRAM.to_owned())
            .chain(ports)
            .collect(),
    );
    body.host_config = Some(HostConfig {
        extra_hosts: Some(hosts.collect()),
        // Who comes later reads there which ports are open.
        log_config: spec::log_config(engine.brand),
        ..body.host_config.unwrap_or_default()
    });
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    let created = engine.docker.create_container(Some(options), body).await?;
    Ok(created.id)
}

/// Removes what was never of use: the sandbox last, for it is by it that the rest is known to be so.
async fn clear(engine: &Arc<Engine>, request: &Ensure, name: &str) -> Result<(), StartError> {
    let main = labels::attempt_name(engine.store, &request.id);
    match existing(engine, &request.id, &main).await? {
        Some((seen, _)) if seen.state != State::Created => {
            return Err(failed("it ended, and the task was started before"));
        }
        _ => {}
    }
    let services = super::names(engine, &request.id, &request.attempt);
    for container in std::iter::once(main)
        .chain(services)
        .chain([name.to_owned()])
    {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        if let Err(error) = engine
            .docker
            .remove_container(&container, Some(options))
            .await
        {
            match remedy::kind(error) {
                Kind::Said(404, _) => {}
                Kind::Said(_, words) => return Err(failed(&words)),
                Kind::Away(words) => return Err(StartError::Away(remedy::away(&words))),
            }
        }
    }
    Ok(())
}

/// Starts it, and listens to what it says about ports.
pub(super) async fn start(engine: &Arc<Engine>, shared: &Shared) -> Result<Open, StartError> {
    if shared.runs {
        let wanted = Wanted {
            follow: true,
            after: None,
        };
        return Ok(listen(engine, source::record(engine, &shared.name, wanted)));
    }
    let lines = if shared.asks {
        source::attach(engine, &shared.name).await.map_err(said)?
    } else {
        futures_util::stream::empty().boxed()
    };
    engine
        .docker
        .start_container(&shared.name, None)
        .await
        .map_err(said)?;
    Ok(listen(engine, lines))
}

fn listen(engine: &Engine, mut said: Source) -> Open {
    let (open, ports) = watch::channel(BTreeSet::new());
    engine.tasks.spawn(async move {
        let mut line = Vec::new();
        let reading = async {
            while let Some(Ok(piece)) = said.next().await {
                for byte in piece.bytes {
                    if byte != b'\n' {
                        line.push(byte);
                        continue;
                    }
                    let text = std::str::from_utf8(&line).ok();
                    let port = text.and_then(|text| text.parse::<u16>().ok());
                    open.send_modify(|ports| ports.extend(port));
                    line.clear();
                }
            }
            // Whoever waits for more has a time limit.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = open.closed() => {}
            () = reading => {}
        }
    });
    ports
}
