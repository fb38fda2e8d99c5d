//! The container engine, reached when it is needed: commands that only read never ask for it.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use gofer_cli::Refused;
use gofer_core::{
    Clock,
    id::{AttemptId, RunId, StoreId},
    name::VolumeName,
};
use gofer_scheduler::{
    Collected, Ensure, Error, LogEvent, Ours, Scheduler, Session, Shell, StartError, Tar,
};
use gofer_scheduler_docker::{
    ConnectError, Docker, Environment, FindError, Found, Options, Reached, find, find_named,
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::OnceCell;

/// There is no engine to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoEngine {
    /// None was found.
    #[error(transparent)]
    NotFound(#[from] FindError),
    /// The one that was found cannot be used.
    #[error(transparent)]
    NotReached(#[from] ConnectError),
}

impl NoEngine {
    /// It is there, and not for this user.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(
            self,
            Self::NotFound(FindError::NoRight(_)) | Self::NotReached(ConnectError::NoRight { .. })
        )
    }
}

impl From<NoEngine> for Refused {
    fn from(error: NoEngine) -> Self {
        Self {
            message: error.to_string(),
            remedy: Some("`gofer doctor` says what was looked at and what it found".into()),
            not_allowed: error.is_forbidden(),
        }
    }
}

/// The engine that the user's own client would talk to.
pub(crate) struct Answering {
    found: Found,
    reached: Reached,
}

impl Answering {
    /// Finds and reaches it, or the one that a person named.
    pub(crate) async fn reach(name: Option<&str>) -> Result<Self, NoEngine> {
        let environment = Environment::of_process();
        let found = match name {
            Some(name) => find_named(&environment, name)?,
            None => find(&environment)?,
        };
        let reached = Reached::connect(&found).await?;
        Ok(Self { found, reached })
    }
}

/// That engine, for the containers of one store.
pub(crate) struct EngineLink {
    store: StoreId,
    clock: Arc<dyn Clock>,
    docker: OnceCell<(Found, Docker)>,
    /// What a person named, if anything.
    named: OnceLock<String>,
    options: Options,
}

impl EngineLink {
    /// How the user signs in to registries is added to the options.
    pub(crate) fn new(store: StoreId, clock: Arc<dyn Clock>, options: Options) -> Self {
        Self {
            store,
            clock,
            options,
            docker: OnceCell::new(),
            named: OnceLock::new(),
        }
    }

    /// Looks for this engine, from the next time on that one is looked for.
    pub(crate) fn prefer(&self, name: &str) {
        // One process is told once.
        let _ = self.named.set(name.to_owned());
    }

    /// Takes the engine that was reached before the store was known.
    pub(crate) fn take(&self, engine: Answering) {
        // Whoever asked before has reached the same one.
        let _ = self.docker.set(self.serve(engine));
    }

    /// Finds and reaches it, once. After a failure the next call tries again.
    pub(crate) async fn connect(&self) -> Result<&(Found, Docker), NoEngine> {
        let connect =
            async || Ok(self.serve(Answering::reach(self.named.get().map(String::as_str)).await?));
        self.docker.get_or_try_init(connect).await
    }

    fn serve(&self, engine: Answering) -> (Found, Docker) {
        let Answering { found, reached } = engine;
        let clock = Arc::clone(&self.clock);
        let options = Options {
            docker_config: Environment::of_process().docker_config(),
            ..self.options.clone()
        };
        (found, reached.serve(self.store, clock, options))
    }

    async fn docker(&self) -> Result<&Docker, Error> {
        match self.connect().await {
            Ok((_, docker)) => Ok(docker),
            Err(error) => Err(Error::Away(error.to_string())),
        }
    }
}

#[async_trait]
impl Scheduler for EngineLink {
    async fn ensure(&self, request: Ensure) -> Result<BoxStream<'static, LogEvent>, StartError> {
        match self.connect().await {
            Ok((_, docker)) => docker.ensure(request).await,
            Err(error) => Err(StartError::Away(error.to_string())),
        }
    }

    async fn logs(&self, attempt: &AttemptId) -> Result<BoxStream<'static, LogEvent>, Error> {
        self.docker().await?.logs(attempt).await
    }

    async fn stop(&self, attempt: &AttemptId, grace: Duration) -> Result<(), Error> {
        self.docker().await?.stop(attempt, grace).await
    }

    async fn collect(&self, attempt: &AttemptId) -> Result<Collected, Error> {
        self.docker().await?.collect(attempt).await
    }

    async fn artifacts(&self, attempt: &AttemptId) -> Result<Option<Tar>, Error> {
        self.docker().await?.artifacts(attempt).await
    }

    async fn keep(&self, attempt: &AttemptId) -> Result<bool, Error> {
        self.docker().await?.keep(attempt).await
    }

    async fn shell(&self, attempt: &AttemptId, shell: Shell) -> Result<Session, Error> {
        self.docker().await?.shell(attempt, shell).await
    }

    async fn end_shell(&self, name: &str) -> Result<(), Error> {
        self.docker().await?.end_shell(name).await
    }

    async fn remove(&self, attempt: &AttemptId) -> Result<(), Error> {
        self.docker().await?.remove(attempt).await
    }

    async fn list_ours(&self) -> Result<Vec<Ours>, Error> {
        self.docker().await?.list_ours().await
    }

    async fn release(&self, run: &RunId) -> Result<(), Error> {
        self.docker().await?.release(run).await
    }

    async fn prepare(&self, run: &RunId) {
        if let Ok(docker) = self.docker().await {
            docker.prepare(run).await;
        }
    }

    async fn volume_ensure(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error> {
        self.docker().await?.volume_ensure(pipeline, name).await
    }

    async fn volumes(&self) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error> {
        self.docker().await?.volumes().await
    }

    async fn volume_remove(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error> {
        self.docker().await?.volume_remove(pipeline, name).await
    }

    async fn sizes(&self) -> Result<Vec<(Ours, u64)>, Error> {
        self.docker().await?.sizes().await
    }

    async fn old_images(&self) -> Result<Vec<(String, u64)>, Error> {
        self.docker().await?.old_images().await
    }

    async fn remove_old_image(&self, name: &str) -> Result<(), Error> {
        self.docker().await?.remove_old_image(name).await
    }

    async fn exec(&self, attempt: &AttemptId, command: &[String]) -> Result<(i32, Vec<u8>), Error> {
        self.docker().await?.exec(attempt, command).await
    }

    async fn close(&self) {
        if let Some((_, docker)) = self.docker.get() {
            docker.close().await;
        }
    }
}
