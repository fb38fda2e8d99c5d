//! Which engine is meant: the one that the user's own client would talk to.

mod context;

use std::{
    collections::BTreeMap,
    fmt,
    io::ErrorKind,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

/// What the choice depends on.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Where the sockets of the machine are; `/` but in tests.
    pub root: PathBuf,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        let known = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(known).collect(),
            home: etcetera::home_dir().ok(),
            root: PathBuf::from("/"),
        }
    }

    /// A variable that is set to something.
    fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The folder of the user's own client.
    pub fn docker_config(&self) -> Option<PathBuf> {
        let own = self.get("DOCKER_CONFIG").map(PathBuf::from);
        own.or_else(|| self.home.as_ref().map(|home| home.join(".docker")))
    }
}

/// Where an engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// On this machine, behind a socket.
    Unix(PathBuf),
    /// Behind a port, in clear.
    Tcp(String),
    /// Behind a port, with the files that prove who is who.
    Tls {
        /// Host and port.
        address: String,
        /// Who signed the engine's certificate.
        ca: PathBuf,
        /// Our certificate.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

impl Endpoint {
    /// It is on this machine: a path means the same to it and to us.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Unix(_))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
            Self::Tls { address, .. } => write!(f, "tcp://{address} (TLS)"),
        }
    }
}

/// An engine, and why this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub endpoint: Endpoint,
    /// In words, such as "DOCKER_HOST".
    pub why: String,
}

/// There is none, or not as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// What the user set cannot be followed.
    #[error("{what}: {problem}")]
    Setting {
        /// Which setting.
        what: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A socket is there, and this user may not use it.
    #[error(
        "no right to use {0}: add yourself to its group (sudo usermod -aG docker $USER, then log \
         in again), or use sudo"
    )]
    NoRight(String),
    /// Nothing was found anywhere.
    #[error(
        "no container engine was found; {}. Tried: {}",
        what_to_do(tried),
        tried.join("; ")
    )]
    Nothing {
        /// Each place, and what was there.
        tried: Vec<String>,
    },
}

/// Finds it: `DOCKER_HOST`, the docker context, `CONTAINER_HOST`, then the usual sockets.
pub fn find(environment: &Environment) -> Result<Found, FindError> {
    if let Some(host) = environment.get("DOCKER_HOST") {
        let endpoint = of_host(environment, host).map_err(setting("DOCKER_HOST"))?;
        return Ok(Found {
            endpoint,
            why: "DOCKER_HOST".to_owned(),
        });
    }
    if let Some(found) = context::current(environment)? {
        return Ok(found);
    }
    if let Some(host) = environment.get("CONTAINER_HOST") {
        let endpoint = of_host(environment, host).map_err(setting("CONTAINER_HOST"))?;
        return Ok(Found {
            endpoint,
            why: "CONTAINER_HOST".to_owned(),
        });
    }
    among_sockets(environment, |_| true)
}

fn what_to_do(tried: &[String]) -> &'static str {
    // Only where Podman was asked for.
    if !tried.is_empty() && tried.iter().all(|place| is_podman(place)) {
        START_PODMAN
    } else {
        "install Docker or Podman and start it, or set DOCKER_HOST"
    }
}

const START_PODMAN: &str = "start Podman's service (systemctl --user start podman.socket, as root \
     systemctl start podman.socket, without systemd podman system service --time=0 &), or set \
     CONTAINER_HOST to one that runs";

fn is_podman(words: &str) -> bool {
    words.to_lowercase().contains("podman")
}

/// How the engine that was chosen for this reason is started.
pub(crate) fn how_to_start(endpoint: &str, why: &str) -> &'static str {
    if is_podman(endpoint) || is_podman(why) {
        START_PODMAN
    } else {
        "start it (sudo systemctl start docker), or set DOCKER_HOST to one that runs"
    }
}

/// Finds the one that a person names: `docker`, `podman`, or an address.
pub fn find_named(environment: &Environment, name: &str) -> Result<Found, FindError> {
    let variable = match name {
        "docker" => "DOCKER_HOST",
        "podman" => "CONTAINER_HOST",
        _ => {
            let wrong = |problem| format!("{problem}. It may also be docker or podman");
            let endpoint =
                of_host(environment, name).map_err(|it| setting("--scheduler")(wrong(it)))?;
            let why = "--scheduler".to_owned();
            return Ok(Found { endpoint, why });
        }
    };
    if let Some(host) = environment.get(variable) {
        let endpoint = of_host(environment, host).map_err(setting(variable))?;
        let why = format!("--scheduler {name}, {variable}");
        return Ok(Found { endpoint, why });
    }
    if name == "docker"
        && let Some(found) = context::current(environment)?
    {
        return Ok(found);
    }
    among_sockets(environment, |why| why.to_lowercase().contains(name))
}

fn setting(what: &str) -> impl FnOnce(String) -> FindError {
    let what = what.to_owned();
    move |problem| FindError::Setting { what, problem }
}

fn of_host(environment: &Environment, host: &str) -> Result<Endpoint, String> {
    let endpoint = parse(host)?;
    let wants_tls = ["DOCKER_TLS_VERIFY", "DOCKER_TLS"];
    if !wants_tls.iter().any(|name| environment.get(name).is_some()) {
        return Ok(endpoint);
    }
    let certificates = environment.get("DOCKER_CERT_PATH").map(PathBuf::from);
    let folder = certificates.or_else(|| environment.docker_config());
    match (endpoint, folder) {
        (Endpoint::Tcp(address), Some(folder)) => with_tls(address, &folder),
        (endpoint, _) => Ok(endpoint),
    }
}

fn with_tls(address: String, folder: &Path) -> Result<Endpoint, String> {
    let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|file| folder.join(file));
    if let Some(missing) = [&ca, &cert, &key].into_iter().find(|path| !path.is_file()) {
        return Err(format!("the TLS file {} is missing", missing.display()));
    }
    Ok(Endpoint::Tls {
        address,
        ca,
        cert,
        key,
    })
}

fn parse(host: &str) -> Result<Endpoint, String> {
    let (scheme, rest) = host
        .split_once("://")
        .ok_or_else(|| format!("{host:?} has no scheme; write unix://PATH or tcp://HOST:PORT"))?;
    match scheme {
        "unix" if rest.starts_with('/') => Ok(Endpoint::Unix(PathBuf::from(rest))),
        "unix" => Err(format!("{host:?} is not an absolute path")),
        "tcp" | "http" if rest.contains(':') => {
            Ok(Endpoint::Tcp(rest.trim_end_matches('/').to_owned()))
        }
        "tcp" | "http" => Ok(Endpoint::Tcp(format!(
            "{}:2375",
            rest.trim_end_matches('/')
        ))),
        "ssh" => Err(format!(
            "engines over ssh are not supported; forward the socket (ssh -nNT -L \
             /tmp/engine.sock:/var/run/docker.sock {rest}) and set \
             DOCKER_HOST=unix:///tmp/engine.sock"
        )),
        other => Err(format!(
            "{other:?} is not supported; write unix://PATH or tcp://HOST:PORT"
        )),
    }
}

fn among_sockets(
    environment: &Environment,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Found, FindError> {
    let mut tried = Vec::new();
    let mut forbidden = None;
    for (path, why) in sockets(environment)
        .into_iter()
        .filter(|(_, why)| is_meant(why))
    {
        match UnixStream::connect(&path) {
            Ok(_) => {
                return Ok(Found {
                    endpoint: Endpoint::Unix(path),
                    why: why.to_owned(),
                });
            }
            Err(error) => {
                let what = match error.kind() {
                    ErrorKind::NotFound => "not there".to_owned(),
                    ErrorKind::ConnectionRefused => "nobody listens".to_owned(),
                    ErrorKind::PermissionDenied => "no right to use it".to_owned(),
                    _ => error.to_string(),
                };
                if error.kind() == ErrorKind::PermissionDenied {
                    forbidden.get_or_insert_with(|| path.display().to_string());
                }
                tried.push(format!("{} ({why}): {what}", path.display()));
            }
        }
    }
    Err(match forbidden {
        Some(path) => FindError::NoRight(path),
        None => FindError::Nothing { tried },
    })
}

fn sockets(environment: &Environment) -> Vec<(PathBuf, &'static str)> {
    let runtime = environment.get("XDG_RUNTIME_DIR").map(PathBuf::from);
    let in_runtime = |path: &str| runtime.as_ref().map(|folder| folder.join(path));
    let in_home = |path: &str| environment.home.as_ref().map(|folder| folder.join(path));
    let in_root = |path: &str| Some(environment.root.join(path));
    [
        (in_root("var/run/docker.sock"), "Docker's socket"),
        (in_runtime("docker.sock"), "rootless Docker's socket"),
        (
            in_home(".docker/run/docker.sock"),
            "Docker Desktop's socket",
        ),
        (in_runtime("podman/podman.sock"), "rootless Podman's socket"),
        (in_root("run/podman/podman.sock"), "Podman's socket"),
    ]
    .into_iter()
    .filter_map(|(path, why)| Some((path?, why)))
    .collect()
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
