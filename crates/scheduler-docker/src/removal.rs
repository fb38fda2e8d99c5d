//! Stopping, removing and listing: only ever what carries all our labels.

use crate::{
    engine::{Brand, Engine, Live, is_cleaning_up},
    labels,
    link::Backoff,
    made::Made,
    remedy::{self, Kind},
    services, shell, spec,
    supplies::Held,
};
use bollard::{
    errors::Error as Raw,
    models::{ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum},
    query_parameters::{
        KillContainerOptionsBuilder, ListContainersOptions, ListContainersOptionsBuilder,
        ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
    },
};
use futures_util::{StreamExt, stream};
use gofer_core::id::{AttemptId, RunId};
use gofer_scheduler::{Error, Ours, Role};
use std::{collections::HashMap, sync::Arc, time::Duration};

pub(crate) async fn stop(
    engine: &Arc<Engine>,
    id: &AttemptId,
    grace: Duration,
) -> Result<(), Error> {
    let name = labels::attempt_name(engine.store, id);
    let live = engine.live(id);
    let first = !live.ask();
    if grace.is_zero() {
        return signal(engine, &name, "SIGKILL").await.map(drop);
    }
    if first {
        let delivered = signal(engine, &name, "SIGTERM").await;
        if !matches!(delivered, Ok(true)) {
            // There was nobody to hear it: whoever comes under this name was not asked.
            live.unask();
            return delivered.map(drop);
        }
    }
    engine
        .tasks
        .spawn(kill_later(engine.clone(), live, name, grace));
    Ok(())
}

async fn kill_later(engine: Arc<Engine>, live: Arc<Live>, name: String, grace: Duration) {
    tokio::select! {
        biased;
        () = live.ended.cancelled() => return,
        () = engine.closing.cancelled() => return,
        () = engine.clock.sleep(grace) => {}
    }
    let mut backoff = Backoff::new();
    while let Err(error) = signal(&engine, &name, "SIGKILL").await {
        if !matches!(error, Error::Away(_)) {
            tracing::warn!(name, %error, "the container cannot be killed");
            return;
        }
        tokio::select! {
            biased;
            () = engine.closing.cancelled() => return,
            () = backoff.pause(&engine) => {}
        }
    }
}

/// Already ended or gone is success, too: `false`.
async fn signal(engine: &Engine, name: &str, signal: &str) -> Result<bool, Error> {
    let options = KillContainerOptionsBuilder::new().signal(signal).build();
    match engine.docker.kill_container(name, Some(options)).await {
        Ok(()) => Ok(true),
        Err(error) => match remedy::kind(error) {
            Kind::Said(404 | 409, _) => Ok(false),
            Kind::Said(_, words) if words.contains("is not running") => Ok(false),
            Kind::Said(_, words) => Err(Error::Failed(words)),
            Kind::Away(words) => Err(Error::Away(remedy::away(&words))),
        },
    }
}

/// Removes an attempt's container and its volume.
pub(crate) async fn remove(engine: &Engine, id: &AttemptId) -> Result<(), Error> {
    if let Some(made) = engine.made.find(id)
        && remove_made(engine, id.run, &made, true).await?
    {
        engine.made.forget(id);
        engine.over(id);
        if engine.services.has_any(id) {
            services::remove(engine, id).await?;
        }
        return Ok(());
    }
    let name = labels::attempt_name(engine.store, id);
    let removed = remove_container(engine, &name, |ours| ours.attempt.as_ref() == Some(id)).await?;
    engine.over(id);
    let Some(inspected) = removed else {
        return services::remove(engine, id).await;
    };
    if has_services(&inspected) {
        services::remove(engine, id).await?;
    }
    let volumes = inspected.mounts.into_iter().flatten();
    let own = volumes.filter(|mount| mount.destination.as_deref() == Some(spec::PLACE));
    for volume in own.filter_map(|mount| mount.name) {
        remove_volume(engine, &volume, id.run).await?;
    }
    let joined = inspected.host_config.and_then(|host| host.network_mode);
    match joined
        .as_deref()
        .and_then(|mode| mode.strip_prefix("container:"))
    {
        Some(holder) => remove_holder(engine, holder, id.run).await,
        None => Ok(()),
    }
}

/// A sandbox that outlived its run, as Podman lets none go while a kept attempt is on its network.
async fn remove_holder(engine: &Engine, holder: &str, run: RunId) -> Result<(), Error> {
    if engine.brand != Brand::Podman || engine.supplies.has(run) {
        return Ok(());
    }
    let is_it =
        |ours: &Ours| ours.role == Role::Sandbox && ours.run == Some(run) && ours.attempt.is_none();
    remove_container(engine, holder, is_it).await.map(drop)
}

/// Removes what this process created. False: somebody else was quicker, and what bears the name by
/// now is not known.
async fn remove_made(
    engine: &Engine,
    run: RunId,
    made: &Made,
    by_force: bool,
) -> Result<bool, Error> {
    if delete_container(engine, &made.container, by_force).await? == Deleted::NotThere {
        return Ok(false);
    }
    if let Some(volume) = &made.volume
        && delete_volume(engine, volume).await?
    {
        engine.supplies.gone(run, volume);
    }
    Ok(true)
}

/// Removes a container that an attempt was to start with. Not by force: what was never permitted
/// does not run, whoever has it.
pub(crate) async fn give_up(engine: &Engine, id: &AttemptId, container: &str) -> Result<(), Error> {
    let made = engine.made.find(id);
    let Some(made) = made.filter(|made| made.container == container) else {
        return delete_container(engine, container, false).await.map(drop);
    };
    remove_made(engine, id.run, &made, false).await?;
    engine.made.forget(id);
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deleted {
    Gone,
    NotThere,
    /// Others are on its network, which only Podman minds. The last of them takes it along.
    InUse,
}

async fn delete_container(engine: &Engine, id: &str, by_force: bool) -> Result<Deleted, Error> {
    let options = RemoveContainerOptionsBuilder::new()
        .force(by_force)
        .v(true)
        .build();
    match engine.docker.remove_container(id, Some(options)).await {
        Ok(()) => Ok(Deleted::Gone),
        Err(error) => match remedy::kind(error) {
            Kind::Said(404, _) => Ok(Deleted::NotThere),
            Kind::Said(409, words) if words.contains("already in progress") => Ok(Deleted::Gone),
            Kind::Said(_, words) if words.contains("has dependent containers") => {
                Ok(Deleted::InUse)
            }
            Kind::Said(_, words) => Err(Error::Failed(words)),
            Kind::Away(words) => Err(Error::Away(remedy::away(&words))),
        },
    }
}

/// False: it is in use. A kept attempt has it, and takes it along when it goes.
async fn delete_volume(engine: &Engine, name: &str) -> Result<bool, Error> {
    let options = None::<RemoveVolumeOptions>;
    match engine.docker.remove_volume(name, options).await {
        Ok(()) => Ok(true),
        Err(error) => match remedy::kind(error) {
            Kind::Said(404, _) => Ok(true),
            Kind::Said(409, _) => Ok(false),
            Kind::Said(_, words) => Err(Error::Failed(words)),
            Kind::Away(words) => Err(Error::Away(remedy::away(&words))),
        },
    }
}

fn has_services(inspected: &ContainerInspectResponse) -> bool {
    let config = inspected.config.as_ref();
    let marks = config.and_then(|config| config.labels.as_ref());
    marks.is_some_and(labels::has_services)
}

/// Looks at all labels, then removes. `None`: it was not there.
pub(crate) async fn remove_container(
    engine: &Engine,
    name: &str,
    is_it: impl Fn(&Ours) -> bool,
) -> Result<Option<ContainerInspectResponse>, Error> {
    let Some(inspected) = found(engine.inspect(name).await)? else {
        return Ok(None);
    };
    let labels = inspected
        .config
        .as_ref()
        .and_then(|config| config.labels.as_ref());
    let ours = labels.and_then(|labels| labels::read(labels, engine.store, name, false));
    if !ours.as_ref().is_some_and(is_it) {
        return Err(Error::Failed(format!(
            "the container {name} is not Gofer's: it stays"
        )));
    }
    // By id: the name could mean another one by now.
    let id = inspected.id.as_deref().unwrap_or(name);
    delete_container(engine, id, true).await?;
    Ok(Some(inspected))
}

async fn remove_volume(engine: &Engine, name: &str, run: RunId) -> Result<(), Error> {
    let Some(volume) = found(engine.docker.inspect_volume(name).await)? else {
        return Ok(());
    };
    let ours = labels::read(&volume.labels, engine.store, name, false);
    if !ours.is_some_and(|ours| ours.role == Role::Volume && ours.run == Some(run)) {
        return Ok(());
    }
    delete_volume(engine, name).await.map(drop)
}

fn found<T>(answer: Result<T, Raw>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) => match remedy::kind(error) {
            Kind::Said(404, _) => Ok(None),
            Kind::Said(_, words) => Err(Error::Failed(words)),
            Kind::Away(words) => Err(Error::Away(remedy::away(&words))),
        },
    }
}

/// Everything of this store: one labelled list.
pub(crate) async fn list(engine: &Engine) -> Result<Vec<Ours>, Error> {
    let (containers, volumes, images) = tokio::join!(
        containers(engine, None),
        volumes(engine, None),
        shell::left(engine)
    );
    // Containers first: what they use cannot go before them.
    let mut ours = containers?;
    ours.extend(volumes?);
    ours.extend(images?);
    Ok(ours)
}

fn ours_only(engine: &Engine, run: Option<RunId>) -> HashMap<&'static str, Vec<String>> {
    let mut wanted = vec![format!("{}={}", labels::STORE, engine.store)];
    wanted.extend(run.map(|run| format!("{}={run}", labels::RUN)));
    HashMap::from([("label", wanted)])
}

/// The engine's list. While Podman cleans up behind a container it calls it `stopped`, which is no
/// state of this API: then the list is asked for again.
pub(crate) async fn listed(
    engine: &Engine,
    options: ListContainersOptions,
) -> Result<Vec<ContainerSummary>, Error> {
    let mut backoff = Backoff::new();
    for _ in 0..MOST_LOOKS {
        match engine.docker.list_containers(Some(options.clone())).await {
            Err(error) if is_cleaning_up(&error) => {
                backoff.pause(engine).await;
            }
            listed => return listed.map_err(remedy::plain),
        }
    }
    Err(Error::Away(
        "the engine cleans up behind a container for too long".to_owned(),
    ))
}

const MOST_LOOKS: usize = 15;

async fn containers(engine: &Engine, run: Option<RunId>) -> Result<Vec<Ours>, Error> {
    let filters = ours_only(engine, run);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let found = listed(engine, options).await?;
    Ok(found
        .iter()
        .filter_map(|container| container_of(engine, container))
        .collect())
}

async fn volumes(engine: &Engine, run: Option<RunId>) -> Result<Vec<Ours>, Error> {
    let options = ListVolumesOptionsBuilder::new()
        .filters(&ours_only(engine, run))
        .build();
    let found = engine
        .docker
        .list_volumes(Some(options))
        .await
        .map_err(remedy::plain)?;
    let found = found.volumes.unwrap_or_default();
    let ours = found
        .iter()
        .filter_map(|volume| labels::read(&volume.labels, engine.store, &volume.name, false));
    Ok(ours.collect())
}

/// What containers of this store have written in their own layers.
pub(crate) async fn sizes(engine: &Engine) -> Result<Vec<(Ours, u64)>, Error> {
    let filters = ours_only(engine, None);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .size(true)
        .filters(&filters)
        .build();
    let found = engine.patient.list_containers(Some(options)).await;
    let found = found.map_err(remedy::plain)?;
    let sized = |container: &ContainerSummary| {
        let bytes = u64::try_from(container.size_rw.unwrap_or_default()).ok()?;
        Some((container_of(engine, container)?, bytes))
    };
    Ok(found.iter().filter_map(sized).collect())
}

pub(crate) fn container_of(engine: &Engine, container: &ContainerSummary) -> Option<Ours> {
    let names = container.names.as_ref()?;
    let name = names.first()?.trim_start_matches('/');
    let running = matches!(
        container.state,
        Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED)
    );
    labels::read(container.labels.as_ref()?, engine.store, name, running)
}

/// How many containers are removed at once.
const AT_ONCE: usize = 4;

/// Removes what this process made for a run. False: not all of it went.
async fn remove_held(engine: &Engine, held: Held) -> bool {
    let remove = |id: String| async move { delete_container(engine, &id, true).await };
    let removed: Vec<_> = stream::iter(held.containers)
        .map(remove)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let is_gone =
        |removed: &Result<Deleted, Error>| matches!(removed, Ok(Deleted::Gone | Deleted::NotThere));
    let mut all = removed.iter().all(is_gone);
    for volume in held.volumes {
        all &= delete_volume(engine, &volume).await == Ok(true);
    }
    all
}

/// The run is over: its sandboxes and volumes go. Attempts stay until they are removed.
pub(crate) async fn release(engine: &Engine, run: RunId) -> Result<(), Error> {
    let held = engine.supplies.release(run).await;
    if let Some(held) = held.filter(|_| !engine.made.has_any(run))
        && remove_held(engine, held).await
    {
        return Ok(());
    }
    // Containers first: a volume that one has cannot go. The carrier of a volume has its role.
    let is_held = |ours: &Ours| {
        ours.run == Some(run) && matches!(ours.role, Role::Service | Role::Sandbox | Role::Volume)
    };
    for ours in containers(engine, Some(run))
        .await?
        .iter()
        .filter(|ours| is_held(ours))
    {
        remove_container(engine, &ours.name, is_held).await?;
    }
    for ours in volumes(engine, Some(run)).await? {
        remove_volume(engine, &ours.name, run).await?;
    }
    Ok(())
}
