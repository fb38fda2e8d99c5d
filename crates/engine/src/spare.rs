//! Everything of ours that could go, why, and what it takes.

use crate::{
    Engine, Error, hold,
    tidy::{self, Why},
};
use gofer_core::{
    id::{AttemptId, RunId},
    name::{NamespaceName, PipelineName},
};
use gofer_scheduler::{Error as Failed, Ours, Role};
use gofer_store::{Error as StoreError, Filter, KeptRow, RunRow};
use std::collections::BTreeMap;

/// Runs looked at in one read.
const PAGE: u32 = 100;

/// Something that could go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spare {
    /// What it is.
    pub kind: SpareKind,
    /// What people call it.
    pub name: String,
    /// Why it is not needed.
    pub why: String,
    /// What it takes, as far as that is known.
    pub bytes: Option<u64>,
    /// Why it is still there.
    pub failure: Option<String>,
}

/// What kind of thing could go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpareKind {
    /// A run with its logs and artifacts.
    Run,
    /// Logs and artifacts whose run is gone.
    Log,
    /// A container.
    Container,
    /// A volume.
    Volume,
    /// A network.
    Network,
    /// An image.
    Image,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spares {
    /// One after the other.
    pub things: Vec<Spare>,
    /// Why the container engine could not be looked at.
    pub engine: Option<String>,
}

/// What is to be done about a thing.
enum Act {
    Forget(RunId),
    Logs(RunId),
    LetGo(Box<KeptRow>),
    Left(Box<Ours>),
    Image(String),
}

type Found = Vec<(Spare, Act)>;

impl Engine {
    /// Finds what could go and, unless it is `dry`, removes it. Nothing of a run that is not over
    /// or that somebody drives is among it.
    pub async fn clean(&self, dry: bool) -> Result<Spares, Error> {
        let engine = self.clone();
        self.see_to(async move { engine.look_or_remove(dry).await })
            .await
    }

    async fn look_or_remove(&self, dry: bool) -> Result<Spares, Error> {
        let mut found = self.old_runs().await?;
        found.extend(self.stray_logs().await?);
        found.extend(self.kept_containers().await?);
        let on_engine = self.on_engine().await;
        let engine = match on_engine {
            Ok(more) => {
                found.extend(more);
                self.weigh(&mut found).await;
                None
            }
            Err(Error::Away(why)) => Some(why),
            Err(error) => return Err(error),
        };
        let mut things = Vec::with_capacity(found.len());
        for (mut spare, act) in found {
            if !dry {
                spare.failure = self.remove_spare(act).await.err();
            }
            things.push(spare);
        }
        Ok(Spares { things, engine })
    }

    async fn remove_spare(&self, act: Act) -> Result<(), String> {
        let parts = &self.driven.parts;
        let words = |error: &dyn std::fmt::Display| error.to_string();
        match act {
            Act::Forget(run) => unless_taken(tidy::forget(parts, run).await?),
            Act::Logs(run) => {
                gofer_logs::remove_run(&*parts.logs, run).map_err(|error| words(&error))?;
                let artifacts = parts.objects.remove_run(run).await;
                artifacts.map_err(|error| words(&error))
            }
            Act::LetGo(row) => {
                let gone = tidy::let_go(parts, &[*row]).await;
                gone.map_err(|error| words(&error)).and_then(unless_taken)
            }
            Act::Left(ours) => {
                let gone = self.remove_left(&ours).await;
                gone.map_err(|error| words(&error)).and_then(unless_taken)
            }
            Act::Image(name) => parts
                .scheduler
                .remove_old_image(&name)
                .await
                .map_err(|error| words(&error)),
        }
    }

    async fn remove_left(&self, ours: &Ours) -> Result<bool, Failed> {
        let parts = &self.driven.parts;
        let scheduler = &parts.scheduler;
        match (ours.role, &ours.attempt, ours.run) {
            (Role::Shell, ..) => scheduler.end_shell(&ours.name).await.map(|()| true),
            (_, Some(attempt), _) => {
                hold::holding(parts, attempt.run, scheduler.remove(attempt)).await
            }
            (_, None, Some(run)) => hold::holding(parts, run, scheduler.release(&run)).await,
            (_, None, None) => Ok(true),
        }
    }

    /// Runs beyond what their pipelines keep.
    async fn old_runs(&self) -> Result<Found, Error> {
        let mut pipelines: BTreeMap<(NamespaceName, PipelineName), u32> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.store().runs(&Filter::default(), after, PAGE).await?;
            for row in page.rows {
                // The newest run's version comes first.
                let of = (row.namespace, row.pipeline);
                pipelines.entry(of).or_insert(row.version);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let logs = self.logs_by_run()?;
        let mut found = Vec::new();
        for ((namespace, pipeline), version) in pipelines {
            let plan = self.plan(&namespace, &pipeline, version).await?;
            let retention = plan.pipeline.retention.as_ref();
            let parts = &self.driven.parts;
            let old = tidy::too_old(parts, (&namespace, &pipeline), retention).await?;
            for (row, why) in old {
                let bytes = self.bytes_of(&row, &logs).await?;
                let spare = Spare {
                    kind: SpareKind::Run,
                    name: format!("{pipeline}/{}", row.number),
                    why: why_run(why),
                    bytes: Some(bytes),
                    failure: None,
                };
                found.push((spare, Act::Forget(row.id)));
            }
        }
        Ok(found)
    }

    fn logs_by_run(&self) -> Result<BTreeMap<RunId, u64>, Error> {
        let logs = gofer_logs::runs(&**self.logs());
        let logs = logs.map_err(|error| Error::Unreadable {
            what: "the folder of logs".to_owned(),
            why: error.to_string(),
        })?;
        Ok(logs.into_iter().collect())
    }

    async fn bytes_of(&self, row: &RunRow, logs: &BTreeMap<RunId, u64>) -> Result<u64, Error> {
        let stored = self.store().load(row.id).await?;
        let units = stored.run.tasks.iter();
        let units = units.flat_map(|task| std::iter::once(&task.own).chain(&task.items));
        let kept = units
            .flat_map(|unit| &unit.attempts)
            .filter_map(|attempt| attempt.artifacts);
        let artifacts: u64 = kept.map(|artifacts| artifacts.bytes).sum();
        Ok(artifacts + logs.get(&row.id).copied().unwrap_or_default())
    }

    /// Logs whose run was deleted by a process that died before it came to them.
    async fn stray_logs(&self) -> Result<Found, Error> {
        let mut found = Vec::new();
        for (run, bytes) in self.logs_by_run()? {
            match self.store().run(run).await {
                Ok(_) => continue,
                Err(StoreError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
            let spare = Spare {
                kind: SpareKind::Log,
                name: run.to_string(),
                why: "its run is gone".to_owned(),
                bytes: Some(bytes),
                failure: None,
            };
            found.push((spare, Act::Logs(run)));
        }
        Ok(found)
    }

    async fn kept_containers(&self) -> Result<Found, Error> {
        let kept = self.store().kept().await?.into_iter();
        let spare = |row: KeptRow| {
            let item = row.attempt.item.map(|item| format!("/{item}"));
            let item = item.unwrap_or_default();
            let name = format!("{}/{}/{}{item}", row.pipeline, row.number, row.attempt.task);
            let spare = Spare {
                kind: SpareKind::Container,
                why: format!("it failed and is kept for `gofer shell {name}`"),
                name,
                bytes: None,
                failure: None,
            };
            (spare, Act::LetGo(Box::new(row)))
        };
        Ok(kept.filter(|row| !row.claimed).map(spare).collect())
    }

    /// What dead processes left behind, and images of older versions.
    async fn on_engine(&self) -> Result<Found, Error> {
        let scheduler = &self.driven.parts.scheduler;
        let ours = scheduler.list_ours().await.map_err(away)?;
        let kept = self.store().kept().await?.into_iter();
        let kept: Vec<AttemptId> = kept.map(|row| row.attempt).collect();
        let mut found = Vec::new();
        for thing in ours {
            let Some(why) = self.why_left(&thing, &kept).await? else {
                continue;
            };
            let spare = Spare {
                kind: match thing.role {
                    Role::Volume => SpareKind::Volume,
                    Role::Network => SpareKind::Network,
                    Role::Shell if thing.name.starts_with("sha256:") => SpareKind::Image,
                    _ => SpareKind::Container,
                },
                name: thing.name.clone(),
                why: why.to_owned(),
                bytes: None,
                failure: None,
            };
            found.push((spare, Act::Left(Box::new(thing))));
        }
        let images = scheduler.old_images().await.map_err(away)?;
        for (name, bytes) in images {
            let spare = Spare {
                kind: SpareKind::Image,
                name: name.clone(),
                why: "an older gofer made it, for the projects of every user of this engine"
                    .to_owned(),
                bytes: Some(bytes),
                failure: None,
            };
            found.push((spare, Act::Image(name)));
        }
        Ok(found)
    }

    /// `None`: it is needed.
    async fn why_left(
        &self,
        thing: &Ours,
        kept: &[AttemptId],
    ) -> Result<Option<&'static str>, Error> {
        let Some(run) = thing.run else {
            return Ok(None);
        };
        if thing.role == Role::Shell {
            let is_served = match thing.owner {
                Some(owner) => self.store().is_alive(owner).await?,
                None => false,
            };
            return Ok((!is_served).then_some("the shell that it served is gone"));
        }
        let stays = match (thing.role, &thing.attempt) {
            (Role::Attempt, Some(attempt)) => kept.contains(attempt),
            (Role::Volume, None) => kept.iter().any(|attempt| attempt.run == run),
            _ => false,
        };
        if stays {
            return Ok(None);
        }
        match self.store().run(run).await {
            Ok(row) if row.claim.is_some() => Ok(None),
            Ok(_) => Ok(Some("its run is over")),
            Err(StoreError::NotFound(_)) => Ok(Some("its run is gone")),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes what containers take.
    async fn weigh(&self, found: &mut [(Spare, Act)]) {
        let Ok(sizes) = self.driven.parts.scheduler.sizes().await else {
            return;
        };
        for (spare, act) in found {
            let size = match act {
                Act::LetGo(row) => sizes
                    .iter()
                    .find(|(ours, _)| {
                        ours.role == Role::Attempt && ours.attempt.as_ref() == Some(&row.attempt)
                    })
                    .map(|(_, bytes)| *bytes),
                Act::Left(left) => sizes
                    .iter()
                    .find(|(ours, _)| ours.name == left.name)
                    .map(|(_, bytes)| *bytes),
                _ => continue,
            };
            spare.bytes = spare.bytes.or(size);
        }
    }
}

fn unless_taken(is_gone: bool) -> Result<(), String> {
    if is_gone {
        return Ok(());
    }
    Err("somebody has taken its run up again".to_owned())
}

fn why_run(why: Why) -> String {
    match why {
        Why::Newer(most) => format!("the newest {most} of its pipeline are kept"),
        Why::Older(age) => format!(
            "its pipeline keeps runs for {}",
            gofer_core::span::Span::from(age)
        ),
    }
}

fn away(error: Failed) -> Error {
    match error {
        Failed::Away(why) | Failed::Failed(why) | Failed::Unsupported(why) => Error::Away(why),
    }
}
