//! Going on with what another process, or an earlier one, began.

use crate::{Engine, Error, checks, driven::Ready, pauses::Pauses};
use gofer_core::{
    id::{InstanceId, RunId},
    name::{NamespaceName, PipelineName, SecretName},
    run::{Book, Identity, RunState},
};
use gofer_secrets::SecretText;
use gofer_store::{Adoption, Claim, Error as StoreError, Filter, RunRow};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::oneshot;

/// What came of a resume.
#[derive(Clone, Debug, PartialEq)]
pub enum Resumed {
    /// This process drives it now.
    Driving(RunRow),
    /// A process that lives drives it.
    Following(RunRow),
    /// There is no unfinished run.
    Nothing,
}

/// What came of taking a run up.
pub(crate) enum Taken {
    /// This process drives it now.
    Driving(Box<RunRow>),
    /// This living instance does.
    Alive(InstanceId),
    /// It is over, and let go.
    Over,
}

impl Engine {
    /// Goes on with the newest unfinished run of a pipeline, as it was when its process died: with
    /// its own version and params, and with its sealed secrets where no new values are given.
    pub async fn resume(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        secrets: Vec<(SecretName, SecretText)>,
    ) -> Result<Resumed, Error> {
        if self.driven.draining.is_cancelled() {
            return Err(Error::Draining);
        }
        let filter = Filter {
            namespace: Some(namespace.clone()),
            pipeline: Some(pipeline.clone()),
            states: vec![RunState::Queued, RunState::Running, RunState::Cancelling],
            claimed: false,
        };
        let found = self.store().runs(&filter, None, 1).await?.rows.pop();
        let Some(row) = found else {
            return Ok(Resumed::Nothing);
        };
        if self.driven.find(row.id).is_some() {
            return Ok(Resumed::Following(row));
        }
        self.driven.check_faults(namespace, pipeline)?;
        Ok(match self.take_up(row.id, secrets).await? {
            Taken::Over => Resumed::Nothing,
            Taken::Alive(_) => Resumed::Following(row),
            Taken::Driving(row) => Resumed::Driving(*row),
        })
    }

    /// Claims a run if its owner is dead, and drives what is claimed. A claim that no driver stands
    /// behind would keep everybody else away from the run for as long as this process lives: where
    /// whoever asked leaves, or the disk fails for a while, it is gone on with in the background.
    pub(crate) async fn take_up(
        &self,
        run: RunId,
        given: Vec<(SecretName, SecretText)>,
    ) -> Result<Taken, Error> {
        let (told, answer) = oneshot::channel();
        let engine = self.clone();
        self.driven.tasks.spawn(async move {
            let (mut told, mut pauses) = (Some(told), Pauses::of_disk());
            loop {
                let taken = engine.try_to_take_up(run, &given).await;
                let is_worth_another = matches!(
                    taken,
                    Err(Error::Store(StoreError::Busy | StoreError::Full))
                );
                if let Some(told) = told.take() {
                    // Whoever asked may have left.
                    let _ = told.send(taken);
                }
                if !is_worth_another || !engine.may_go_on(&mut pauses).await {
                    return;
                }
            }
        });
        answer.await.unwrap_or(Err(Error::NotDriven(run)))
    }

    async fn try_to_take_up(
        &self,
        run: RunId,
        given: &[(SecretName, SecretText)],
    ) -> Result<Taken, Error> {
        let _alone = self.driven.takings.alone(run).await;
        if self.driven.find(run).is_some() {
            let row = self.store().run(run).await?;
            return Ok(Taken::Driving(Box::new(row)));
        }
        match self.store().adopt(run).await? {
            Adoption::Over => Ok(Taken::Over),
            Adoption::Alive(owner) => Ok(Taken::Alive(owner)),
            Adoption::Ours(claim) => {
                let row = self.recover(claim, given).await?;
                Ok(Taken::Driving(Box::new(row)))
            }
        }
    }

    /// Does work to its end, even if whoever asked for it leaves: it may have claimed a run half way.
    pub(crate) async fn see_to<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (told, answer) = oneshot::channel();
        self.driven.tasks.spawn(async move {
            let _ = told.send(work.await);
        });
        answer.await.unwrap_or(Err(Error::Panicked))
    }

    /// Waits before something is tried again; false when this process is about to end.
    pub(crate) async fn may_go_on(&self, pauses: &mut Pauses) -> bool {
        let clock = &self.driven.parts.clock;
        tokio::select! {
            biased;
            () = self.driven.draining.cancelled() => false,
            () = clock.sleep(pauses.next()) => true,
        }
    }

    /// Drives a run that is claimed by this process.
    async fn recover(
        &self,
        claim: Claim,
        given: &[(SecretName, SecretText)],
    ) -> Result<RunRow, Error> {
        let stored = self.store().load(claim.run).await?;
        let row = stored.row;
        let plan = self
            .plan(&row.namespace, &row.pipeline, row.version)
            .await?;
        let is_over = row.head.state.is_over();
        let (secrets, older) = if is_over {
            Default::default()
        } else {
            let needed = checks::needed_secrets(&plan, row.origin.partial.as_ref());
            self.unseal(claim.run, needed, given).await?
        };
        if !given.is_empty() && !secrets.is_empty() {
            self.store()
                .seal(claim, self.seal(claim.run, &secrets)?)
                .await?;
        }
        let identity = Identity {
            run: row.id,
            namespace: row.namespace.clone(),
            version: row.version,
            number: row.number,
        };
        let mut book = Book::restore(plan, identity, row.origin.clone(), stored.run);
        self.know_objects(&mut book).await?;
        self.driven.drive(Ready {
            row: row.clone(),
            claim,
            book,
            secrets,
            older,
        });
        Ok(row)
    }

    /// All values that a run needs, new ones first; and the values that those take the place of.
    async fn unseal(
        &self,
        run: RunId,
        needed: BTreeSet<SecretName>,
        given: &[(SecretName, SecretText)],
    ) -> Result<
        (
            BTreeMap<SecretName, SecretText>,
            Vec<(SecretName, SecretText)>,
        ),
        Error,
    > {
        let (mut secrets, mut older) = (BTreeMap::new(), Vec::new());
        let sealed: BTreeMap<SecretName, Vec<u8>> =
            self.store().sealed(run).await?.into_iter().collect();
        // Among them are those of the pipelines that it calls.
        let needed: BTreeSet<SecretName> =
            needed.into_iter().chain(sealed.keys().cloned()).collect();
        let (mut names, mut reasons) = (Vec::new(), BTreeSet::new());
        for name in needed {
            let new = given
                .iter()
                .rfind(|(given, _)| *given == name)
                .map(|(_, value)| value);
            let old = sealed
                .get(&name)
                .map(|sealed| self.driven.parts.vault.open(run, &name, sealed));
            match (new, old) {
                (Some(new), old) => {
                    if let Some(Ok(old)) = old
                        && old.expose() != new.expose()
                    {
                        older.push((name.clone(), old));
                    }
                    secrets.insert(name, new.clone());
                }
                (None, Some(Ok(old))) => {
                    secrets.insert(name, old);
                }
                (None, other) => {
                    reasons.insert(match other {
                        Some(Err(why)) => why,
                        _ => format!("secret `{name}` is not kept"),
                    });
                    names.push(name);
                }
            }
        }
        if names.is_empty() {
            return Ok((secrets, older));
        }
        let why = reasons.into_iter().collect::<Vec<_>>().join("; ");
        Err(Error::SecretsMissing { run, names, why })
    }
}
