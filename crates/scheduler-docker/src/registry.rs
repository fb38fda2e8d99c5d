//! Pulling from registries that ask who we are: with what the file says, else as the user's own
//! client would.

mod config;
mod helper;

use crate::{engine::Engine, image, remedy, spec};
use bollard::auth::DockerCredentials;
use gofer_core::run::Reason;
use gofer_scheduler::{Container, Fact, StartError};
use std::path::Path;
use tokio::sync::mpsc::UnboundedSender;

/// The name by which clients know the registry of images without a host.
const HUB: &str = "docker.io";
/// What they write down for it.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Pulls a container's image.
pub(crate) async fn pull(
    engine: &Engine,
    container: &Container,
    facts: &UnboundedSender<Fact>,
) -> Result<(), StartError> {
    let name = spec::image(container);
    let host = host(name);
    let (credentials, problem) = match &container.registry {
        Some(said) => (Some(of_file(host, said)), None),
        None => match of_user(engine.options.docker_config.as_deref(), host).await {
            Ok(found) => (found, None),
            Err(problem) => (None, Some(problem)),
        },
    };
    let has_credentials = credentials.is_some();
    let pulled = image::pull(engine, name, credentials, facts).await;
    pulled.map_err(|error| explained(error, name, has_credentials, problem.as_deref()))
}

fn of_file(host: &str, said: &gofer_scheduler::Credentials) -> DockerCredentials {
    DockerCredentials {
        username: Some(said.username.clone()),
        password: Some(said.password.expose().to_owned()),
        serveraddress: Some(key(host).to_owned()),
        ..DockerCredentials::default()
    }
}

/// What the user's client would send. `Err`: why that cannot be known, without any secret.
async fn of_user(folder: Option<&Path>, host: &str) -> Result<Option<DockerCredentials>, String> {
    let Some(config) = folder.map(config::read).transpose()?.flatten() else {
        return Ok(None);
    };
    match config.helper(host) {
        Some(helper) => helper::ask(helper, key(host)).await,
        None => Ok(config.written(host)?),
    }
}

/// Says more where it matters who we are.
fn explained(
    error: StartError,
    image: &str,
    has_credentials: bool,
    problem: Option<&str>,
) -> StartError {
    let StartError::Failed {
        reason: Reason::Unauthorized,
        message,
        ..
    } = &error
    else {
        return error;
    };
    let host = host(image);
    let text = match problem {
        Some(problem) => {
            format!("{message}; the credentials for {host} could not be read: {problem}")
        }
        None if has_credentials => {
            format!("{message}; the credentials for {host} were not accepted")
        }
        None => format!("{message}; no credentials for {host} are known"),
    };
    remedy::failed(Reason::Unauthorized, text)
}

/// The registry that an image's name means.
fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => HUB,
    }
}

/// What a registry is called where credentials are kept.
fn key(host: &str) -> &str {
    if host == HUB { HUB_KEY } else { host }
}

#[cfg(test)]
mod tests;
