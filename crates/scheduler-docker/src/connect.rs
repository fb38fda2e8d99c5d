//! Reaching the engine that was found.

mod greeting;

use self::greeting::Greeting;
use crate::{
    Docker,
    engine::{Engine, Options, Parts},
    find::{Endpoint, Found, how_to_start},
    link,
    remedy::{self, Kind},
};
use bollard::{ClientVersion, Docker as Client, errors::Error as Raw};
use gofer_core::{Clock, id::StoreId};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// Until a call counts as unanswered. A start on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_mins(2);

/// The engine that was found cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// It does not answer.
    #[error(
        "the container engine at {endpoint} ({why}) does not answer: {words}; {}",
        how_to_start(endpoint, why)
    )]
    NotThere {
        /// Where.
        endpoint: String,
        /// Why this one.
        why: String,
        /// What the system said.
        words: String,
    },
    /// It is there, and not for us.
    #[error(
        "no right to use the container engine at {endpoint} ({why}): add yourself to its group \
         (sudo usermod -aG docker $USER, then log in again), or use sudo"
    )]
    NoRight {
        /// Where.
        endpoint: String,
        /// Why this one.
        why: String,
    },
    /// The files of its connection are no good.
    #[error("the TLS files for {endpoint} ({why}) cannot be used: {words}")]
    Tls {
        /// Where.
        endpoint: String,
        /// Why this one.
        why: String,
        /// What is wrong.
        words: String,
    },
    /// It answers, but not as an engine does.
    #[error(
        "what answers at {endpoint} ({why}) is not a container engine that Gofer knows: {words}"
    )]
    Strange {
        /// Where.
        endpoint: String,
        /// Why this one.
        why: String,
        /// What it said.
        words: String,
    },
}

/// An engine that answers. Whose containers it is to hold need not be known yet.
#[derive(Debug)]
pub struct Reached {
    docker: Client,
    greeting: Greeting,
    generation: Option<String>,
    endpoint: Endpoint,
}

impl Reached {
    /// Connects, and agrees on a version.
    pub async fn connect(found: &Found) -> Result<Self, ConnectError> {
        let refuse = |error: Raw| refusal(found, error);
        let asked = timeout(PATIENCE, greeting::ask(&found.endpoint)).await;
        let (greeting, network) = asked
            .unwrap_or(Err(Raw::RequestTimeoutError))
            .map_err(refuse)?;
        let docker = client(&found.endpoint, &greeting.version).map_err(refuse)?;
        let generation = match network {
            Some(network) => link::generation_of(network, greeting.brand),
            None => link::generation(&docker, greeting.brand).await,
        };
        Ok(Self {
            generation: generation.map_err(refuse)?,
            docker,
            greeting,
            endpoint: found.endpoint.clone(),
        })
    }

    /// A scheduler for the containers of this store, which begins to listen to the engine's events.
    pub fn serve(self, store: StoreId, clock: Arc<dyn Clock>, options: Options) -> Docker {
        let engine = Arc::new(Engine::new(Parts {
            docker: self.docker,
            brand: self.greeting.brand,
            endpoint: self.endpoint,
            store,
            clock,
            options,
            generation: self.generation,
        }));
        engine.tasks.spawn(link::attend(engine.clone()));
        Docker { engine }
    }
}

impl Docker {
    /// Connects, agrees on a version, and begins to listen to the engine's events.
    pub async fn connect(
        found: &Found,
        store: StoreId,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, ConnectError> {
        let reached = Reached::connect(found).await?;
        Ok(reached.serve(store, clock, options))
    }
}

fn client(endpoint: &Endpoint, version: &ClientVersion) -> Result<Client, Raw> {
    let patience = PATIENCE.as_secs();
    match endpoint {
        Endpoint::Unix(path) => {
            Client::connect_with_unix(&path.to_string_lossy(), patience, version)
        }
        Endpoint::Tcp(address) => Client::connect_with_http(address, patience, version),
        Endpoint::Tls {
            address,
            ca,
            cert,
            key,
        } => Client::connect_with_ssl(address, key, cert, ca, patience, version),
    }
}

fn refusal(found: &Found, error: Raw) -> ConnectError {
    let (endpoint, why) = (found.endpoint.to_string(), found.why.clone());
    let files = matches!(
        error,
        Raw::CertPathError { .. } | Raw::CertParseError { .. } | Raw::CertMultipleKeys { .. }
    );
    if files {
        return ConnectError::Tls {
            endpoint,
            why,
            words: remedy::chain(&error),
        };
    }
    match remedy::kind(error) {
        Kind::Away(words) if words.to_lowercase().contains("permission denied") => {
            ConnectError::NoRight { endpoint, why }
        }
        Kind::Away(words) => ConnectError::NotThere {
            endpoint,
            why,
            words,
        },
        Kind::Said(_, words) => ConnectError::Strange {
            endpoint,
            why,
            words,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_socket_that_is_not_for_us_is_told_from_one_where_nobody_listens() {
        let found = Found {
            endpoint: Endpoint::Unix("/var/run/docker.sock".into()),
            why: "Docker's socket".to_owned(),
        };
        let refused = |kind: ErrorKind| refusal(&found, Error::from(kind).into());
        let no_right = refused(ErrorKind::PermissionDenied);
        assert!(
            matches!(no_right, ConnectError::NoRight { .. }),
            "{no_right}"
        );
        assert!(
            no_right.to_string().contains("usermod -aG docker"),
            "{no_right}"
        );
        let not_there = refused(ErrorKind::ConnectionRefused);
        assert!(
            matches!(not_there, ConnectError::NotThere { .. }),
            "{not_there}"
        );
    }
}
