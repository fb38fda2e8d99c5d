//! What all parts of the adapter share: the connection, whose store this is, and the tasks we own.

use crate::{
    files::Users,
    find::Endpoint,
    image::Known,
    labels, left,
    link::Link,
    machine::{self, Machine, Reach},
    made::Register,
    services::Followed,
    supplies::Supplies,
};
use bollard::{Docker, errors::Error as Raw, models::ContainerInspectResponse};
use gofer_core::{
    Clock, Timestamp,
    id::{AttemptId, Epoch, StoreId},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Whose engine it is: they speak one API and differ in what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brand {
    /// Docker's, or one that behaves like it.
    Docker,
    /// Podman's.
    Podman,
}

/// What may be set from outside.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most processes in one container.
    pub pids_limit: u32,
    /// The most sandboxes that one run holds; 0 gives every attempt a network of its own.
    pub sandboxes: usize,
    /// The folder in which the user's client keeps how it signs in to registries.
    pub docker_config: Option<PathBuf>,
    /// The file in which is kept what an engine says of its machine. Without it each process asks.
    pub machine: Option<PathBuf>,
    /// The folders of the engine's containers and volumes are used directly, if they are within reach: to
    /// furnish them before an attempt, and to read what it left. Otherwise the engine is asked.
    pub reads_directly: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pids_limit: 4096,
            sandboxes: 16,
            docker_config: None,
            machine: None,
            reads_directly: true,
        }
    }
}

/// The engine, and our side of it.
pub(crate) struct Engine {
    /// For calls that answer soon.
    pub(crate) docker: Docker,
    /// For those that answer when a container ends.
    pub(crate) patient: Docker,
    pub(crate) brand: Brand,
    pub(crate) endpoint: Endpoint,
    pub(crate) store: StoreId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Options,
    pub(crate) link: Arc<Link>,
    pub(crate) supplies: Supplies,
    pub(crate) made: Register,
    pub(crate) images: Known,
    pub(crate) users: Users,
    pub(crate) services: Followed,
    machine: OnceCell<Machine>,
    reach: Mutex<Reach>,
    pub(crate) tasks: TaskTracker,
    /// No more work is begun, and what waits stops waiting.
    pub(crate) closing: CancellationToken,
    live: Mutex<BTreeMap<AttemptId, Arc<Live>>>,
}

/// An attempt that somebody follows.
#[derive(Default)]
pub(crate) struct Live {
    /// We sent it a signal: what ends it from now on is not somebody else.
    asked: AtomicBool,
    /// Its container ended.
    pub(crate) ended: CancellationToken,
}

impl Live {
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Says whether it was asked before.
    pub(crate) fn ask(&self) -> bool {
        self.asked.swap(true, Ordering::SeqCst)
    }

    pub(crate) fn unask(&self) {
        self.asked.store(false, Ordering::SeqCst);
    }
}

/// What [`Engine::new`] needs.
pub(crate) struct Parts {
    pub(crate) docker: Docker,
    pub(crate) brand: Brand,
    pub(crate) endpoint: Endpoint,
    pub(crate) store: StoreId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Options,
    pub(crate) generation: Option<String>,
}

/// Long enough for any task: headers of a wait come with the exit on some engines.
const PATIENCE: Duration = Duration::from_hours(24 * 365);

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let nonce = format!(
            "{}.{}",
            std::process::id(),
            parts.clock.now().as_nanosecond()
        );
        let known = machine::known(&parts);
        Self {
            patient: parts.docker.clone().with_timeout(PATIENCE),
            docker: parts.docker,
            brand: parts.brand,
            endpoint: parts.endpoint,
            store: parts.store,
            clock: parts.clock,
            options: parts.options,
            link: Arc::new(Link::new(parts.generation)),
            supplies: Supplies::new(nonce),
            users: Users::default(),
            services: Followed::default(),
            made: Register::default(),
            images: Known::default(),
            machine: OnceCell::new_with(known.machine),
            reach: Mutex::new(known.reach),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            live: Mutex::default(),
        }
    }

    /// Asked once.
    pub(crate) async fn machine(&self) -> Result<&Machine, Raw> {
        let asking = async || {
            let machine = Machine::of(self).await?;
            self.keep(Some(&machine));
            Ok(machine)
        };
        self.machine.get_or_try_init(asking).await
    }

    fn keep(&self, machine: Option<&Machine>) {
        let known = machine::Known {
            machine: machine.cloned(),
            reach: *lock(&self.reach),
        };
        machine::keep(self, known);
    }

    /// As far as known, where the folders of its volumes are to be used at all.
    pub(crate) fn reach(&self) -> Reach {
        let may_be = self.brand == Brand::Docker && self.endpoint.is_local();
        if may_be && self.options.reads_directly {
            *lock(&self.reach)
        } else {
            Reach::Elsewhere
        }
    }

    /// Known from now on, and to the next process.
    pub(crate) fn reached(&self, reach: Reach) {
        if std::mem::replace(&mut *lock(&self.reach), reach) != reach {
            self.keep(self.machine.get());
        }
    }

    /// As far as known.
    pub(crate) fn cores(&self) -> usize {
        self.machine.get().map_or(1, |machine| machine.cores)
    }

    /// Looks at a container. While Podman cleans up behind one it calls it `stopped`, which is no
    /// state of this API: then it is looked at again.
    pub(crate) async fn inspect(&self, name: &str) -> Result<ContainerInspectResponse, Raw> {
        let mut looks = 0;
        loop {
            match self.docker.inspect_container(name, None).await {
                Err(error) if looks < MOST_LOOKS && is_cleaning_up(&error) => looks += 1,
                inspected => return inspected,
            }
            self.clock.sleep(CLEANING_UP).await;
        }
    }

    pub(crate) fn live(&self, id: &AttemptId) -> Arc<Live> {
        lock(&self.live).entry(id.clone()).or_default().clone()
    }

    /// Nobody follows this attempt any more.
    pub(crate) fn over(&self, id: &AttemptId) {
        if let Some(live) = lock(&self.live).remove(id) {
            live.ended.cancel();
        }
    }
}

/// Between two looks, and how many of them.
const CLEANING_UP: Duration = Duration::from_millis(50);
const MOST_LOOKS: usize = 100;

/// What it says in place of a container, or of all, cannot be read just now.
pub(crate) fn is_cleaning_up(error: &Raw) -> bool {
    matches!(error, Raw::JsonDataError { message, .. } if message.contains("`stopped`"))
}

/// A lock whose data is whole after every statement, so that a panic elsewhere spoils nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of a container as inspected, in our words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) state: State,
    pub(crate) code: Option<i32>,
    pub(crate) out_of_memory: bool,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) image: Option<String>,
    /// What it was made of.
    pub(crate) recipe: Option<String>,
    /// By which owner of the run.
    pub(crate) epoch: Option<Epoch>,
    /// Its `/gofer` is not among its own files.
    pub(crate) has_volume: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Created,
    Running,
    Paused,
    Ended,
}

impl Seen {
    pub(crate) fn of(inspected: &ContainerInspectResponse) -> Self {
        use bollard::models::ContainerStateStatusEnum as Status;
        let id = inspected.id.clone().unwrap_or_default();
        let Some(state) = &inspected.state else {
            return Self {
                id,
                ..Self::default()
            };
        };
        let time = |text: &Option<String>| {
            let time: Timestamp = text.as_ref()?.parse().ok()?;
            // Never: the engines say the year 1.
            (time > Timestamp::UNIX_EPOCH).then_some(time)
        };
        let config = inspected.config.as_ref();
        let labels = config.and_then(|config| config.labels.as_ref());
        Self {
            id,
            has_volume: left::has_volume(inspected),
            state: match state.status {
                Some(Status::CREATED) => State::Created,
                Some(Status::PAUSED) => State::Paused,
                Some(Status::RUNNING | Status::RESTARTING) => State::Running,
                _ => State::Ended,
            },
            code: state.exit_code.and_then(|code| i32::try_from(code).ok()),
            out_of_memory: state.oom_killed.unwrap_or(false),
            started: time(&state.started_at),
            finished: time(&state.finished_at),
            image: inspected.image.clone(),
            recipe: labels.and_then(|labels| labels.get(labels::RECIPE).cloned()),
            epoch: labels.and_then(labels::epoch),
        }
    }
}
