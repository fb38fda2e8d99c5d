//! What the engine says of its machine. It executes its parts to answer, some 10 ms of a core and
//! just when a container has started, so the answer is kept for as long as that engine lives.

use crate::engine::{Engine, Parts};
use bollard::errors::Error as Raw;
use serde::{Deserialize, Serialize};
use std::{fs, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

/// What hardly changes while it lives. A machine that is given another name or other processors has its
/// old ones until the engine is started anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) name: Option<String>,
    pub(crate) architecture: String,
    pub(crate) cores: usize,
}

/// Whether the engine's folders are on this machine, and ours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reach {
    /// None was looked for yet.
    #[default]
    Unknown,
    /// That of a volume was found.
    Here,
    /// So was that of a container's own files.
    Layers,
    /// That of a volume was not.
    Elsewhere,
}

/// What is known of it before it is asked.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) machine: Option<Machine>,
    #[serde(default)]
    pub(crate) reach: Reach,
}

/// That, and of which engine.
#[derive(Serialize, Deserialize)]
struct Kept {
    endpoint: String,
    generation: String,
    #[serde(flatten)]
    known: Known,
}

/// What an earlier process found out. Of an engine that does not tell its lives apart nothing is.
pub(crate) fn known(parts: &Parts) -> Known {
    let file = parts.options.machine.as_deref();
    let Some((path, generation)) = file.zip(parts.generation.as_deref()) else {
        return Known::default();
    };
    read(path, &parts.endpoint.to_string(), generation).unwrap_or_default()
}

/// Keeps it for the next one.
pub(crate) fn keep(engine: &Engine, known: Known) {
    let life = engine.link.presence().borrow().generation.clone();
    let Some((path, generation)) = engine.options.machine.as_deref().zip(life) else {
        return;
    };
    let kept = Kept {
        endpoint: engine.endpoint.to_string(),
        generation,
        known,
    };
    if let Err(error) = write(path, &kept) {
        tracing::debug!(%error, "what is known of the engine is not kept");
    }
}

impl Machine {
    /// As the engine says it.
    pub(crate) async fn of(engine: &Engine) -> Result<Self, Raw> {
        let info = engine.docker.info().await?;
        let cores = info.ncpu.and_then(|cores| usize::try_from(cores).ok());
        Ok(Self {
            name: info.name,
            architecture: info.architecture.unwrap_or_default(),
            cores: cores.unwrap_or(1),
        })
    }
}

/// Whether containers outlive the engine. That may change while it lives: it is asked each time.
pub(crate) async fn has_live_restore(engine: &Engine) -> Result<bool, Raw> {
    let info = engine.docker.info().await?;
    Ok(info.live_restore_enabled.unwrap_or(false))
}

fn read(path: &Path, endpoint: &str, generation: &str) -> Option<Known> {
    let kept: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let is_its = kept.endpoint == endpoint && kept.generation == generation;
    is_its.then_some(kept.known)
}

/// Whole or not at all, whoever else writes it.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let beside = path.with_extension(std::process::id().to_string());
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    let written = file.write_all(&serde_json::to_vec(kept)?);
    let renamed = written.and_then(|()| fs::rename(&beside, path));
    renamed.inspect_err(|_| drop(fs::remove_file(&beside)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_of_one_life_of_one_engine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.json");
        assert_eq!(read(&path, "unix:///a", "1"), None, "nothing is kept");
        let machine = Machine {
            name: Some("node".to_owned()),
            architecture: "x86_64".to_owned(),
            cores: 2,
        };
        let known = || Known {
            machine: Some(machine.clone()),
            reach: Reach::Here,
        };
        let kept = Kept {
            endpoint: "unix:///a".to_owned(),
            generation: "1".to_owned(),
            known: known(),
        };
        write(&path, &kept).unwrap();
        assert_eq!(read(&path, "unix:///a", "1"), Some(known()));
        assert_eq!(read(&path, "unix:///a", "2"), None, "it was started anew");
        assert_eq!(read(&path, "unix:///b", "1"), None, "another engine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(&path, "{").unwrap();
        assert_eq!(read(&path, "unix:///a", "1"), None, "it is broken");
    }
}
