//! Doing a run again, or parts of it: earlier attempts stay, new ones are added.

use crate::{
    Engine, Error, Refused, Start, Wanted, checks, draft::Draft, driven::Ready, hold,
    pauses::Pauses, recover::Taken,
};
use gofer_core::{
    id::RunId,
    name::SecretName,
    plan::Plan,
    run::{Again, Book, Event, Identity, NotAgain},
};
use gofer_secrets::SecretText;
use gofer_store::{Claim, Error as StoreError, RunRow};
use std::{collections::BTreeMap, time::Duration};

/// How long a run that has just ended may take to be cleared up after.
const CLEARED_UP: Duration = Duration::from_secs(10);

/// A rerun that is asked for.
#[derive(Debug)]
pub struct Rerun {
    /// Of which run.
    pub run: RunId,
    /// What of it.
    pub again: Again,
    /// Values of its secrets, which went when it was over.
    pub secrets: Vec<(SecretName, SecretText)>,
}

impl Engine {
    /// Takes a run up again, with its own version and params, and drives it. Everything that
    /// speaks against it is said at once, and then nothing has changed.
    pub async fn rerun(&self, rerun: Rerun) -> Result<RunRow, Error> {
        if self.driven.draining.is_cancelled() {
            return Err(Error::Draining);
        }
        let row = self.store().run(rerun.run).await?;
        self.driven.check_faults(&row.namespace, &row.pipeline)?;
        let named = format!("{}/{}", row.pipeline, row.number);
        let refused = move |why| Error::NotRerun {
            run: named.clone(),
            why,
        };
        if !row.head.state.is_over() {
            return Err(refused(NotAgain::NotOver));
        }
        if let Err(error) = self.objects().check().await {
            let problems = vec![error.to_string()];
            return Err(Refused { problems }.into());
        }
        let clock = &self.driven.parts.clock;
        tokio::select! {
            biased;
            () = self.not_driven(rerun.run) => {}
            () = clock.sleep(CLEARED_UP) => {}
        }
        let engine = self.clone();
        self.see_to(async move { engine.reclaim(rerun, refused).await })
            .await
    }

    async fn reclaim(
        &self,
        rerun: Rerun,
        refused: impl Fn(NotAgain) -> Error + Sync,
    ) -> Result<RunRow, Error> {
        let alone = self.driven.takings.alone(rerun.run).await;
        let claim = match self.claim_again(rerun.run).await {
            Err(StoreError::Unfinished) => return Err(refused(NotAgain::NotOver)),
            other => other?,
        };
        let begun = self.begin_again(claim, rerun, &refused).await;
        let Err(error) = begun else { return begun };
        match hold::give_back(&self.driven.parts, claim).await {
            Ok(()) => {}
            // It was stored before something failed.
            Err(StoreError::Unfinished) => {
                drop(alone);
                if let Taken::Driving(row) = self.take_up(claim.run, Vec::new()).await? {
                    return Ok(*row);
                }
            }
            Err(error) => {
                tracing::warn!(%error, run = %claim.run, "a run that was not rerun is still held");
            }
        }
        Err(error)
    }

    /// Whoever takes away what is old of a run holds it for a moment.
    async fn claim_again(&self, run: RunId) -> Result<Claim, StoreError> {
        let clock = &self.driven.parts.clock;
        let (begun, mut pauses) = (clock.moment(), Pauses::of_disk());
        loop {
            let claimed = self.store().reclaim(run).await;
            let is_early = clock.moment().0.saturating_sub(begun.0) < CLEARED_UP;
            match claimed {
                Err(StoreError::Unfinished)
                    if is_early
                        && self.store().run(run).await?.head.state.is_over()
                        && self.may_go_on(&mut pauses).await => {}
                claimed => return claimed,
            }
        }
    }

    /// Fills in from an earlier run what a start does not say itself. A param that the version does
    /// not have any more is left out.
    pub(crate) async fn take_over(&self, start: &mut Start, plan: &Plan) -> Result<(), Error> {
        let Some(like) = start.like else {
            return Ok(());
        };
        let row = self.store().run(like).await?;
        if (&row.namespace, &row.pipeline) != (&start.namespace, &start.pipeline) {
            let of = format!("{}/{}", row.pipeline, row.number);
            let problem = format!("{of} is not a run of {}", start.pipeline);
            let problems = vec![problem];
            return Err(Refused { problems }.into());
        }
        for (name, value) in row.origin.params {
            if plan.pipeline.params.contains_key(&name) {
                start.params.entry(name.to_string()).or_insert(value);
            }
        }
        if start.mounts.is_empty() {
            start.mounts = row.origin.mounts;
        }
        if start.calls.is_empty() {
            start.calls = row.origin.calls.versions;
        }
        if let (None, Some(partial)) = (&start.only, row.origin.partial) {
            start.only = Some(Wanted::like(&partial));
        }
        Ok(())
    }

    async fn begin_again(
        &self,
        claim: Claim,
        rerun: Rerun,
        refused: &(impl Fn(NotAgain) -> Error + Sync),
    ) -> Result<RunRow, Error> {
        let stored = self.store().load(claim.run).await?;
        let row = stored.row;
        let (namespace, origin) = (&row.namespace, row.origin.clone());
        let plan = self.plan(namespace, &row.pipeline, row.version).await?;
        let partial = origin.partial.as_ref();
        let versions = &origin.calls.versions;
        let needed = self
            .needed_secrets(namespace, &plan, partial, versions)
            .await?;
        let identity = Identity {
            run: row.id,
            namespace: namespace.clone(),
            version: row.version,
            number: row.number,
        };
        let mut book = Book::restore(plan, identity, origin, stored.run);
        self.know_objects(&mut book).await?;
        let keys = book.again(&rerun.again).map_err(refused)?;
        let mut secrets: BTreeMap<SecretName, SecretText> = rerun.secrets.into_iter().collect();
        secrets.retain(|name, _| needed.contains(name));
        let problems = checks::missing_secrets(&needed, &secrets);
        if !problems.is_empty() {
            return Err(Refused { problems }.into());
        }
        self.store()
            .seal(claim, self.seal(claim.run, &secrets)?)
            .await?;
        let event = Event::Rerun { keys };
        let step = book
            .apply(&event, self.now())
            .map_err(|illegal| Error::Unreadable {
                what: format!("run {}", claim.run),
                why: illegal.to_string(),
            })?;
        // What is to be done about it is what a driver that starts on a stored run does anyway.
        let mut draft = Draft::default();
        draft.add(step);
        if let Some(commit) = draft.commit(claim, &book) {
            self.store().commit(commit).await?;
        }
        let row = self.store().run(claim.run).await?;
        self.driven.drive(Ready {
            row: row.clone(),
            claim,
            book,
            secrets,
            older: Vec::new(),
        });
        Ok(row)
    }
}
