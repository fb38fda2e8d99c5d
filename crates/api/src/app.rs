use crate::{ApiError, Authority};
use gofer_api_types::Run;
use gofer_core::{
    id::{AttemptId, RunId},
    plan::{Kind, Plan},
    run::child_of,
};
use gofer_engine::{Engine, LONGEST_KEPT};
use gofer_store::{RunRow, Store, StoredRun};
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Names of called runs, by the attempt that called them.
pub(crate) type Children = BTreeMap<AttemptId, String>;

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
        let plan = self.plan_of(&stored.row).await?;
        let children = self.children(&stored, &plan).await?;
        let ended = stored.row.head.ended_at;
        let mut run = crate::convert::run(stored, &plan, interrupted, &children);
        let age = ended.map(|at| self.engine.now().duration_since(at));
        if age.is_some_and(|age| age.unsigned_abs() > LONGEST_KEPT) {
            // It goes with the next process that stays.
            run.kept.clear();
        }
        Ok(run)
    }

    /// What the run's version comes to.
    pub(crate) async fn plan_of(&self, row: &RunRow) -> Result<Arc<Plan>, ApiError> {
        let plan = self
            .engine
            .plan(&row.namespace, &row.pipeline, row.version)
            .await?;
        Ok(plan)
    }

    /// The runs that attempts of this one called, as `etl/42`. One that is not kept any more has no
    /// name.
    async fn children(&self, stored: &StoredRun, plan: &Plan) -> Result<Children, ApiError> {
        let mut children = Children::new();
        for (said, task) in plan.tasks.iter().zip(&stored.run.tasks) {
            if !matches!(said.kind, Kind::Call(_)) {
                continue;
            }
            let items = (0_u32..).map(Some).zip(&task.items);
            for (item, unit) in std::iter::once((None, &task.own)).chain(items) {
                for attempt in &unit.attempts {
                    let id = AttemptId {
                        run: stored.row.id,
                        task: said.name.clone(),
                        item,
                        number: attempt.number,
                    };
                    match self.store().run(child_of(&id, attempt.created_at)).await {
                        Ok(row) => {
                            children.insert(id, format!("{}/{}", row.pipeline, row.number));
                        }
                        Err(gofer_store::Error::NotFound(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(children)
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
