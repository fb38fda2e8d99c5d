//! A container with every value in place but the secrets: what the rule book hands out.

use crate::{
    definition::{Pull, VolumeSource},
    id::{Epoch, RunId},
    name::{EnvName, SecretName, ServiceName, TaskName},
    run::Artifacts,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt::Write, time::Duration};

/// A value, or the name of the secret that stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Text {
    /// Itself.
    Plain(String),
    /// A secret, put in by the engine at the last moment.
    Secret(SecretName),
}

/// What is executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exec {
    /// A script for the image's `/bin/sh`, or with `#!` a file of its own.
    Script(String),
    /// Exact arguments; `None` keeps the image's.
    Argv {
        /// Instead of the image's entrypoint.
        entrypoint: Option<Vec<String>>,
        /// Instead of the image's command.
        command: Option<Vec<String>>,
    },
}

/// One container: a task's, or a service's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// The image as the file says it.
    pub image: String,
    /// What is executed.
    pub exec: Exec,
    /// The user's environment, by name.
    pub env: Vec<(EnvName, Text)>,
    /// Files by absolute path.
    pub files: Vec<(String, Text)>,
    /// Mounts by absolute path: source, read-only.
    pub volumes: Vec<(String, VolumeSource, bool)>,
    /// Limits.
    pub limits: Limits,
    /// Instead of the image's.
    pub user: Option<String>,
    /// Instead of the image's.
    pub working_dir: Option<String>,
    /// Root file system.
    pub read_only: bool,
    /// When the image is pulled.
    pub pull: Pull,
    /// User name and secret for the image's registry.
    pub registry: Option<(String, SecretName)>,
    /// SIGTERM to SIGKILL.
    pub stop_grace: Duration,
}

/// What an attempt is made of: its container and those beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The task's own container.
    pub main: Container,
    /// Services, by name.
    pub services: Vec<Service>,
    /// Artifacts that it is given.
    pub inputs: Vec<Input>,
    /// Labels of pipeline and task, merged.
    pub labels: Vec<(String, String)>,
}

impl Attempt {
    /// Stands for what is made of it for whoever claimed the run with `epoch`, with `image` in the
    /// place of the main image's name. What secrets hold has no part in it.
    pub fn recipe(&self, epoch: Epoch, image: Option<&str>) -> String {
        let said = serde_json::to_vec(&(self, epoch, image)).unwrap_or_default();
        let mut digits = String::new();
        for byte in Sha256::digest(said).iter().take(16) {
            // Writing into a `String` cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }
}

/// Artifacts of an attempt, for one that comes after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Of which run, if not of this one.
    pub run: Option<RunId>,
    /// Of which task.
    pub task: TaskName,
    /// Of which item, in a fan-out.
    pub item: Option<u32>,
    /// Of which attempt.
    pub number: u32,
    /// How much that is.
    pub artifacts: Artifacts,
}

/// A container beside a task's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Also its host name.
    pub name: ServiceName,
    /// What is run.
    pub container: Container,
    /// This port accepts a connection.
    pub ready_tcp: Option<u16>,
    /// This command exits with 0.
    pub ready_command: Option<Vec<String>>,
    /// How long it may take.
    pub ready_timeout: Duration,
}

/// One number each: limit and request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Bytes.
    pub memory_bytes: Option<u64>,
    /// Whole devices.
    pub gpus: Option<u32>,
}
