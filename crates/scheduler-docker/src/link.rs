//! The one event stream: what happens to our containers, and whether the engine is there at all.

mod attend;
mod past;

pub(crate) use attend::attend;

use crate::{
    engine::{Brand, Engine, lock},
    remedy::{self, Kind},
};
use bollard::{
    Docker,
    models::{EventMessage, NetworkInspect},
};
use gofer_core::Timestamp;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// What the event stream says about one container, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Created {
        at: Timestamp,
    },
    Started {
        at: Timestamp,
    },
    Paused,
    Resumed,
    /// Somebody sent it a signal.
    Signalled,
    Died {
        at: Timestamp,
        code: Option<i32>,
    },
    Destroyed,
}

/// Whether the engine answers.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    pub(crate) answering: bool,
    /// Changes when the engine was started anew and did not keep its containers running.
    pub(crate) generation: Option<String>,
}

type Ears = BTreeMap<String, Vec<(u64, mpsc::UnboundedSender<Heard>)>>;

pub(crate) struct Link {
    presence: watch::Sender<Presence>,
    ears: Mutex<(u64, Ears)>,
}

/// Hears what happens to one container, until it is dropped.
pub(crate) struct Ear {
    link: Arc<Link>,
    name: String,
    number: u64,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Ear {
    /// Waits for the next event; for ever if none comes.
    pub(crate) async fn hear(&mut self) -> Heard {
        match self.heard.recv().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let ears = &mut lock(&self.link.ears).1;
        if let Some(those) = ears.get_mut(&self.name) {
            those.retain(|(number, _)| *number != self.number);
            if those.is_empty() {
                ears.remove(&self.name);
            }
        }
    }
}

impl Link {
    pub(crate) fn new(generation: Option<String>) -> Self {
        let (presence, _) = watch::channel(Presence {
            answering: true,
            generation,
        });
        Self {
            presence,
            ears: Mutex::default(),
        }
    }

    pub(crate) fn presence(&self) -> watch::Receiver<Presence> {
        self.presence.subscribe()
    }

    pub(crate) fn listen(self: &Arc<Self>, name: &str) -> Ear {
        let (to, heard) = mpsc::unbounded_channel();
        let mut ears = lock(&self.ears);
        ears.0 += 1;
        let number = ears.0;
        ears.1
            .entry(name.to_owned())
            .or_default()
            .push((number, to));
        Ear {
            link: self.clone(),
            name: name.to_owned(),
            number,
            heard,
        }
    }

    fn tell(&self, event: &EventMessage) {
        let Some(heard) = heard(event) else { return };
        let attributes = event
            .actor
            .as_ref()
            .and_then(|actor| actor.attributes.as_ref());
        let Some(name) = attributes.and_then(|attributes| attributes.get("name")) else {
            return;
        };
        for (_, ear) in lock(&self.ears).1.get(name).into_iter().flatten() {
            // Dropped meanwhile: nobody wants to know.
            let _ = ear.send(heard);
        }
    }
}

fn heard(event: &EventMessage) -> Option<Heard> {
    match event.action.as_deref()? {
        "create" => Some(Heard::Created { at: time(event)? }),
        "start" => Some(Heard::Started { at: time(event)? }),
        "pause" => Some(Heard::Paused),
        "unpause" => Some(Heard::Resumed),
        "kill" | "stop" => Some(Heard::Signalled),
        "die" | "died" => Some(Heard::Died {
            at: time(event)?,
            code: exit_code(event),
        }),
        "destroy" | "remove" => Some(Heard::Destroyed),
        _ => None,
    }
}

fn exit_code(event: &EventMessage) -> Option<i32> {
    let attributes = event.actor.as_ref()?.attributes.as_ref()?;
    // Docker's word for it, and Podman's.
    let code = attributes
        .get("exitCode")
        .or_else(|| attributes.get("containerExitCode"))?;
    code.parse().ok()
}

fn time(event: &EventMessage) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(event.time_nano?)).ok()
}

/// The name of every engine's default network.
pub(crate) const DEFAULT_NETWORK: &str = "bridge";

/// The start of the engine's default network is the start of the engine itself, unless live-restore
/// kept containers running over it. `None`: it has no such network.
pub(crate) async fn generation(
    docker: &Docker,
    brand: Brand,
) -> Result<Option<String>, bollard::errors::Error> {
    generation_of(docker.inspect_network(DEFAULT_NETWORK, None).await, brand)
}

/// The same, where the engine has answered.
pub(crate) fn generation_of(
    network: Result<NetworkInspect, bollard::errors::Error>,
    brand: Brand,
) -> Result<Option<String>, bollard::errors::Error> {
    match network {
        // Podman's containers do not depend on its service, which makes the network up each time.
        Ok(NetworkInspect { created, .. }) => Ok(created.filter(|_| brand == Brand::Docker)),
        Err(error) => match remedy::kind(error) {
            Kind::Said(404, _) => Ok(None),
            Kind::Said(status_code, message) => {
                Err(bollard::errors::Error::DockerResponseServerError {
                    status_code,
                    message,
                })
            }
            Kind::Away(words) => Err(std::io::Error::other(words).into()),
        },
    }
}

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Waits between knocks at an engine that does not answer.
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(SHORTEST)
    }

    pub(crate) async fn pause(&mut self, engine: &Engine) {
        engine.clock.sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::errors::Error;

    #[test]
    fn the_default_network_tells_one_docker_from_the_next() {
        let made = || {
            Ok(NetworkInspect {
                created: Some("2026-11-24T10:00:00Z".to_owned()),
                ..NetworkInspect::default()
            })
        };
        let refused = |status_code| {
            Err(Error::DockerResponseServerError {
                status_code,
                message: "no".to_owned(),
            })
        };
        let known = generation_of(made(), Brand::Docker).unwrap();
        assert_eq!(known.as_deref(), Some("2026-11-24T10:00:00Z"));
        assert_eq!(generation_of(made(), Brand::Podman).unwrap(), None);
        assert_eq!(generation_of(refused(404), Brand::Docker).unwrap(), None);
        assert!(generation_of(refused(500), Brand::Docker).is_err());
    }
}
