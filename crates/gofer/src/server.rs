//! The server of one project, in this process: store, engine and API put together.

use crate::{
    choices,
    clock::SystemClock,
    data_dir::DataDir,
    engine_link::EngineLink,
    ids::RandomIds,
    sockets::{Bound, Files, Sockets},
    vault::KeyFile,
};
use gofer_api::Authority;
use gofer_cli::Refused;
use gofer_core::{
    Clock,
    id::{Ids, InstanceId, StoreId},
};
use gofer_engine::{Engine, Options, Parts};
use gofer_logs::{Disk, FsDisk, MemoryDisk};
use gofer_objects::Objects;
use gofer_scheduler::Scheduler;
use gofer_sdk::Client;
use gofer_store::{Store, memory};
use gofer_store_sqlite::{OpenError, SqliteStore};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{net::UnixDatagram, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A process that could end waits no longer for what others left behind.
const LONGEST_SWEEP: Duration = Duration::from_secs(5);

/// Nothing may ever start here.
const LATEST_SWEEP: Duration = Duration::from_secs(2);
/// A task that does next to nothing has ended by then.
const AFTER_START: Duration = Duration::from_millis(40);

/// A running server.
pub(crate) struct Server {
    engine: Engine,
    link: Arc<EngineLink>,
    client: Client,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    sweeping: TaskTracker,
    closing: CancellationToken,
    is_empty: bool,
    _files: Files,
}

/// Where a server keeps what it knows.
struct Storage {
    store: Arc<dyn Store>,
    logs: Arc<dyn Disk>,
    objects: Objects,
    is_empty: bool,
}

impl Server {
    /// On a data directory, which is made if it is not there.
    pub(crate) async fn open(data: &DataDir) -> Result<Self, Refused> {
        Self::on(data, kept(data).await?)
    }

    /// On a data directory if there is one, and else on nothing: a look at no runs makes none.
    pub(crate) async fn look(data: &DataDir) -> Result<Self, Refused> {
        if SqliteStore::is_in(data.path()) {
            return Self::open(data).await;
        }
        let (store, instance) = (StoreId(RandomIds.next()), InstanceId(RandomIds.next()));
        let store = Arc::new(memory::World::new(store).instance(instance));
        Self::on(
            data,
            Storage {
                store,
                logs: Arc::new(MemoryDisk::new()),
                objects: Objects::in_memory(),
                is_empty: true,
            },
        )
    }

    fn on(data: &DataDir, storage: Storage) -> Result<Self, Refused> {
        let uid = rustix::process::geteuid().as_raw();
        let instance = storage.store.instance();
        let runtime = std::env::var_os("XDG_RUNTIME_DIR");
        let sockets = Sockets::new(data.path(), runtime.as_deref().map(Path::new), uid);
        let folders = if storage.is_empty {
            sockets.elsewhere()
        } else {
            sockets.clone()
        };
        let bound = folders
            .bind(instance, uid)
            .map_err(|error| no_socket(&error))?;
        let Bound {
            api,
            knocks,
            path,
            files,
        } = bound;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let link = link(data, &storage, Arc::clone(&clock))?;
        let engine = Engine::new(Parts {
            store: storage.store,
            scheduler: Arc::clone(&link) as Arc<dyn Scheduler>,
            clock,
            ids: Arc::new(RandomIds),
            logs: storage.logs,
            objects: storage.objects,
            vault: Arc::new(KeyFile::new(data.keys())),
            knock: Arc::new(move |owner| sockets.knock(owner)),
            options: Options {
                keep: choices::keep()?,
                log_cap: choices::log_cap()?,
                ..Options::default()
            },
        });
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let authority = Authority::PeerUid {
            uid,
            name: user_name(uid),
        };
        let serving = gofer_api::serve(api, engine.clone(), authority, shutdown.clone());
        tasks.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the private socket failed");
            }
        });
        tasks.spawn(hear_knocks(knocks, engine.clone(), shutdown.clone()));
        let client = Client::unix(path);
        let is_empty = storage.is_empty;
        Ok(Self {
            engine,
            link,
            client,
            shutdown,
            tasks,
            sweeping: TaskTracker::new(),
            closing: CancellationToken::new(),
            is_empty,
            _files: files,
        })
    }

    /// A client of it.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// It only shows that there is nothing; it can drive nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The container engine.
    pub(crate) fn link(&self) -> &EngineLink {
        &self.link
    }

    /// Takes away, beside all else, what dead processes left of runs that are over. What is to
    /// start goes first, and what ends at once.
    pub(crate) fn sweep(&self) {
        let (engine, closing) = (self.engine.clone(), self.closing.clone());
        self.sweeping.spawn(async move {
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                () = async { engine.begun().await; tokio::time::sleep(AFTER_START).await } => {}
                () = tokio::time::sleep(LATEST_SWEEP) => {}
            }
            match engine.sweep().await {
                Ok(rest) => {
                    for run in rest {
                        engine.gone(run).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "what is left of earlier runs stays for now"),
            }
        });
    }

    /// Waits until it drives nothing, without a reason to leave anything undone.
    pub(crate) async fn settle(&self) {
        self.engine.settled().await;
    }

    /// Ends it. Containers go on.
    pub(crate) async fn close(self) {
        self.closing.cancel();
        self.sweeping.close();
        if timeout(LONGEST_SWEEP, self.sweeping.wait()).await.is_err() {
            tracing::warn!("what is left of earlier runs stays for now: no time is left for it");
        }
        self.engine.drain().await;
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.link.close().await;
        // All is written, and the process ends, or had nothing stored. To close the store's connections
        // one by one before that takes a millisecond and gives nothing.
        std::mem::forget(Arc::clone(self.engine.store()));
    }
}

/// The container engine, for the containers of this store.
fn link(
    data: &DataDir,
    storage: &Storage,
    clock: Arc<dyn Clock>,
) -> Result<Arc<EngineLink>, Refused> {
    let options = gofer_scheduler_docker::Options {
        machine: (!storage.is_empty).then(|| data.machine()),
        reads_directly: choices::reads_directly()?,
        ..gofer_scheduler_docker::Options::default()
    };
    let link = EngineLink::new(storage.store.id(), clock, options);
    Ok(Arc::new(link))
}

async fn kept(data: &DataDir) -> Result<Storage, Refused> {
    data.make()?;
    let path = data.path().to_owned();
    // It waits for a lock when another process opens the same one.
    let opened = tokio::task::spawn_blocking(move || {
        SqliteStore::open(&path, &RandomIds, &gofer_store_sqlite::Options::default())
    });
    let opened = opened
        .await
        .map_err(|error| refused(error.to_string(), false))?;
    let store = opened.map_err(|error| {
        let denied = |source: &io::Error| source.kind() == io::ErrorKind::PermissionDenied;
        let not_allowed = matches!(&error, OpenError::Directory { source, .. } if denied(source));
        refused(error.to_string(), not_allowed)
    })?;
    let logs = Arc::new(FsDisk::new(data.logs()));
    let objects = match std::env::var("GOFER_OBJECTS") {
        Ok(place) if !place.is_empty() => Objects::in_bucket(&place, variables()),
        _ => Objects::in_folder(&data.objects()),
    };
    let objects = objects.map_err(|error| refused(error.to_string(), false))?;
    Ok(Storage {
        store: Arc::new(store),
        logs,
        objects,
        is_empty: false,
    })
}

/// The environment, as far as it is text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

async fn hear_knocks(knocks: UnixDatagram, engine: Engine, shutdown: CancellationToken) {
    let mut buffer = [0; 8];
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            heard = knocks.recv(&mut buffer) => match heard {
                Ok(_) => engine.knocked(),
                Err(error) => {
                    tracing::warn!(%error, "knocks are not heard any more");
                    return;
                }
            },
        }
    }
}

fn user_name(uid: u32) -> String {
    let named = ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format!("user {uid}"))
}

fn no_socket(error: &io::Error) -> Refused {
    Refused {
        message: format!("no private socket can be made: {error}"),
        remedy: Some("set GOFER_DATA_DIR to a folder with a short path".into()),
        not_allowed: false,
    }
}

fn refused(message: String, not_allowed: bool) -> Refused {
    Refused {
        message,
        remedy: None,
        not_allowed,
    }
}
