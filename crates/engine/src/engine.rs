//! The engine's front door.

use crate::{
    Error, Parts, Wanted, checks, child::Accepted, driven::Driven, message::Message, plans::Of,
    recover::Taken,
};
use gofer_core::{
    Timestamp,
    definition::Pipeline,
    id::RunId,
    name::{NamespaceName, PipelineName, SecretName},
    plan::Plan,
    run::{Calls, Key, Mount, Origin},
};
use gofer_secrets::SecretText;
use gofer_store::{Request, RunRow, Store, Version};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::{oneshot, watch};

/// The engine. Clones are the same one.
#[derive(Clone)]
pub struct Engine {
    pub(crate) driven: Arc<Driven>,
}

/// A run that is asked for.
#[derive(Debug)]
pub struct Start {
    /// Where.
    pub namespace: NamespaceName,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// Of which version.
    pub version: u32,
    /// Params by name, as text.
    pub params: BTreeMap<String, String>,
    /// Values of secrets. Those that the pipeline does not name are not kept.
    pub secrets: Vec<(SecretName, SecretText)>,
    /// What asks: `manual`, or a trigger's name.
    pub trigger: String,
    /// Versions of the pipelines that it calls, directly or not.
    pub calls: BTreeMap<PipelineName, u32>,
    /// What of the machine every task's container sees besides what the file says.
    pub mounts: Vec<Mount>,
    /// If it is to be about some of the tasks only.
    pub only: Option<Wanted>,
    /// An earlier run of the pipeline, for what is not said here: params, mounts, called versions,
    /// and which tasks.
    pub like: Option<RunId>,
}

impl Engine {
    /// Puts an engine together. It does nothing until it is asked to.
    pub fn new(parts: Parts) -> Self {
        Self {
            driven: Arc::new(Driven::new(parts)),
        }
    }

    /// Registers a pipeline: the same content again is the same version.
    pub async fn apply(
        &self,
        namespace: &NamespaceName,
        pipeline: Pipeline,
    ) -> Result<Version, Error> {
        let name = pipeline.name.clone();
        let canonical = pipeline.canonical().map_err(|error| Error::Unreadable {
            what: format!("pipeline {name}"),
            why: error.to_string(),
        })?;
        checks::document(&pipeline)?;
        let plan = Arc::new(checks::plan(pipeline)?);
        let put = self
            .store()
            .put_version(namespace, &name, &canonical, self.now());
        let stored = put.await?;
        let of = Of {
            namespace: namespace.clone(),
            pipeline: name,
            version: stored.number,
        };
        self.driven.plans.keep(of, plan);
        Ok(stored)
    }

    /// Accepts a run and begins to drive it. Everything that speaks against it is said at once.
    pub async fn start(&self, mut start: Start) -> Result<RunRow, Error> {
        if self.driven.draining.is_cancelled() {
            return Err(Error::Draining);
        }
        self.driven
            .check_faults(&start.namespace, &start.pipeline)?;
        let plan = self
            .plan(&start.namespace, &start.pipeline, start.version)
            .await?;
        self.take_over(&mut start, &plan).await?;
        let Start {
            namespace,
            version,
            params,
            secrets,
            trigger,
            calls,
            mounts,
            only,
            ..
        } = start;
        let (partial, mut problems) = match only {
            Some(only) => {
                let (partial, problems) = self.borrow(&namespace, &plan, &only).await?;
                (Some(partial), problems)
            }
            None => (None, Vec::new()),
        };
        problems.extend(checks::mounts(&mounts));
        let objects = self.objects().check().await;
        problems.extend(objects.err().map(|error| error.to_string()));
        let needed = self
            .needed_secrets(&namespace, &plan, partial.as_ref(), &calls)
            .await?;
        let mut secrets: BTreeMap<SecretName, SecretText> = secrets.into_iter().collect();
        secrets.retain(|name, _| needed.contains(name));
        let params = checks::start(&plan, &params, &secrets, &needed, problems)?;
        let origin = Origin {
            trigger,
            scheduled_at: self.now().to_string(),
            params,
            mounts,
            partial,
            calls: Calls {
                versions: calls,
                ..Calls::default()
            },
        };
        let id = RunId(self.driven.parts.ids.next());
        self.accept(Accepted {
            id,
            namespace,
            version,
            plan,
            origin,
            secrets,
        })
        .await
    }

    /// Asks for a run's stop, wherever it is driven; a second time stops its finally tasks too.
    /// Completes when the wish is stored.
    pub async fn cancel(&self, run: RunId, by: &str) -> Result<(), Error> {
        tracing::info!(%run, by, "a stop was asked for");
        if self.cancel_ours(run).await? {
            return Ok(());
        }
        match self.take_up(run, Vec::new()).await? {
            Taken::Over => Err(Error::Over(run)),
            Taken::Alive(owner) => {
                let request = Request::Cancel { by: by.to_owned() };
                match self.store().request(run, request, self.now()).await {
                    Ok(_) => {
                        (self.driven.parts.knock)(owner);
                        Ok(())
                    }
                    Err(gofer_store::Error::Over) => Err(Error::Over(run)),
                    Err(error) => Err(error.into()),
                }
            }
            Taken::Driving(_) => {
                if self.cancel_ours(run).await? {
                    Ok(())
                } else {
                    Err(Error::NotDriven(run))
                }
            }
        }
    }

    async fn cancel_ours(&self, run: RunId) -> Result<bool, Error> {
        let Some(context) = self.driven.find(run) else {
            return Ok(false);
        };
        if self.store().run(run).await?.head.state.is_over() {
            return Err(Error::Over(run));
        }
        let (done, answer) = oneshot::channel();
        context.send(Message::Cancel { done });
        // No answer: the driver stopped before it was stored.
        Ok(answer.await.is_ok())
    }

    /// A number that changes after each commit of a run that is driven here, and when its logs
    /// grow. When the run is not driven here (any more) the sender is gone: what is stored is all.
    pub fn watch(&self, run: RunId) -> watch::Receiver<u64> {
        match self.driven.find(run) {
            Some(context) => context.feed.subscribe(),
            None => watch::channel(0).1,
        }
    }

    /// Notes on tasks and items that are not stored, such as how far a pull has come.
    pub fn progress(&self, run: RunId) -> Vec<(Key, String)> {
        self.driven
            .find(run)
            .map(|context| context.feed.notes())
            .unwrap_or_default()
    }

    /// Somebody left a request: look now.
    pub fn knocked(&self) {
        self.driven.knocks.notify_one();
    }

    /// Stops driving at the next safe point and waits for everything of ours to end. Containers go
    /// on; whoever adopts their runs goes on with them.
    pub async fn drain(&self) {
        self.driven.draining.cancel();
        self.driven.tasks.close();
        self.driven.tasks.wait().await;
    }

    /// Waits until the first container of this process is started, or known never to be.
    pub async fn begun(&self) {
        self.driven.begun.cancelled().await;
    }

    /// Waits until no run is driven here any more: all are over, their containers removed.
    pub async fn settled(&self) {
        // The sender lives as long as the engine.
        let _ = self.driven.count().wait_for(|count| *count == 0).await;
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.driven.parts.store
    }

    /// Where logs are kept.
    pub fn logs(&self) -> &Arc<dyn gofer_logs::Disk> {
        &self.driven.parts.logs
    }

    /// Where artifacts are kept.
    pub fn objects(&self) -> &gofer_objects::Objects {
        &self.driven.parts.objects
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.driven.parts.clock.now()
    }

    pub(crate) fn seal(
        &self,
        run: RunId,
        secrets: &BTreeMap<SecretName, SecretText>,
    ) -> Result<Vec<(SecretName, Vec<u8>)>, Error> {
        let seal = |(name, value): (&SecretName, &SecretText)| {
            let sealed = self.driven.parts.vault.seal(run, name, value);
            sealed
                .map(|sealed| (name.clone(), sealed))
                .map_err(|why| Error::Unreadable {
                    what: format!("secret `{name}`"),
                    why,
                })
        };
        secrets.iter().map(seal).collect()
    }

    /// What a version of a pipeline comes to.
    pub async fn plan(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        version: u32,
    ) -> Result<Arc<Plan>, Error> {
        let of = Of {
            namespace: namespace.clone(),
            pipeline: pipeline.clone(),
            version,
        };
        if let Some(plan) = self.driven.plans.find(&of) {
            return Ok(plan);
        }
        let stored = self.store().version(namespace, pipeline, version).await?;
        let unreadable = |why: String| Error::Unreadable {
            what: format!("version {version} of {namespace}/{pipeline}"),
            why,
        };
        let pipeline: Pipeline = serde_json::from_str(&stored.canonical)
            .map_err(|error| unreadable(error.to_string()))?;
        let plan = checks::plan(pipeline).map_err(|refused| unreadable(refused.to_string()))?;
        let plan = Arc::new(plan);
        self.driven.plans.keep(of, Arc::clone(&plan));
        Ok(plan)
    }
}
