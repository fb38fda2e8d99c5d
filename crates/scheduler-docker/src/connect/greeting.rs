//! The first words with an engine: whose it is, and the newest version of the API that both know.
//! A ping tells it in a third of a millisecond; asked for its version, an engine executes its parts.

use super::client;
use crate::{
    engine::Brand,
    find::Endpoint,
    link::DEFAULT_NETWORK,
    source::wire::{self, Place},
};
use bollard::{API_DEFAULT_VERSION, ClientVersion, errors::Error, models::NetworkInspect};

#[derive(Debug)]
pub(super) struct Greeting {
    pub(super) version: ClientVersion,
    pub(super) brand: Brand,
}

/// What an engine said of its default network, where it was asked at once.
pub(super) type Network = Option<Result<NetworkInspect, Error>>;

pub(super) async fn ask(endpoint: &Endpoint) -> Result<(Greeting, Network), Error> {
    let Some(place) = Place::of(endpoint) else {
        return Ok((over_tls(endpoint).await?, None));
    };
    // What is no engine is told as soon as that shows, whatever the other question comes to.
    tokio::try_join!(
        async { read(&wire::head(&place, "/_ping").await?) },
        async { Ok(Some(network(&place).await)) }
    )
}

/// A path without a version asks in the engine's own.
async fn network(place: &Place) -> Result<NetworkInspect, Error> {
    let body = wire::body(place, &format!("/networks/{DEFAULT_NETWORK}")).await?;
    Ok(serde_json::from_slice(&body)?)
}

fn read(head: &[(String, String)]) -> Result<Greeting, Error> {
    let of = |name: &str| {
        let found = head.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let version = of("Api-Version").and_then(parse);
    let is_podman = of("Server").is_some_and(|server| server.starts_with("Libpod"));
    Ok(Greeting {
        version: version.ok_or(Error::APIVersionParseError {})?,
        brand: if is_podman {
            Brand::Podman
        } else {
            Brand::Docker
        },
    })
}

/// The newest that both know.
fn parse(version: &str) -> Option<ClientVersion> {
    let (major, minor) = version.split_once('.')?;
    let theirs = ClientVersion {
        major_version: major.parse().ok()?,
        minor_version: minor.parse().ok()?,
    };
    Some(if theirs < *API_DEFAULT_VERSION {
        theirs
    } else {
        *API_DEFAULT_VERSION
    })
}

async fn over_tls(endpoint: &Endpoint) -> Result<Greeting, Error> {
    let docker = client(endpoint, API_DEFAULT_VERSION)?;
    let docker = docker.negotiate_version().await?;
    let components = docker.version().await?.components.unwrap_or_default();
    let is_podman = components.iter().any(|part| part.name.contains("Podman"));
    Ok(Greeting {
        version: docker.client_version(),
        brand: if is_podman {
            Brand::Podman
        } else {
            Brand::Docker
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[(&str, &str)]) -> Result<Greeting, Error> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        read(&lines.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_ping_says_whose_engine_it_is_and_the_newest_version_that_both_know() {
        let docker = [
            ("Server", "Docker/20.10.24 (linux)"),
            ("Api-Version", "1.41"),
        ];
        let docker = said(&docker).unwrap();
        assert_eq!(docker.brand, Brand::Docker);
        assert_eq!(docker.version.minor_version, 41);
        let podman = [("api-version", "1.40"), ("server", "Libpod/4.3.1 (linux)")];
        assert_eq!(said(&podman).unwrap().brand, Brand::Podman);
        let newer = said(&[("Api-Version", "1.999")]).unwrap();
        assert_eq!(newer.version, *API_DEFAULT_VERSION);
    }

    #[test]
    fn a_web_server_is_no_engine() {
        assert!(said(&[("Server", "nginx")]).is_err());
        assert!(said(&[("Api-Version", "two")]).is_err());
    }
}
