//! The docker client's contexts, as it keeps them on disk.

use super::{Endpoint, Environment, FindError, Found, parse};
use crate::labels;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "currentContext", default)]
    current: String,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints", default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<Host>,
}

#[derive(Deserialize)]
struct Host {
    #[serde(rename = "Host", default)]
    host: String,
}

/// The engine of the context in use. `None`: that is the default one.
pub(super) fn current(environment: &Environment) -> Result<Option<Found>, FindError> {
    let Some(folder) = environment.docker_config() else {
        return Ok(None);
    };
    let name = match environment.get("DOCKER_CONTEXT") {
        Some(name) => name.to_owned(),
        None => configured(&folder)?,
    };
    if name.is_empty() || name == "default" {
        return Ok(None);
    }
    let what = format!("docker context {name:?}");
    let endpoint = of_context(&folder, &name).map_err(|problem| FindError::Setting {
        what: what.clone(),
        problem,
    })?;
    Ok(Some(Found {
        endpoint,
        why: what,
    }))
}

fn configured(folder: &Path) -> Result<String, FindError> {
    let path = folder.join("config.json");
    // Not there, or not ours to read: the docker client takes the default then, too.
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(String::new());
    };
    let config: Config = serde_json::from_str(&text).map_err(|error| FindError::Setting {
        what: path.display().to_string(),
        problem: format!("not readable as JSON ({error})"),
    })?;
    Ok(config.current)
}

fn of_context(folder: &Path, name: &str) -> Result<Endpoint, String> {
    let id = labels::digest(name.as_bytes(), 32);
    let path = folder.join("contexts/meta").join(&id).join("meta.json");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let way_out = "docker context ls shows those that are there, docker context use chooses";
        format!(
            "cannot be read from {} ({error}); {way_out}",
            path.display()
        )
    })?;
    let meta: Meta = serde_json::from_str(&text)
        .map_err(|error| format!("{} is not readable as JSON ({error})", path.display()))?;
    let host = meta.endpoints.docker.ok_or("it names no engine")?.host;
    let tls = folder.join("contexts/tls").join(&id).join("docker");
    match parse(&host)? {
        Endpoint::Tcp(address) if tls.is_dir() => super::with_tls(address, &tls),
        endpoint => Ok(endpoint),
    }
}
