//! Volumes that are kept for a pipeline.

use crate::{Engine, Error, Refused};
use gofer_core::{
    definition::{Container, VolumeSource},
    name::{NamespaceName, PipelineName, VolumeName},
    plan::{Kind, Plan},
    run::RunState,
};
use gofer_scheduler::Error as Failed;
use gofer_store::{Error as StoreError, Filter};

/// A volume that is kept for a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVolume {
    /// Where its pipeline is.
    pub namespace: String,
    /// Its pipeline.
    pub pipeline: String,
    /// Its name there.
    pub name: VolumeName,
    /// What it takes, if the engine knows.
    pub bytes: Option<u64>,
}

impl Engine {
    /// Volumes that are kept, by pipeline and name.
    pub async fn volumes(&self) -> Result<Vec<KeptVolume>, Error> {
        let found = self.driven.parts.scheduler.volumes().await;
        let found = found.map_err(failed)?.into_iter();
        let volume = |(of, name, bytes): (String, VolumeName, Option<u64>)| {
            let (namespace, pipeline) = of.split_once('/').unwrap_or(("default", &of));
            KeptVolume {
                namespace: namespace.to_owned(),
                pipeline: pipeline.to_owned(),
                name,
                bytes,
            }
        };
        let mut volumes: Vec<KeptVolume> = found.map(volume).collect();
        volumes.sort_by(|a, b| {
            (&a.namespace, &a.pipeline, &a.name).cmp(&(&b.namespace, &b.pipeline, &b.name))
        });
        Ok(volumes)
    }

    /// Removes a volume that is kept, unless something uses it.
    pub async fn delete_volume(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        name: &VolumeName,
    ) -> Result<(), Error> {
        let known = self.volumes().await?.into_iter().any(|volume| {
            volume.namespace == namespace.as_str()
                && volume.pipeline == pipeline.as_str()
                && volume.name == *name
        });
        if !known {
            let what = format!("volume {name} of {namespace}/{pipeline}");
            return Err(StoreError::NotFound(what).into());
        }
        if let Some(number) = self.user_of(namespace, pipeline, name).await? {
            return Err(in_use(format!(
                "{pipeline}/{number} is not over and uses volume {name}: let it end, or cancel it, first"
            )));
        }
        let of = format!("{namespace}/{pipeline}");
        let removed = self.driven.parts.scheduler.volume_remove(&of, name).await;
        let Err(error) = removed else {
            return Ok(());
        };
        let kept = self.store().kept().await?.into_iter();
        let kept = kept.filter(|row| row.namespace == *namespace && row.pipeline == *pipeline);
        let mut names = kept.map(|row| format!("{pipeline}/{}/{}", row.number, row.attempt.task));
        match (error, names.next()) {
            (Failed::Failed(why), Some(first)) => Err(in_use(format!(
                "volume {name} cannot be removed: {why}; the container of {first} that is kept for a look may use it, and `gofer clean` removes that"
            ))),
            (error, _) => Err(failed(error)),
        }
    }

    /// The number of a run that is not over and may use the volume.
    async fn user_of(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        name: &VolumeName,
    ) -> Result<Option<u64>, Error> {
        let filter = Filter {
            namespace: Some(namespace.clone()),
            pipeline: Some(pipeline.clone()),
            states: vec![RunState::Queued, RunState::Running, RunState::Cancelling],
            ..Filter::default()
        };
        let mut after = None;
        loop {
            let page = self.store().runs(&filter, after, 100).await?;
            for row in page.rows {
                let plan = self.plan(namespace, pipeline, row.version).await?;
                if uses(&plan, name) {
                    return Ok(Some(row.number));
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(None);
            }
        }
    }
}

fn uses(plan: &Plan, name: &VolumeName) -> bool {
    let mounts = |container: &Container| {
        let mut volumes = container.volumes.values();
        volumes.any(|volume| volume.source == VolumeSource::Persistent(name.clone()))
    };
    plan.tasks.iter().any(|task| match &task.kind {
        Kind::Container(container) => {
            let mut services = container.services.values();
            mounts(container) || services.any(|service| mounts(&service.container))
        }
        _ => false,
    })
}

fn in_use(why: String) -> Error {
    Error::Refused(Refused {
        problems: vec![why],
    })
}

fn failed(error: Failed) -> Error {
    match error {
        Failed::Away(why) => Error::Away(why),
        Failed::Failed(why) | Failed::Unsupported(why) => in_use(why),
    }
}
