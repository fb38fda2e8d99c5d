//! Taking away what dead processes left behind of runs that are over.

use crate::{Engine, Error};
use gofer_core::{id::RunId, run::RunState};
use gofer_scheduler::Ours;
use gofer_store::{Adoption, Error as StoreError, Filter};
use std::collections::BTreeMap;

/// Runs looked at in one read.
const PAGE: u32 = 100;

impl Engine {
    /// Goes on with what is left to do of runs that are over but whose process died, and removes
    /// what the scheduler holds for runs that need nothing any more. Unfinished runs are left to
    /// [`Engine::resume`]. Returns the runs that are driven for their rest now.
    pub async fn sweep(&self) -> Result<Vec<RunId>, Error> {
        let driven = self.finish_half_cleaned().await?;
        let ours = match self.driven.parts.scheduler.list_ours().await {
            Ok(ours) => ours,
            Err(error) => {
                tracing::warn!(%error, "cannot look for what is left on the scheduler");
                return Ok(driven);
            }
        };
        let mut by_run: BTreeMap<RunId, Vec<Ours>> = BTreeMap::new();
        for found in ours {
            if let Some(run) = found.run {
                by_run.entry(run).or_default().push(found);
            }
        }
        for (run, found) in by_run {
            let needs_nothing = match self.store().run(run).await {
                Ok(row) => row.claim.is_none(),
                Err(StoreError::NotFound(_)) => true,
                Err(error) => return Err(error.into()),
            };
            if needs_nothing {
                self.remove(run, found).await;
            }
        }
        Ok(driven)
    }

    /// Waits until this process does not drive the run any more.
    pub async fn gone(&self, run: RunId) {
        let mut count = self.driven.count();
        while self.driven.find(run).is_some() {
            // The sender lives as long as the engine.
            let _ = count.changed().await;
        }
    }

    async fn finish_half_cleaned(&self) -> Result<Vec<RunId>, Error> {
        use RunState::{Cancelled, Failed, Skipped, Succeeded};
        let filter = Filter {
            states: vec![Succeeded, Failed, Cancelled, Skipped],
            claimed: true,
            ..Filter::default()
        };
        let (mut after, mut driven) = (None, Vec::new());
        loop {
            let page = self.store().runs(&filter, after, PAGE).await?;
            for row in page.rows {
                let is_driven = self.driven.find(row.id).is_some();
                if !is_driven && let Adoption::Ours(claim) = self.store().adopt(row.id).await? {
                    self.recover(claim, Vec::new()).await?;
                    driven.push(row.id);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(driven);
            }
        }
    }

    async fn remove(&self, run: RunId, found: Vec<Ours>) {
        let scheduler = &self.driven.parts.scheduler;
        for ours in found {
            if let Some(attempt) = &ours.attempt
                && let Err(error) = scheduler.remove(attempt).await
            {
                tracing::warn!(%attempt, %error, "something left behind cannot be removed");
            }
        }
        if let Err(error) = scheduler.release(&run).await {
            tracing::warn!(%run, %error, "something left behind cannot be removed");
        }
    }
}
