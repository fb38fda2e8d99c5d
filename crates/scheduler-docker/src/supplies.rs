//! What a run's attempts find ready: networks held open by a sandbox, and volumes that anybody may
//! write to. Both belong to one run, are made off the critical path, and go with the run.

mod sandbox;
mod volume;

pub(crate) use sandbox::{Home, Lease, holding, home, home_behind, make_sandboxes};
pub(crate) use volume::{volume, want_volume};

use crate::{
    engine::{Engine, lock},
    holder, labels,
};
use bollard::{errors::Error, models::HostConfigLogConfig};
use gofer_core::id::{AttemptId, RunId};
use gofer_scheduler::Role;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Notify, OnceCell, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) struct Supplies {
    nonce: String,
    next: AtomicU64,
    image: OnceCell<String>,
    runs: Mutex<BTreeMap<RunId, Arc<Shelf>>>,
}

/// One run's.
#[derive(Default)]
struct Shelf {
    stock: Mutex<Stock>,
    changed: Notify,
    makers: TaskTracker,
    /// Nothing is put off any longer.
    released: CancellationToken,
}

#[derive(Default)]
struct Stock {
    sandboxes: Vec<String>,
    /// Those in use, by whom.
    used: BTreeMap<AttemptId, String>,
    /// Those in use, for whom after that.
    promised: BTreeMap<String, oneshot::Sender<Lease>>,
    /// The one that is there and does not run yet.
    coming: Option<String>,
    /// How many there are, those in use included.
    made: usize,
    /// How many there are to be.
    wanted: usize,
    is_making: bool,
    volumes: Vec<String>,
    volumes_in_the_making: usize,
    /// Counts engine restarts: what was made before is gone.
    era: u64,
    released: bool,
    /// Everything that was made for the run and is not known to be gone.
    held: Held,
    /// There may be something of the run that is written down nowhere here.
    is_unclear: bool,
}

/// What was made for a run, by the engine's ids.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) containers: BTreeSet<String>,
    pub(crate) volumes: BTreeSet<String>,
}

impl Supplies {
    pub(crate) fn new(nonce: String) -> Self {
        Self {
            nonce,
            next: AtomicU64::new(0),
            image: OnceCell::new(),
            runs: Mutex::default(),
        }
    }

    fn of(&self, run: RunId) -> Arc<Shelf> {
        lock(&self.runs).entry(run).or_default().clone()
    }

    /// The engine was started anew: no sandbox runs any more.
    pub(crate) fn forget(&self) {
        for shelf in lock(&self.runs).values() {
            let mut stock = lock(&shelf.stock);
            stock.sandboxes.clear();
            stock.promised.clear();
            stock.coming = None;
            stock.made = 0;
            stock.era += 1;
        }
    }

    /// This process makes or holds something for the run.
    pub(crate) fn has(&self, run: RunId) -> bool {
        lock(&self.runs).contains_key(&run)
    }

    /// Something of the run may be there that this process did not make, or does not know it made.
    pub(crate) fn unclear(&self, run: RunId) {
        lock(&self.of(run).stock).is_unclear = true;
    }

    /// A volume of the run is gone.
    pub(crate) fn gone(&self, run: RunId, volume: &str) {
        if let Some(shelf) = lock(&self.runs).get(&run) {
            lock(&shelf.stock).held.volumes.remove(volume);
        }
    }

    /// Stops making things for a run, and waits until what is being made is there to be removed.
    /// `None`: what is there has to be looked for.
    pub(crate) async fn release(&self, run: RunId) -> Option<Held> {
        let shelf = lock(&self.runs).remove(&run)?;
        lock(&shelf.stock).released = true;
        shelf.released.cancel();
        shelf.makers.close();
        shelf.makers.wait().await;
        let mut stock = lock(&shelf.stock);
        (!stock.is_unclear).then(|| std::mem::take(&mut stock.held))
    }

    /// Waits until nothing is being made any more.
    pub(crate) async fn close(&self) {
        let all: Vec<_> = lock(&self.runs).values().cloned().collect();
        for shelf in all {
            lock(&shelf.stock).released = true;
            shelf.released.cancel();
            shelf.makers.close();
            shelf.makers.wait().await;
        }
    }

    fn name(&self, engine: &Engine, run: RunId, role: Role) -> String {
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        labels::run_name(engine.store, run, role, &self.nonce, nth)
    }

    pub(crate) async fn image(&self, engine: &Engine) -> Result<String, Error> {
        let making = async || {
            let architecture = &engine.machine().await?.architecture;
            holder::ensure(&engine.docker, architecture).await
        };
        self.image.get_or_try_init(making).await.cloned()
    }
}

pub(crate) fn no_log() -> HostConfigLogConfig {
    HostConfigLogConfig {
        typ: Some("none".to_owned()),
        config: None,
    }
}
