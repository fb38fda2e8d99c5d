//! What a run's attempts find ready: networks held open by a sandbox, and volumes that anybody may
//! write to. Both belong to one run, are made off the critical path, and go with the run.

use crate::{
    engine::{Engine, lock},
    holder, labels,
};
use bollard::{
    errors::Error,
    models::{
        ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions,
    },
    query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder},
};
use gofer_core::{clock::Moment, id::RunId};
use gofer_scheduler::Role;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, OnceCell};
use tokio_util::task::TaskTracker;

/// A sandbox that has been in the making for this long is nearer than a network of one's own.
const WORTH_WAITING: Duration = Duration::from_millis(60);
/// One that takes longer is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

pub(crate) struct Supplies {
    nonce: String,
    next: AtomicU64,
    image: OnceCell<String>,
    runs: Mutex<BTreeMap<RunId, Arc<Store>>>,
}

/// One run's.
#[derive(Default)]
struct Store {
    stock: Mutex<Stock>,
    changed: Notify,
    makers: TaskTracker,
}

#[derive(Default)]
struct Stock {
    sandboxes: Vec<String>,
    /// How many there are, those in use included.
    made: usize,
    /// How many attempts found none.
    wanted: usize,
    making_since: Option<Moment>,
    volumes: Vec<String>,
    volumes_in_the_making: usize,
    /// Counts engine restarts: what was made before is gone.
    era: u64,
    released: bool,
}

/// The right to be the only attempt in a sandbox.
pub(crate) struct Lease {
    store: Arc<Store>,
    era: u64,
    id: Option<String>,
}

impl Lease {
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// It is of no use: nobody else shall get it.
    pub(crate) fn spoil(mut self) {
        self.id = None;
        let mut stock = lock(&self.store.stock);
        stock.made = stock.made.saturating_sub(1);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let mut stock = lock(&self.store.stock);
        if stock.era == self.era && !stock.released {
            stock.sandboxes.push(id);
        }
        drop(stock);
        self.store.changed.notify_waiters();
    }
}

impl Supplies {
    pub(crate) fn new(nonce: String) -> Self {
        Self { nonce, next: AtomicU64::new(0), image: OnceCell::new(), runs: Mutex::default() }
    }

    fn of(&self, run: RunId) -> Arc<Store> {
        lock(&self.runs).entry(run).or_default().clone()
    }

    /// The engine was started anew: no sandbox runs any more.
    pub(crate) fn forget(&self) {
        for store in lock(&self.runs).values() {
            let mut stock = lock(&store.stock);
            stock.sandboxes.clear();
            stock.made = 0;
            stock.era += 1;
        }
    }

    /// Stops making things for a run, and waits until what is being made is there to be removed.
    pub(crate) async fn release(&self, run: RunId) {
        let store = lock(&self.runs).remove(&run);
        let Some(store) = store else { return };
        lock(&store.stock).released = true;
        store.makers.close();
        store.makers.wait().await;
    }

    /// Waits until nothing is being made any more.
    pub(crate) async fn close(&self) {
        let all: Vec<_> = lock(&self.runs).values().cloned().collect();
        for store in all {
            lock(&store.stock).released = true;
            store.makers.close();
            store.makers.wait().await;
        }
    }

    fn name(&self, engine: &Engine, run: RunId, role: Role) -> String {
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        labels::run_name(engine.store, run, role, &self.nonce, nth)
    }

    async fn image(&self, engine: &Engine) -> Result<String, Error> {
        let making = || holder::ensure(&engine.docker, &engine.architecture);
        self.image.get_or_try_init(making).await.cloned()
    }
}

/// A sandbox for one attempt, if one is ready or nearly so; others are made beside it.
pub(crate) async fn sandbox(engine: &Arc<Engine>, run: RunId, more_to_come: bool) -> Option<Lease> {
    let store = engine.supplies.of(run);
    if let Some(lease) = take(&store) {
        return Some(lease);
    }
    if let Some(lease) = one_nearly_ready(engine, &store).await {
        return Some(lease);
    }
    if more_to_come {
        want_sandbox(engine, &store, run);
    }
    None
}

async fn one_nearly_ready(engine: &Engine, store: &Arc<Store>) -> Option<Lease> {
    let mut changed = std::pin::pin!(store.changed.notified());
    changed.as_mut().enable();
    let begun = lock(&store.stock).making_since?;
    if engine.clock.moment().0.saturating_sub(begun.0) < WORTH_WAITING {
        return None;
    }
    tokio::select! {
        biased;
        () = changed => {}
        () = engine.clock.sleep(LONGEST_WAIT) => {}
    }
    take(store)
}

fn take(store: &Arc<Store>) -> Option<Lease> {
    let mut stock = lock(&store.stock);
    let id = stock.sandboxes.pop()?;
    Some(Lease { store: store.clone(), era: stock.era, id: Some(id) })
}

fn want_sandbox(engine: &Arc<Engine>, store: &Arc<Store>, run: RunId) {
    let mut stock = lock(&store.stock);
    stock.wanted = (stock.wanted + 1).min(engine.options.sandboxes);
    if stock.released || stock.making_since.is_some() || stock.made >= stock.wanted {
        return;
    }
    stock.making_since = Some(engine.clock.moment());
    drop(stock);
    store.makers.spawn(make_sandboxes(engine.clone(), store.clone(), run));
}

/// Makes them one after the other, so that making does not take the machine from the tasks.
async fn make_sandboxes(engine: Arc<Engine>, store: Arc<Store>, run: RunId) {
    loop {
        let made = make_sandbox(&engine, run).await;
        let mut stock = lock(&store.stock);
        match made {
            Ok(Some(id)) => {
                stock.made += 1;
                stock.sandboxes.push(id);
            }
            // No program of ours for this machine: every attempt gets a network of its own.
            Ok(None) => stock.wanted = 0,
            Err(error) => {
                tracing::warn!(%run, error = %crate::remedy::chain(&error), "no sandbox was made");
                stock.wanted = stock.made;
            }
        }
        let enough = stock.released || stock.made >= stock.wanted;
        stock.making_since = (!enough).then(|| engine.clock.moment());
        drop(stock);
        store.changed.notify_waiters();
        if enough {
            return;
        }
    }
}

async fn make_sandbox(engine: &Engine, run: RunId) -> Result<Option<String>, Error> {
    let supplies = &engine.supplies;
    if !holder::has_program(&engine.architecture) {
        return Ok(None);
    }
    let image = supplies.image(engine).await?;
    let name = supplies.name(engine, run, Role::Sandbox);
    let body = ContainerCreateBody {
        image: Some(image),
        cmd: Some(vec![holder::PROGRAM.to_owned()]),
        hostname: Some("gofer".to_owned()),
        labels: Some(labels::of_run(engine.store, run, Role::Sandbox)),
        host_config: Some(HostConfig {
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            pids_limit: Some(16),
            log_config: Some(no_log()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let id = engine.docker.create_container(Some(options), body).await?.id;
    engine.docker.start_container(&id, None).await?;
    Ok(Some(id))
}

fn no_log() -> HostConfigLogConfig {
    HostConfigLogConfig { typ: Some("none".to_owned()), config: None }
}

/// Gets a volume ready for the run's next attempt.
pub(crate) fn want_volume(engine: &Arc<Engine>, run: RunId) {
    let store = engine.supplies.of(run);
    let mut stock = lock(&store.stock);
    if stock.released || stock.volumes_in_the_making > 0 || !stock.volumes.is_empty() {
        return;
    }
    stock.volumes_in_the_making += 1;
    drop(stock);
    let (engine, keeper) = (engine.clone(), store.clone());
    store.makers.spawn(async move {
        let made = make_volume(&engine, &keeper, run).await;
        let mut stock = lock(&keeper.stock);
        stock.volumes_in_the_making -= 1;
        // A failure shows again, with its words, where the volume is needed.
        stock.volumes.extend(made.ok());
        drop(stock);
        keeper.changed.notify_waiters();
    });
}

/// A volume of its own for one attempt: the one that lies ready, or a new one.
pub(crate) async fn volume(
    engine: &Arc<Engine>,
    run: RunId,
    more_to_come: bool,
) -> Result<String, Error> {
    let store = engine.supplies.of(run);
    let ready = loop {
        let changed = store.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        {
            let mut stock = lock(&store.stock);
            if let Some(ready) = stock.volumes.pop() {
                break Some(ready);
            }
            if stock.volumes_in_the_making == 0 {
                break None;
            }
        }
        changed.await;
    };
    let volume = match ready {
        Some(ready) => ready,
        None => make_volume(engine, &store, run).await?,
    };
    if more_to_come {
        want_volume(engine, run);
    }
    Ok(volume)
}

/// The engine gives a new volume the content and the mode of the image's folder, so a container
/// that is never started makes one whose root anybody may write to.
async fn make_volume(
    engine: &Arc<Engine>,
    store: &Arc<Store>,
    run: RunId,
) -> Result<String, Error> {
    let supplies = &engine.supplies;
    let image = supplies.image(engine).await?;
    let volume = supplies.name(engine, run, Role::Volume);
    let marks = labels::of_run(engine.store, run, Role::Volume);
    let body = ContainerCreateBody {
        image: Some(image),
        cmd: Some(vec![holder::PROGRAM.to_owned()]),
        labels: Some(marks.clone()),
        host_config: Some(HostConfig {
            log_config: Some(no_log()),
            mounts: Some(vec![Mount {
                target: Some(crate::spec::PLACE.to_owned()),
                source: Some(volume.clone()),
                typ: Some(MountType::VOLUME),
                volume_options: Some(MountVolumeOptions {
                    labels: Some(marks),
                    ..MountVolumeOptions::default()
                }),
                ..Mount::default()
            }]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let carrier = engine.docker.create_container(None, body).await?.id;
    let docker = engine.docker.clone();
    store.makers.spawn(async move {
        let options = RemoveContainerOptionsBuilder::new().force(true).build();
        if let Err(error) = docker.remove_container(&carrier, Some(options)).await {
            tracing::debug!(error = %crate::remedy::chain(&error), "a volume's carrier stays");
        }
    });
    Ok(volume)
}
