//! Taking away what dead processes left behind of runs that are over.

use crate::{Engine, Error, hold, recover::Taken, tidy};
use gofer_core::{
    id::{AttemptId, RunId},
    run::RunState,
};
use gofer_scheduler::{Error as Failed, Ours, Role};
use gofer_store::{Error as StoreError, Filter, KeptRow};
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
        if let Err(error) = self.bound_kept().await {
            tracing::warn!(%error, "a kept container stays longer than it has to");
        }
        let mut by_run: BTreeMap<RunId, Vec<Ours>> = BTreeMap::new();
        for found in ours {
            if let Some(run) = found.run {
                by_run.entry(run).or_default().push(found);
            }
        }
        for (run, mut found) in by_run {
            let needs_nothing = match self.store().run(run).await {
                Ok(row) => row.claim.is_none(),
                Err(StoreError::NotFound(_)) => true,
                Err(error) => return Err(error.into()),
            };
            // Asked now, not before: a run that has just ended may keep something.
            let kept: Vec<AttemptId> = self.kept_of(run).await?;
            let shells = found.extract_if(.., |ours| ours.role == Role::Shell);
            self.end_shells(shells.collect()).await?;
            // A kept container has volumes, which go when it does.
            let stays = |ours: &Ours| match (ours.role, &ours.attempt) {
                (Role::Attempt, Some(attempt)) => kept.contains(attempt),
                (Role::Volume, _) => !kept.is_empty(),
                _ => false,
            };
            found.retain(|ours| !stays(ours));
            if needs_nothing && !found.is_empty() {
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
                if !is_driven && let Taken::Driving(_) = self.take_up(row.id, Vec::new()).await? {
                    driven.push(row.id);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(driven);
            }
        }
    }

    /// Lets go of kept containers that are past their bounds.
    async fn bound_kept(&self) -> Result<(), Error> {
        let parts = &self.driven.parts;
        let past = tidy::too_many(parts).await?;
        let rows: Vec<KeptRow> = past.into_iter().map(|(row, _)| row).collect();
        if let Err(error) = tidy::let_go(parts, &rows).await {
            tracing::warn!(%error, "a kept container stays longer than it has to");
        }
        Ok(())
    }

    async fn kept_of(&self, run: RunId) -> Result<Vec<AttemptId>, Error> {
        let kept = self.store().kept().await?.into_iter();
        let kept = kept.map(|row| row.attempt).filter(|it| it.run == run);
        Ok(kept.collect())
    }

    /// Ends what is left of shells whose processes are dead.
    async fn end_shells(&self, shells: Vec<Ours>) -> Result<(), Error> {
        for shell in shells {
            if let Some(owner) = shell.owner
                && self.store().is_alive(owner).await?
            {
                continue;
            }
            let ended = self.driven.parts.scheduler.end_shell(&shell.name).await;
            if let Err(error) = ended {
                tracing::warn!(name = shell.name, %error, "a shell left behind cannot be ended");
            }
        }
        Ok(())
    }

    /// What was found before, unless somebody has taken the run up since.
    async fn remove(&self, run: RunId, found: Vec<Ours>) {
        let remove = async {
            let kept = self.kept_of(run).await;
            let kept = kept.map_err(|error| Failed::Failed(error.to_string()))?;
            self.remove_held(run, found, &kept).await;
            Ok(())
        };
        if let Err(error) = hold::holding(&self.driven.parts, run, remove).await {
            tracing::warn!(%run, %error, "something left behind cannot be removed");
        }
    }

    async fn remove_held(&self, run: RunId, found: Vec<Ours>, kept: &[AttemptId]) {
        let scheduler = &self.driven.parts.scheduler;
        for attempt in found.into_iter().filter_map(|ours| ours.attempt) {
            let removed = if kept.contains(&attempt) {
                scheduler.keep(&attempt).await.map(drop)
            } else {
                scheduler.remove(&attempt).await
            };
            if let Err(error) = removed {
                tracing::warn!(%attempt, %error, "something left behind cannot be removed");
            }
        }
        if let Err(error) = scheduler.release(&run).await {
            tracing::warn!(%run, %error, "something left behind cannot be removed");
        }
    }
}
