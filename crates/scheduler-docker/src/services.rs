//! Containers beside a task's: they share a sandbox with it that nobody else has, are ready before
//! it starts, and end with it.
//!
//! The sandbox is made first, and everything else while it starts: an engine takes a container that
//! is to join one which does not run yet. Whether a port accepts connections the sandbox's own
//! program says, from within.

mod end;
mod follow;
mod make;
mod ready;
mod sandbox;
mod tail;

pub(crate) use end::{remove, stop_soon};

use self::{
    follow::{Ended, Follower},
    make::Made,
    sandbox::{Open, Shared},
    tail::Tail,
};
use crate::{
    engine::{Engine, Seen, lock},
    labels,
    remedy::{self, Kind},
    sink::{Sink, Source},
};
use bollard::models::ContainerInspectResponse;
use gofer_core::{id::AttemptId, name::ServiceName, run::Reason};
use gofer_scheduler::{Attempt, Ensure, Fact, LogEvent, StartError};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;

/// What is under way for the services of attempts: they are not removed under it.
#[derive(Default)]
pub(crate) struct Followed(Mutex<BTreeMap<AttemptId, UnderWay>>);

#[derive(Clone, Default)]
struct UnderWay {
    /// Those who read logs.
    reading: TaskTracker,
    /// Those who have services end. An engine sends a signal for each.
    ending: TaskTracker,
    asked: bool,
}

impl Followed {
    /// Whether this process knows of services of an attempt.
    pub(crate) fn has_any(&self, id: &AttemptId) -> bool {
        lock(&self.0).contains_key(id)
    }

    fn reading(&self, id: &AttemptId) -> TaskTracker {
        let mut all = lock(&self.0);
        all.entry(id.clone()).or_default().reading.clone()
    }

    /// `None`: they were asked before.
    fn ask(&self, id: &AttemptId) -> Option<TaskTracker> {
        let mut all = lock(&self.0);
        let under_way = all.entry(id.clone()).or_default();
        let first = !std::mem::replace(&mut under_way.asked, true);
        first.then(|| under_way.ending.clone())
    }
}

/// Where the logs of services go.
type Logs = Vec<(ServiceName, mpsc::Sender<LogEvent>)>;

/// A service that somebody follows.
pub(crate) struct One {
    name: ServiceName,
    /// The engine's name for it.
    container: String,
    tail: Arc<Mutex<Tail>>,
    ended: watch::Receiver<Option<Ended>>,
}

/// The names that the engine knows an attempt's services by.
pub(crate) fn names(engine: &Engine, id: &AttemptId, attempt: &Attempt) -> Vec<String> {
    let services = attempt.services.iter();
    services
        .map(|service| labels::service_name(engine.store, id, &service.name))
        .collect()
}

/// The services of one attempt, and the sandbox that it shares with them.
pub(crate) struct Crew<'a> {
    engine: &'a Arc<Engine>,
    request: &'a Ensure,
    shared: Shared,
    open: Open,
    made: Mutex<Vec<Made<'a>>>,
}

impl<'a> Crew<'a> {
    /// Makes them, and starts the sandbox meanwhile.
    pub(crate) async fn new(
        engine: &'a Arc<Engine>,
        request: &'a Ensure,
    ) -> Result<Self, StartError> {
        let shared = sandbox::make(engine, request).await?;
        let (open, made) = tokio::join!(
            sandbox::start(engine, &shared),
            make::create(engine, request, &shared)
        );
        Ok(Self {
            engine,
            request,
            open: open?,
            made: Mutex::new(made?),
            shared,
        })
    }

    /// What the attempt's own container is to join.
    pub(crate) fn holder(&self) -> &str {
        &self.shared.id
    }

    /// Starts those that were not started before.
    pub(crate) async fn start(&self, logs: Logs) -> Result<Vec<One>, StartError> {
        let mut logs: BTreeMap<_, _> = logs.into_iter().collect();
        let made = std::mem::take(&mut *lock(&self.made));
        let starting = made.into_iter().map(|made| {
            let log = logs.remove(&made.service.name);
            make::start(self.engine, &self.request.id, made, log)
        });
        // Each to its end: a start that is left alone may happen all the same.
        let started = futures_util::future::join_all(starting).await;
        started.into_iter().collect()
    }

    /// Completes when all are ready.
    pub(crate) async fn ready(&self, services: &[One]) -> Result<(), StartError> {
        ready::all(self.engine, self.request, services, &self.open).await
    }
}

/// Goes on with the logs of services whose task was started before.
pub(crate) fn take_up(engine: &Arc<Engine>, request: &mut Ensure) {
    for (name, log) in std::mem::take(&mut request.service_logs) {
        let container = labels::service_name(engine.store, &request.id, &name);
        // What it says of the end interests nobody.
        drop(follow(
            engine,
            &request.id,
            (name, container),
            Some(log),
            None,
        ));
    }
}

/// Reads a service's log from its pipes, or from the engine's record.
fn follow(
    engine: &Arc<Engine>,
    id: &AttemptId,
    (name, container): (ServiceName, String),
    log: Option<mpsc::Sender<LogEvent>>,
    pipes: Option<Source>,
) -> One {
    // One that nobody reads is read all the same: its last lines may be wanted.
    let log = log.unwrap_or_else(|| mpsc::channel(1).0);
    let (to, ended) = watch::channel(None);
    let tail = Arc::<Mutex<Tail>>::default();
    let follower = Follower {
        ear: engine.link.listen(&container),
        sink: Sink::to(engine.brand, log),
        engine: engine.clone(),
        container: container.clone(),
        tail: tail.clone(),
    };
    let following = engine
        .services
        .reading(id)
        .track_future(follower.follow(pipes, to));
    engine.tasks.spawn(following);
    One {
        name,
        container,
        tail,
        ended,
    }
}

/// A container of ours by its name, after a look at its labels.
async fn existing(
    engine: &Engine,
    id: &AttemptId,
    name: &str,
) -> Result<Option<(Seen, ContainerInspectResponse)>, StartError> {
    let inspected = match engine.inspect(name).await {
        Ok(inspected) => inspected,
        Err(error) => match remedy::kind(error) {
            Kind::Said(404, _) => return Ok(None),
            Kind::Said(_, words) => return Err(remedy::failed(Reason::EngineError, words)),
            Kind::Away(words) => return Err(StartError::Away(remedy::away(&words))),
        },
    };
    let config = inspected.config.as_ref();
    let marks = config.and_then(|config| config.labels.as_ref());
    let ours = marks.and_then(|marks| labels::read(marks, engine.store, name, false));
    if ours.and_then(|ours| ours.attempt).as_ref() == Some(id) {
        return Ok(Some((Seen::of(&inspected), inspected)));
    }
    let text = format!("a container named {name} is there and is not Gofer's; rename or remove it");
    Err(remedy::failed(Reason::EngineError, text))
}

/// The same error, said of a service.
fn of_service(name: &ServiceName, error: StartError) -> StartError {
    match error {
        StartError::Failed {
            reason,
            message,
            never_again,
        } => StartError::Failed {
            reason,
            message: format!("service {name}: {message}"),
            never_again,
        },
        other => other,
    }
}

fn marks<'a>(engine: &Engine, request: &'a Ensure) -> labels::Marks<'a> {
    labels::Marks {
        store: engine.store,
        id: &request.id,
        epoch: request.epoch,
        pipeline: &request.pipeline,
        number: request.number,
        chosen: &request.attempt.labels,
    }
}

fn tell(request: &Ensure, fact: Fact) {
    // The driver may have ended: what is true is found again by the next one.
    let _ = request.facts.send(fact);
}
