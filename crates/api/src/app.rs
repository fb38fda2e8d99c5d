use crate::{ApiError, Authority};
use gofer_api_types::Run;
use gofer_core::id::RunId;
use gofer_engine::Engine;
use gofer_store::{RunRow, Store};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every handler works with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) authority: Arc<Authority>,
    /// Streams end when it is cancelled; a shutdown would wait for them otherwise.
    pub(crate) shutdown: CancellationToken,
}

impl App {
    /// An API over this engine, for those whom the authority knows.
    pub(crate) fn new(engine: Engine, authority: Authority, shutdown: CancellationToken) -> Self {
        Self {
            engine,
            authority: Arc::new(authority),
            shutdown,
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        self.engine.store()
    }

    /// The document of a run.
    pub(crate) async fn document(&self, run: RunId) -> Result<Run, ApiError> {
        let stored = self.store().load(run).await?;
        let interrupted = self.is_interrupted(&stored.row).await?;
        let version = self.version_of(&stored.row).await?;
        crate::convert::run(stored, &version, interrupted)
    }

    /// The canonical text of the run's version.
    pub(crate) async fn version_of(&self, row: &RunRow) -> Result<String, ApiError> {
        let version = self
            .store()
            .version(&row.namespace, &row.pipeline, row.version)
            .await?;
        Ok(version.canonical)
    }

    /// The run is not over, and nobody is there to drive it.
    pub(crate) async fn is_interrupted(&self, row: &RunRow) -> Result<bool, ApiError> {
        Ok(!row.head.state.is_over() && !self.is_driven(row).await?)
    }

    /// Somebody drives the run, or cleans up after it.
    pub(crate) async fn is_driven(&self, row: &RunRow) -> Result<bool, ApiError> {
        match row.claim {
            // This process lives, but its driver of the run may have failed.
            Some(claim) if claim.owner == self.store().instance() => {
                Ok(self.engine.watch(row.id).has_changed().is_ok())
            }
            Some(claim) => Ok(self.store().is_alive(claim.owner).await?),
            None => Ok(false),
        }
    }
}
