//! Going on with what another process, or an earlier one, began.

use crate::{Engine, Error, checks, driven::Ready};
use gofer_core::{
    id::RunId,
    name::{NamespaceName, PipelineName, SecretName},
    run::{Book, Identity, RunState},
};
use gofer_secrets::SecretText;
use gofer_store::{Adoption, Claim, Filter, RunRow};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
        match self.store().adopt(row.id).await? {
            Adoption::Over => Ok(Resumed::Nothing),
            Adoption::Alive(_) => Ok(Resumed::Following(row)),
            Adoption::Ours(claim) => {
                self.driven.check_faults(namespace, pipeline)?;
                self.recover(claim, secrets).await.map(Resumed::Driving)
            }
        }
    }

    /// Drives a run that is claimed by this process.
    pub(crate) async fn recover(
        &self,
        claim: Claim,
        given: Vec<(SecretName, SecretText)>,
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
            self.unseal(claim.run, needed, &given).await?
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
        let mut book = Book::restore(Arc::new(plan), identity, row.origin.clone(), stored.run);
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
