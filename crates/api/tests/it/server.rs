//! A server in this process, and the world it lives in.

use gofer_api::Authority;
use gofer_core::{
    Clock, Timestamp,
    clock::Moment,
    id::{AttemptId, Ids, InstanceId, RunId, StoreId},
    name::SecretName,
};
use gofer_engine::{Engine, Options, Parts, Vault};
use gofer_logs::MemoryDisk;
use gofer_objects::Objects;
use gofer_scheduler::fake::{Fake, Later, Machine, Program, World};
use gofer_sdk::{Client, types};
use gofer_secrets::SecretText;
use gofer_store::memory;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// What outlives a server: its store, its logs, its containers.
#[derive(Clone)]
pub(crate) struct Surroundings {
    stored: memory::World,
    disk: MemoryDisk,
    pub(crate) objects: Objects,
    machine: Machine,
    programs: Arc<Programs>,
    mines: Arc<Mines>,
    log_cap: Option<u64>,
}

/// Where the store blows up under the driver that calls it.
#[derive(Default)]
struct Mines(AtomicBool);

impl memory::Hooks for Mines {
    fn before(
        &self,
        _: InstanceId,
        operation: &'static str,
    ) -> memory::Later<Result<(), gofer_store::Error>> {
        let hit = operation == "commit" && self.0.load(Ordering::SeqCst);
        Box::pin(async move {
            assert!(!hit, "a mistake of ours");
            Ok(())
        })
    }
}

#[derive(Default)]
struct Programs {
    by_task: Mutex<BTreeMap<String, Program>>,
    /// The connection of a log breaks once.
    breaks: AtomicBool,
}

/// A server, its socket and a client of it.
pub(crate) struct TestServer {
    pub(crate) client: Client,
    pub(crate) engine: Engine,
    pub(crate) instance: InstanceId,
    surroundings: Surroundings,
    folder: tempfile::TempDir,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Surroundings {
    pub(crate) fn new() -> Self {
        let programs = Arc::new(Programs::default());
        let mines = Arc::new(Mines::default());
        Self {
            stored: memory::World::with_hooks(
                StoreId(id()),
                Arc::clone(&mines) as Arc<dyn memory::Hooks>,
            ),
            mines,
            disk: MemoryDisk::new(),
            objects: Objects::in_memory(),
            machine: Machine::new(Arc::clone(&programs) as Arc<dyn World>),
            programs,
            log_cap: None,
        }
    }

    /// What the containers of this task do.
    pub(crate) fn program(&self, task: &str, program: Program) {
        self.programs
            .by_task
            .lock()
            .unwrap()
            .insert(task.to_owned(), program);
    }

    /// The next log that is read breaks once.
    pub(crate) fn break_a_log(&self) {
        self.programs.breaks.store(true, Ordering::SeqCst);
    }

    /// Of each log that begins from now on, so much is kept.
    pub(crate) fn cap_logs(&mut self, cap: u64) {
        self.log_cap = Some(cap);
    }

    /// From now on whoever drives a run fails.
    pub(crate) fn mine_the_store(&self) {
        self.mines.0.store(true, Ordering::SeqCst);
    }

    /// A server in these surroundings that answers this process.
    pub(crate) fn server(&self) -> TestServer {
        self.server_for(rustix::process::geteuid().as_raw())
    }

    /// A server in these surroundings that answers this user.
    pub(crate) fn server_for(&self, uid: u32) -> TestServer {
        let instance = InstanceId(id());
        let store = self.stored.instance(instance);
        let engine = Engine::new(Parts {
            scheduler: Arc::new(Fake::new(
                self.machine.clone(),
                gofer_store::Store::id(&store),
            )),
            store: Arc::new(store),
            clock: Arc::new(Now(started())),
            ids: Arc::new(Fresh),
            logs: Arc::new(self.disk.clone()),
            objects: self.objects.clone(),
            vault: Arc::new(Clear),
            knock: Arc::new(|_| {}),
            options: Options {
                log_cap: self.log_cap,
                ..Options::default()
            },
        });
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        let authority = Authority::PeerUid {
            uid,
            name: "somebody".into(),
        };
        tasks.spawn(gofer_api::serve(
            listener,
            engine.clone(),
            authority,
            shutdown.clone(),
        ));
        TestServer {
            client: Client::unix(socket),
            engine,
            instance,
            surroundings: self.clone(),
            folder,
            shutdown,
            tasks,
        }
    }
}

impl TestServer {
    pub(crate) fn new() -> Self {
        Surroundings::new().server()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub(crate) fn program(&self, task: &str, program: Program) {
        self.surroundings.program(task, program);
    }

    /// Applies a pipeline of these tasks and starts a run of it.
    pub(crate) async fn start(&self, tasks: Value) -> types::Run {
        self.start_of(json!({"name": "etl", "tasks": tasks})).await
    }

    pub(crate) async fn start_of(&self, document: Value) -> types::Run {
        let version = self
            .client
            .apply("default", "etl", &document)
            .await
            .unwrap();
        let start = types::StartRun {
            version: version.number,
            ..types::StartRun::default()
        };
        self.client
            .start_run("default", "etl", &start)
            .await
            .unwrap()
    }

    /// Ends it as a process does that is told to: containers go on.
    pub(crate) async fn stop(self) {
        self.engine.drain().await;
        self.shutdown.cancel();
        self.tasks.close();
        let stopped = tokio::time::timeout(Duration::from_secs(5), self.tasks.wait()).await;
        stopped.expect("the server does not end");
        self.surroundings.stored.kill(self.instance);
    }
}

/// A container task.
pub(crate) fn task() -> Value {
    json!({"image": "demo:1", "command": ["go"]})
}

/// A program that takes so many milliseconds and writes these bytes at its beginning.
pub(crate) fn program(takes: u64, log: &[u8]) -> Program {
    Program {
        takes: Duration::from_millis(takes),
        log: vec![(
            Duration::ZERO,
            gofer_scheduler::Stream::Stdout,
            log.to_vec(),
        )],
        ..Program::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "the world of a test")]
fn id() -> Uuid {
    Uuid::now_v7()
}

#[expect(clippy::disallowed_methods, reason = "the world of a test")]
fn started() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the world of a test")]
fn now() -> Timestamp {
    Timestamp::now()
}

struct Now(Instant);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        now()
    }

    fn moment(&self) -> Moment {
        Moment(self.0.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}

struct Fresh;

impl Ids for Fresh {
    fn next(&self) -> Uuid {
        id()
    }
}

/// Seals nothing: what is tested here never reads a store.
struct Clear;

impl Vault for Clear {
    fn seal(&self, _: RunId, _: &SecretName, value: &SecretText) -> Result<Vec<u8>, String> {
        Ok(value.expose().as_bytes().to_vec())
    }

    fn open(&self, _: RunId, _: &SecretName, sealed: &[u8]) -> Result<SecretText, String> {
        String::from_utf8(sealed.to_vec())
            .map(SecretText::new)
            .map_err(|error| error.to_string())
    }
}

impl World for Programs {
    fn now(&self) -> Timestamp {
        now()
    }

    fn pause(&self, _: &'static str) -> Later<()> {
        Box::pin(std::future::ready(()))
    }

    fn until(&self, at: Timestamp) -> Later<()> {
        let wait = at
            .duration_since(now())
            .try_into()
            .unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep(wait))
    }

    fn mishap(&self, kind: &'static str) -> bool {
        kind == "log_broken" && self.breaks.swap(false, Ordering::SeqCst)
    }

    fn program(&self, attempt: &AttemptId) -> Program {
        let programs = self.by_task.lock().unwrap();
        let usual = Program {
            takes: Duration::from_millis(5),
            ..Program::default()
        };
        programs
            .get(attempt.task.as_str())
            .cloned()
            .unwrap_or(usual)
    }
}

/// Waits until it holds.
pub(crate) async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looked = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    looked.await.expect("it never came to hold")
}

/// Fails the test if it takes long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it takes too long")
}

/// The folder, for paths that are no sockets.
pub(crate) fn nowhere() -> &'static Path {
    Path::new("/nonexistent/s")
}
