//! What an attempt is made of when it reaches a scheduler: every value in place.

use crate::{Fact, LogEvent};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use gofer_core::{
    container::{Exec, Limits},
    definition::{Pull, VolumeSource},
    id::{AttemptId, Epoch},
    name::ServiceName,
    run::Stage,
};
use gofer_secrets::SecretText;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::mpsc::{Sender, UnboundedSender};

/// One order to make an attempt exist.
pub struct Ensure {
    /// Which.
    pub id: AttemptId,
    /// Of which namespace and pipeline, for labels that people read, such as `default/etl`.
    pub pipeline: String,
    /// The run's number, likewise.
    pub number: u64,
    /// Goes on the labels.
    pub epoch: Epoch,
    /// How far it had come when this was last stored. From `Starting` on a missing container is
    /// [`Fact::Vanished`], never made anew.
    pub stage: Stage,
    /// Other tasks of the run may follow: it is worth the work to get ready for them beside it.
    pub more_to_come: bool,
    /// It is ordered ahead: [`Permit::wanted`] says whether it is to be at all, and this attempt of
    /// its run, which may run now, will have ended before. It may have what that one gives back.
    pub behind: Option<AttemptId>,
    /// Stands for what it is made of, as the run says it. A container of its name that has never
    /// run, of an attempt that was not permitted to start, and that was made of something else is
    /// made anew; unless it has a later epoch, which refuses this one.
    pub recipe: String,
    /// The container that was permitted to start, if one was. One of the same name with another id
    /// may not: the permitted one is [`Fact::Vanished`].
    pub permitted: Option<String>,
    /// What it is made of.
    pub attempt: Attempt,
    /// What goes to `$GOFER_INPUTS` before the start.
    pub inputs: Option<Arc<dyn Inputs>>,
    /// Where the log of each service goes, as the attempt's own does: every byte from the first, or
    /// [`LogEvent::Replay`]. A service that is not named here is not read.
    pub service_logs: Vec<(ServiceName, Sender<LogEvent>)>,
    /// Asked between create and start.
    pub permit: Box<dyn Permit>,
    /// Where facts go, in the order in which they happened.
    pub facts: UnboundedSender<Fact>,
}

/// Files that an attempt is given. Asked once for each time that its container is made.
pub trait Inputs: Send + Sync {
    /// A tar of files and folders; paths are relative to `$GOFER_INPUTS`.
    fn tar(&self) -> BoxStream<'static, io::Result<Bytes>>;
}

/// The last word before a container starts: the intent is stored and the claim still holds.
#[async_trait]
pub trait Permit: Send + Sync {
    /// Completes when `Starting` is stored, with the engine's id of the container that is to be
    /// started, and no other. Refused: do not start it.
    async fn may_start(&self, container: &str) -> Result<(), Refused>;

    /// Completes when it is certain that the attempt is to be. Until then only what costs little
    /// and nobody sees is done for it: no pull. Refused: it is not to be.
    async fn wanted(&self) -> Result<(), Refused> {
        Ok(())
    }
}

/// The start was not permitted: the run was cancelled, or belongs to another instance now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the start was not permitted")]
pub struct Refused;

/// A task's container and those beside it.
#[derive(Debug)]
pub struct Attempt {
    /// The task's own.
    pub main: Container,
    /// Beside it.
    pub services: Vec<Service>,
    /// Labels that the user chose.
    pub labels: Vec<(String, String)>,
}

/// One container.
#[derive(Debug)]
pub struct Container {
    /// The image to run: as the file says it, or the digest that the run is pinned to.
    pub image: String,
    /// `image` is a digest or a local id: no tag is looked up.
    pub pinned: bool,
    /// What is executed.
    pub exec: Exec,
    /// Environment, ours first; a later one of the same name wins.
    pub env: Vec<(String, EnvValue)>,
    /// Read-only files by absolute path.
    pub files: Vec<(String, FileContent)>,
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
    /// For the image's registry.
    pub registry: Option<Credentials>,
    /// SIGTERM to SIGKILL, when the engine itself has to stop it.
    pub stop_grace: Duration,
}

/// A value for the environment.
#[derive(Debug)]
pub enum EnvValue {
    /// Anybody may see it.
    Plain(String),
    /// Nobody may.
    Secret(SecretText),
}

/// What a file holds.
#[derive(Debug)]
pub enum FileContent {
    /// Readable for all; executable if it starts with `#!`.
    Plain(Vec<u8>),
    /// Readable for the container's user only.
    Secret(SecretText),
}

/// Credentials of a registry.
#[derive(Debug)]
pub struct Credentials {
    /// Who.
    pub username: String,
    /// With what.
    pub password: SecretText,
}

/// A container beside a task's.
#[derive(Debug)]
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
