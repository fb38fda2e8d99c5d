//! The file in which the user's client keeps how it signs in.

use super::{HUB, key};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use std::{collections::BTreeMap, io::ErrorKind, path::Path};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    auths: BTreeMap<String, Written>,
    creds_store: String,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// `None`: there is none.
pub(super) fn read(folder: &Path) -> Result<Option<Config>, String> {
    let path = folder.join("config.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    // The reader's own words may quote what it read.
    let config = serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!(
            "{}:{line}:{column} is not as the docker client writes it",
            path.display()
        )
    })?;
    Ok(Some(config))
}

impl Config {
    /// The program to ask: `docker-credential-` and this.
    pub(super) fn helper(&self, host: &str) -> Option<&str> {
        let own = [host, key(host)]
            .into_iter()
            .find_map(|name| self.cred_helpers.get(name));
        let helper = own.unwrap_or(&self.creds_store);
        (!helper.is_empty()).then_some(helper)
    }

    /// What stands in the file itself.
    pub(super) fn written(&self, host: &str) -> Result<Option<DockerCredentials>, String> {
        let exact = [host, key(host)]
            .into_iter()
            .find_map(|name| self.auths.get(name));
        let close = || {
            let mut all = self.auths.iter();
            all.find(|(name, _)| is_same(name, host))
                .map(|(_, written)| written)
        };
        let Some(written) = exact.or_else(close) else {
            return Ok(None);
        };
        written.credentials(host)
    }
}

fn is_same(name: &str, host: &str) -> bool {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    let name = name.split('/').next().unwrap_or(name);
    name == host || (host == HUB && name == "index.docker.io")
}

impl Written {
    fn credentials(&self, host: &str) -> Result<Option<DockerCredentials>, String> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (mut username, mut password) = (some(&self.username), some(&self.password));
        if !self.auth.is_empty() {
            let pair = decoded(&self.auth).ok_or_else(|| {
                format!("`auths` has for {host} what is not base64 of NAME:PASSWORD")
            })?;
            (username, password) = (Some(pair.0), some(&pair.1));
        }
        let credentials = DockerCredentials {
            username,
            password,
            identitytoken: some(&self.identitytoken),
            registrytoken: some(&self.registrytoken),
            serveraddress: Some(key(host).to_owned()),
            ..DockerCredentials::default()
        };
        let says_nothing = credentials.username.is_none()
            && credentials.identitytoken.is_none()
            && credentials.registrytoken.is_none();
        Ok((!says_nothing).then_some(credentials))
    }
}

fn decoded(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.trim_end_matches('\0').to_owned()))
}
