use crate::{clock::TestClock, scheduler::Scripted};
use gofer_core::{
    definition::Pipeline,
    id::{AttemptId, Ids, InstanceId, RunId, StoreId},
    name::{NamespaceName, PipelineName, SecretName},
    run::{Key, Run, Stage, TaskState, Unit},
};
use gofer_engine::{Engine, Error, Options, Parts, Start, Vault};
use gofer_logs::{Body, End, MemoryDisk, More, Reader, Stream};
use gofer_objects::Objects;
use gofer_secrets::SecretText;
use gofer_store::{
    RunRow, StoredRun,
    memory::{Hooks, Later, World as Stored},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// What happens at a call of the store: its name, and whether it is before the call.
pub(crate) type StoreHook = Arc<
    dyn Fn(
            &'static str,
            bool,
        ) -> Pin<Box<dyn Future<Output = Result<(), gofer_store::Error>> + Send>>
        + Send
        + Sync,
>;

/// Everything that outlives an engine.
pub(crate) struct World {
    pub(crate) clock: TestClock,
    pub(crate) scheduler: Scripted,
    pub(crate) disk: MemoryDisk,
    pub(crate) objects: Objects,
    pub(crate) stored: Stored,
    pub(crate) vault: Arc<TestVault>,
    pub(crate) options: Mutex<Options>,
    pub(crate) knocks: Arc<Mutex<Vec<InstanceId>>>,
    hook: Arc<Mutex<Option<StoreHook>>>,
    ids: Arc<Counter>,
    instances: AtomicU64,
}

struct Counter(AtomicU64);

impl Ids for Counter {
    fn next(&self) -> uuid::Uuid {
        uuid::Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)) | (7 << 76))
    }
}

struct Hooked(Arc<Mutex<Option<StoreHook>>>);

impl Hooked {
    fn at(&self, what: &'static str, is_before: bool) -> Later<Result<(), gofer_store::Error>> {
        match self.0.lock().unwrap().clone() {
            Some(hook) => hook(what, is_before),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }
}

impl Hooks for Hooked {
    fn before(&self, _: InstanceId, what: &'static str) -> Later<Result<(), gofer_store::Error>> {
        self.at(what, true)
    }

    fn after(&self, _: InstanceId, what: &'static str) -> Later<()> {
        let later = self.at(what, false);
        Box::pin(async move { drop(later.await) })
    }
}

/// Seals by turning a text around. Can lose its key.
#[derive(Default)]
pub(crate) struct TestVault {
    pub(crate) is_lost: std::sync::atomic::AtomicBool,
}

impl Vault for TestVault {
    fn seal(&self, _: RunId, _: &SecretName, value: &SecretText) -> Result<Vec<u8>, String> {
        Ok(value.expose().bytes().rev().collect())
    }

    fn open(&self, _: RunId, _: &SecretName, sealed: &[u8]) -> Result<SecretText, String> {
        if self.is_lost.load(Ordering::SeqCst) {
            return Err("the key file is not there".to_owned());
        }
        let text = String::from_utf8(sealed.iter().rev().copied().collect());
        Ok(SecretText::new(text.unwrap()))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = TestClock::new();
        let hook = Arc::new(Mutex::new(None));
        let store = StoreId(uuid::Uuid::from_u128(1));
        Self {
            scheduler: Scripted::new(clock.clone()),
            clock,
            disk: MemoryDisk::new(),
            objects: Objects::in_memory(),
            stored: Stored::with_hooks(store, Arc::new(Hooked(Arc::clone(&hook)))),
            vault: Arc::default(),
            options: Mutex::default(),
            knocks: Arc::default(),
            hook,
            ids: Arc::new(Counter(AtomicU64::new(1_000))),
            instances: AtomicU64::new(1),
        }
    }

    pub(crate) fn set_store_hook(&self, hook: Option<StoreHook>) {
        *self.hook.lock().unwrap() = hook;
    }

    /// One life of a process: everything in it is dropped at its end, whatever it was about to do.
    pub(crate) fn live<T>(&self, life: impl AsyncFnOnce(Engine) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let (id, result) = runtime.block_on(async {
            self.clock.begin();
            let (id, engine) = self.engine();
            (
                id,
                tokio::time::timeout(Duration::from_secs(100_000), life(engine)).await,
            )
        });
        let entered = runtime.enter();
        self.clock.end();
        drop(entered);
        drop(runtime);
        self.stored.kill(id);
        result.expect("a life of more than a day hangs")
    }

    /// A second process beside the first.
    pub(crate) fn engine(&self) -> (InstanceId, Engine) {
        let number = self.instances.fetch_add(1, Ordering::SeqCst);
        let id = InstanceId(uuid::Uuid::from_u128(u128::from(number)));
        let knocks = Arc::clone(&self.knocks);
        let engine = Engine::new(Parts {
            store: Arc::new(self.stored.instance(id)),
            scheduler: Arc::new(self.scheduler.clone()),
            clock: Arc::new(self.clock.clone()),
            ids: Arc::clone(&self.ids) as Arc<dyn Ids>,
            logs: Arc::new(self.disk.clone()),
            objects: self.objects.clone(),
            vault: Arc::clone(&self.vault) as Arc<dyn Vault>,
            knock: Arc::new(move |owner| knocks.lock().unwrap().push(owner)),
            options: *self.options.lock().unwrap(),
        });
        (id, engine)
    }

    pub(crate) fn log(
        &self,
        run: RunId,
        task: &str,
        number: u32,
    ) -> (Vec<u8>, Option<End>, Vec<String>) {
        self.log_of(run, task, None, number)
    }

    /// Bytes of standard output, the end, and the reasons of holes.
    pub(crate) fn log_of(
        &self,
        run: RunId,
        task: &str,
        item: Option<u32>,
        number: u32,
    ) -> (Vec<u8>, Option<End>, Vec<String>) {
        let id = AttemptId {
            run,
            task: task.parse().unwrap(),
            item,
            number,
        };
        let mut reader = Reader::open(Arc::new(self.disk.clone()), &id);
        let (mut out, mut holes) = (Vec::new(), Vec::new());
        loop {
            match reader.read_more().unwrap() {
                More::Frames(frames) => {
                    for frame in frames {
                        match frame.body {
                            Body::Output {
                                stream: Stream::Stdout,
                                bytes,
                            } => out.extend(bytes),
                            Body::Hole(hole) => holes.push(hole.why),
                            _ => {}
                        }
                    }
                }
                More::Waiting => return (out, None, holes),
                More::Ended(end) => return (out, Some(end), holes),
            }
        }
    }
}

pub(crate) fn namespace() -> NamespaceName {
    "default".parse().unwrap()
}

pub(crate) fn etl() -> PipelineName {
    "etl".parse().unwrap()
}

/// A pipeline of these tasks, each with an image.
pub(crate) fn pipeline(tasks: &Value) -> Pipeline {
    document(json!({ "tasks": tasks }))
}

pub(crate) fn document(mut document: Value) -> Pipeline {
    document["name"] = json!("etl");
    for task in document["tasks"].as_object_mut().unwrap().values_mut() {
        if task.get("image").is_none() {
            task["image"] = json!("demo:1");
        }
        task["command"] = json!(["go"]);
    }
    serde_json::from_value(document).unwrap()
}

pub(crate) async fn start(engine: &Engine, pipeline: Pipeline) -> RunRow {
    start_with(engine, pipeline, &[]).await.unwrap()
}

pub(crate) async fn start_with(
    engine: &Engine,
    pipeline: Pipeline,
    secrets: &[(&str, &str)],
) -> Result<RunRow, Error> {
    let version = engine.apply(&namespace(), pipeline).await?;
    engine
        .start(Start {
            namespace: namespace(),
            pipeline: etl(),
            version: version.number,
            params: BTreeMap::new(),
            secrets: values(secrets),
            trigger: "manual".to_owned(),
            calls: BTreeMap::new(),
            mounts: Vec::new(),
            only: None,
            like: None,
        })
        .await
}

pub(crate) fn values(secrets: &[(&str, &str)]) -> Vec<(SecretName, SecretText)> {
    let value = |(name, value): &(&str, &str)| {
        (name.parse().unwrap(), SecretText::new((*value).to_owned()))
    };
    secrets.iter().map(value).collect()
}

pub(crate) async fn load(engine: &Engine, run: &RunRow) -> StoredRun {
    engine.store().load(run.id).await.unwrap()
}

/// Waits until a stored task is in a state.
pub(crate) async fn until(engine: &Engine, run: &RunRow, task: &str, state: TaskState) {
    for _ in 0..100_000 {
        if unit(&load(engine, run).await, task).state == state {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{task} never came to {state}");
}

pub(crate) fn unit(stored: &StoredRun, task: &str) -> Unit {
    let at = stored
        .tasks
        .iter()
        .position(|name| name.as_str() == task)
        .unwrap();
    stored.run.tasks[at].own.clone()
}

pub(crate) fn states(stored: &StoredRun) -> Vec<(String, &'static str)> {
    let tasks = stored.tasks.iter().zip(&stored.run.tasks);
    tasks
        .map(|(name, task)| (name.to_string(), task.own.state.as_str()))
        .collect()
}

pub(crate) fn key(task: &str) -> Key {
    Key {
        task: task.parse().unwrap(),
        item: None,
    }
}

/// Everything that must hold when a run is settled.
pub(crate) fn assert_settled(world: &World, run: &Run) {
    assert!(run.head.state.is_over(), "{:?}", run.head);
    let units = run
        .tasks
        .iter()
        .flat_map(|task| std::iter::once(&task.own).chain(&task.items));
    let mut kept = 0;
    for unit in units {
        let last = unit.attempts.last().map(|last| last.number);
        for attempt in &unit.attempts {
            // What failed last may be looked into.
            let may_stay = Some(attempt.number) == last && attempt.state.is_failure();
            match attempt.stage {
                Stage::Kept if may_stay => kept += 1,
                stage => assert_eq!(stage, Stage::Removed, "{attempt:?}"),
            }
        }
    }
    assert!(
        world.scheduler.holds() <= kept,
        "containers are left: {} besides {kept} that are kept",
        world.scheduler.holds()
    );
}
