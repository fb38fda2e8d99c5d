//! One process: a runtime, an engine, and what the person who started it wants.

use super::{look::Look, seat::Seat, world::World};
use gofer_core::{
    clock::Clock as _,
    definition::Pipeline,
    id::{InstanceId, RunId},
    name::{NamespaceName, SecretName},
};
use gofer_engine::{Engine, Error, Resumed, Start, Vault};
use gofer_secrets::SecretText;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};

pub(crate) type Going<T> = Pin<Box<dyn Future<Output = T>>>;

/// A run that somebody wants.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) pipeline: Pipeline,
    /// What it may call.
    pub(crate) called: Vec<Pipeline>,
    /// Names it in the store.
    pub(crate) trigger: String,
}

pub(crate) struct Process {
    pub(crate) instance: InstanceId,
    pub(crate) engine: Engine,
    goal: Going<Result<(), String>>,
    others: Vec<Going<()>>,
    pub(crate) is_suspended: bool,
    /// It was asked to end, and is started again.
    pub(crate) is_draining: bool,
    // Dropped last: what the futures above hold lives in it.
    runtime: Runtime,
}

pub(crate) enum Turn {
    GoesOn,
    Done,
    Crashed,
    Failed(String),
}

impl Process {
    pub(crate) fn new(
        instance: InstanceId,
        engine: Engine,
        goal: Going<Result<(), String>>,
    ) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().event_interval(1_024).build();
        Ok(Self {
            instance,
            engine,
            goal,
            others: Vec::new(),
            is_suspended: false,
            is_draining: false,
            runtime: runtime.map_err(|error| error.to_string())?,
        })
    }

    pub(crate) fn also(&mut self, other: Going<()>) {
        self.others.push(other);
    }

    /// Ends it as a person's last Ctrl-C does.
    pub(crate) fn drain(&mut self) {
        let engine = self.engine.clone();
        self.is_draining = true;
        self.goal = Box::pin(async move {
            engine.drain().await;
            Ok(())
        });
    }

    /// Lets it do whatever it can do at this moment.
    pub(crate) fn turn(&mut self, world: &World) -> Turn {
        let Self {
            runtime,
            goal,
            others,
            ..
        } = self;
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let ended = runtime.block_on(async {
            let mut rounds = 0;
            while rounds < 2 || woken.0.swap(false, Ordering::Relaxed) {
                rounds += 1;
                let mut context = Context::from_waker(&waker);
                if let Poll::Ready(result) = goal.as_mut().poll(&mut context) {
                    return Some(result);
                }
                others.retain_mut(|other| other.as_mut().poll(&mut context).is_pending());
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
            }
            None
        });
        match (world.crashed(self.instance), ended) {
            (Some(_), _) => Turn::Crashed,
            (None, Some(Err(why))) => Turn::Failed(why),
            (None, Some(Ok(()))) => Turn::Done,
            (None, None) => Turn::GoesOn,
        }
    }
}

/// Somebody may go on who was polled in this turn.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Goes on with whatever is unfinished, has its wishes fulfilled, and stays until nothing is left
/// to do.
pub(crate) async fn live(
    engine: Engine,
    seat: Seat,
    look: Arc<Look>,
    pipelines: Vec<Pipeline>,
    mut wishes: Vec<Wish>,
) -> Result<(), String> {
    let namespace: NamespaceName = "default".parse().map_err(|_| "no namespace")?;
    while engine.sweep().await.is_err() {
        seat.sleep(Duration::from_secs(1)).await;
    }
    loop {
        let mut is_idle = true;
        for pipeline in &pipelines {
            match engine.resume(&namespace, &pipeline.name, Vec::new()).await {
                Ok(Resumed::Nothing) => {}
                Ok(_) | Err(Error::Store(_)) => is_idle = false,
                Err(error) => return Err(format!("it does not resume: {error}")),
            }
        }
        // A run that was accepted without our hearing of it is not asked for again.
        wishes.retain(|wish| {
            look.rows()
                .iter()
                .all(|row| row.origin.trigger != wish.trigger)
        });
        for wish in &wishes {
            match ask(&engine, &namespace, wish).await {
                Ok(()) | Err(Error::Store(_)) => is_idle = false,
                Err(error) => return Err(format!("it does not start: {error}")),
            }
        }
        engine.settled().await;
        if is_idle {
            return Ok(());
        }
        seat.sleep(Duration::from_secs(2)).await;
    }
}

async fn ask(engine: &Engine, namespace: &NamespaceName, wish: &Wish) -> Result<(), Error> {
    let version = engine.apply(namespace, wish.pipeline.clone()).await?.number;
    let mut calls = BTreeMap::new();
    for called in &wish.called {
        let version = engine.apply(namespace, called.clone()).await?.number;
        calls.insert(called.name.clone(), version);
    }
    let start = Start {
        namespace: namespace.clone(),
        pipeline: wish.pipeline.name.clone(),
        version,
        params: BTreeMap::new(),
        secrets: Vec::new(),
        trigger: wish.trigger.clone(),
        mounts: Vec::new(),
        only: None,
        like: None,
        calls,
    };
    engine.start(start).await?;
    Ok(())
}

/// The simulated pipelines have no secrets.
pub(crate) struct NoVault;

impl Vault for NoVault {
    fn seal(&self, _: RunId, name: &SecretName, _: &SecretText) -> Result<Vec<u8>, String> {
        Err(format!("{name} is not expected"))
    }

    fn open(&self, _: RunId, name: &SecretName, _: &[u8]) -> Result<SecretText, String> {
        Err(format!("{name} is not expected"))
    }
}
