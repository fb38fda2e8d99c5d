//! Called pipelines: which versions a run may call, and how a child is accepted.

use crate::{Engine, Error, Refused, checks, driven::Ready};
use gofer_core::{
    definition::Pipeline,
    id::{AttemptId, RunId},
    name::{NamespaceName, ParamName, PipelineName, SecretName},
    plan::{self, Family, Plan},
    run::{Book, CalledBy, Calls, Change, Event, Identity, MOST_DEPTH, Origin, Partial, Run},
};
use gofer_secrets::SecretText;
use gofer_store::{NewRun, RunRow};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a child takes from the run that calls it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) namespace: NamespaceName,
    /// As `etl/42`.
    pub(crate) run: String,
    pub(crate) origin: Origin,
}

/// A run with everything that it is made of.
pub(crate) struct Accepted {
    pub(crate) id: RunId,
    pub(crate) namespace: NamespaceName,
    pub(crate) version: u32,
    pub(crate) plan: Arc<Plan>,
    pub(crate) origin: Origin,
    pub(crate) secrets: BTreeMap<SecretName, SecretText>,
}

impl Engine {
    /// Names of the secrets that a run and those that it calls may be given. What is wrong between
    /// them is said at once.
    pub(crate) async fn needed_secrets(
        &self,
        namespace: &NamespaceName,
        plan: &Plan,
        partial: Option<&Partial>,
        versions: &BTreeMap<PipelineName, u32>,
    ) -> Result<BTreeSet<SecretName>, Error> {
        let mut needed = checks::needed_secrets(plan, partial);
        let mut problems = Vec::new();
        let mut members: BTreeMap<PipelineName, Pipeline> = BTreeMap::new();
        let mut open = vec![plan.pipeline.clone()];
        while let Some(pipeline) = open.pop() {
            for (task, _, call) in plan::calls(&pipeline) {
                if call.name == plan.pipeline.name || members.contains_key(&call.name) {
                    continue;
                }
                let Some(version) = versions.get(&call.name) else {
                    problems.push(format!(
                        "{}: tasks.{task}.pipeline.name: this run was started without a version of `{}`",
                        pipeline.name, call.name
                    ));
                    continue;
                };
                let called = self.plan(namespace, &call.name, *version).await?;
                needed.extend(checks::needed_secrets(&called, None));
                members.insert(call.name.clone(), called.pipeline.clone());
                open.push(called.pipeline.clone());
            }
        }
        let family = Family {
            root: &plan.pipeline,
            members: &members,
        };
        let found = family.check().into_iter();
        problems.extend(found.map(|(of, it)| format!("{of}: {}: {}", it.path, it.message)));
        for member in members.into_values() {
            let refused = plan::not_yet(&member).into_iter();
            problems
                .extend(refused.map(|it| format!("{}: {}: {}", member.name, it.path, it.message)));
        }
        if problems.is_empty() {
            Ok(needed)
        } else {
            Err(Refused { problems }.into())
        }
    }

    /// Accepts the run that an attempt calls, and drives it. Only the attempt's own run has this id.
    pub(crate) async fn start_child(
        &self,
        id: RunId,
        by: &AttemptId,
        caller: &Caller,
        (pipeline, params): (&PipelineName, &BTreeMap<ParamName, String>),
        secrets: &BTreeMap<SecretName, SecretText>,
    ) -> Result<(), Error> {
        let Caller {
            namespace,
            run,
            origin,
        } = caller;
        let refused = |problem: String| Refused {
            problems: vec![problem],
        };
        let depth = origin.calls.depth + 1;
        if depth >= MOST_DEPTH {
            let problem = format!("runs stand at most {MOST_DEPTH} deep inside one another");
            return Err(refused(problem).into());
        }
        self.driven.check_faults(namespace, pipeline)?;
        let versions = &origin.calls.versions;
        let without = || {
            refused(format!(
                "its caller was started without a version of `{pipeline}`"
            ))
        };
        let version = *versions.get(pipeline).ok_or_else(without)?;
        let plan = self.plan(namespace, pipeline, version).await?;
        let needed = self
            .needed_secrets(namespace, &plan, None, versions)
            .await?;
        let mut secrets = secrets.clone();
        secrets.retain(|name, _| needed.contains(name));
        let given = params
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        let params = checks::start(&plan, &given, &secrets, &needed, Vec::new())?;
        let origin = Origin {
            trigger: "call".to_owned(),
            scheduled_at: self.now().to_string(),
            params,
            mounts: origin.mounts.clone(),
            partial: None,
            calls: Calls {
                by: Some(CalledBy {
                    attempt: by.clone(),
                    run: run.clone(),
                }),
                depth,
                versions: versions.clone(),
            },
        };
        self.accept(Accepted {
            id,
            namespace: namespace.clone(),
            version,
            plan,
            origin,
            secrets,
        })
        .await
        .map(drop)
    }

    /// Stores a new run, and drives it.
    pub(crate) async fn accept(&self, accepted: Accepted) -> Result<RunRow, Error> {
        let engine = self.clone();
        self.see_to(async move { engine.begin(accepted).await })
            .await
    }

    async fn begin(&self, accepted: Accepted) -> Result<RunRow, Error> {
        let Accepted {
            id,
            namespace,
            version,
            plan,
            origin,
            secrets,
        } = accepted;
        let identity = Identity {
            run: id,
            namespace: namespace.clone(),
            version,
            // The store gives it.
            number: 0,
        };
        let (run, mut changes) = Run::new(&plan, self.now());
        let mut book = Book::restore(Arc::clone(&plan), identity, origin.clone(), run);
        self.know_objects(&mut book).await?;
        changes.extend(self.admitted(&mut book));
        let new = NewRun {
            id,
            namespace: namespace.clone(),
            pipeline: plan.pipeline.name.clone(),
            version,
            origin: origin.clone(),
            run: book.run().clone(),
            tasks: plan.names(),
            changes,
            secrets: self.seal(id, &secrets)?,
        };
        let _alone = self.driven.takings.alone(id).await;
        let row = self.store().create_run(new).await?;
        let claim = row.claim.ok_or(Error::Store(gofer_store::Error::Fenced))?;
        let book = book.numbered(row.number);
        self.driven.drive(Ready {
            row: row.clone(),
            claim,
            book,
            secrets,
            older: Vec::new(),
        });
        Ok(row)
    }

    /// There is no queue yet: whatever is accepted begins. Where more comes of that than a new run's
    /// rows can say, it begins when it is driven.
    fn admitted(&self, book: &mut Book) -> Vec<Change> {
        let mut begun = book.clone();
        match begun.apply(&Event::Admitted, self.now()) {
            Ok(step) if step.objects.is_empty() && !begun.run().head.state.is_over() => {
                *book = begun;
                step.changes
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn drives(&self, run: RunId) -> bool {
        self.driven.find(run).is_some()
    }

    /// Completes when this process does not drive the run, or does not any more.
    pub(crate) async fn not_driven(&self, run: RunId) {
        while let Some(context) = self.driven.find(run) {
            let mut changes = context.feed.subscribe();
            drop(context);
            if self.drives(run) && changes.changed().await.is_err() {
                return;
            }
        }
    }
}
