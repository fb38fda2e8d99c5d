//! One attempt: its container is made to exist, its log is kept, its end and its outputs are
//! reported to the driver. It ends with exactly one [`Event::Ended`], or without one if the run is
//! not driven any more.

mod artifacts;
mod begun;
mod facts;
mod inputs;
mod permit;
mod services;
pub(crate) mod spec;
mod start;

pub(crate) use begun::{Prepared, Start};

use crate::{context::Context, log::Keeper, outputs, pauses::Pauses, rush::Hurry};
use begun::Begun;
use facts::Facts;
use gofer_core::{
    container,
    id::AttemptId,
    name::OutputKey,
    run::{Ending, Event, Key, Stage},
};
use gofer_scheduler::Error;
use permit::Given;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What a driver orders.
pub(crate) struct Order {
    pub(crate) key: Key,
    pub(crate) number: u32,
    pub(crate) stage: Stage,
    /// The container that was.
    pub(crate) permitted: Option<String>,
    pub(crate) more_to_come: bool,
    pub(crate) container: container::Attempt,
    pub(crate) ahead: Option<Prepared>,
}

/// The driver's end of an attempt.
pub(crate) struct Handle {
    stop: watch::Sender<Option<Duration>>,
}

impl Handle {
    /// Has the container stopped, or never started. Can be said again with another grace.
    pub(crate) fn stop(&self, grace: Duration) {
        self.stop.send_replace(Some(grace));
    }
}

pub(crate) struct Attempt {
    context: Arc<Context>,
    order: Order,
    id: AttemptId,
    stop: watch::Receiver<Option<Duration>>,
    given: Arc<Given>,
    /// It has not been started yet.
    hurry: Option<Hurry>,
}

type Outputs = Result<BTreeMap<OutputKey, String>, String>;

/// What it hands on.
struct Left {
    outputs: Outputs,
    artifacts: artifacts::Kept,
}

impl Left {
    fn nothing() -> Self {
        Self {
            outputs: Ok(BTreeMap::new()),
            artifacts: Ok(None),
        }
    }
}

impl Attempt {
    pub(crate) fn new(context: Arc<Context>, order: Order) -> (Self, Handle) {
        let (sender, stop) = watch::channel(None);
        let id = context.id(&order.key, order.number);
        let given = Given::before(order.stage > Stage::Creating, order.permitted.clone());
        let is_to_start = order.stage == Stage::Creating || order.ahead.is_some();
        let hurry = is_to_start.then(|| context.rush.begin());
        (
            Self {
                context,
                order,
                id,
                stop,
                given: Arc::new(given),
                hurry,
            },
            Handle { stop: sender },
        )
    }

    pub(crate) async fn run(mut self) {
        let hurry = self.hurry.take();
        let (ending, left) = match self.begun().await {
            Ok(begun) => self.follow(hurry, begun).await,
            Err(ending) => (ending, Left::nothing()),
        };
        let Order {
            key,
            number: attempt,
            ..
        } = self.order;
        self.context.feed.note(&key, None);
        self.context.event(Event::Ended {
            key,
            attempt,
            ending,
            outputs: left.outputs,
            artifacts: left.artifacts,
        });
    }

    async fn follow(&self, hurry: Option<Hurry>, begun: Begun) -> (Ending, Left) {
        let Begun {
            facts,
            answer,
            place,
        } = begun;
        let mut facts = Facts::new(&self.context, &self.order, facts, self.stop.clone());
        let started = self.start(&mut facts, answer).await;
        drop(hurry);
        let (log, _place) = match started {
            Ok(log) => (log, place),
            Err(ending) => {
                if self.given.is_given() {
                    Keeper::open(&self.context, &self.id)
                        .await
                        .give_up(LOST_LOG)
                        .await;
                }
                return (ending, Left::nothing());
            }
        };
        let (ended, kept) = (CancellationToken::new(), CancellationToken::new());
        let keep = async {
            let keeper = Keeper::open(&self.context, &self.id).await;
            keeper.keep(log, &ended).await;
            kept.cancel();
        };
        let end = async {
            let ending = facts.last(&self.id).await;
            ended.cancel();
            let left = async {
                match &ending {
                    Ending::Exited(_) => self.collect().await,
                    _ => Left::nothing(),
                }
            };
            let rest = futures_util::future::join(left, kept.cancelled());
            let (left, ()) = facts.until(rest).await;
            (ending, left)
        };
        // The run learns of the end only when the log is closed.
        let ((ending, left), ()) = futures_util::future::join(end, keep).await;
        (self.fit_to_be_shown(ending), left)
    }

    /// Completes when the driver has said, ever, that this is to be stopped.
    async fn stop_asked(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn collect(&self) -> Left {
        let mut pauses = Pauses::of_scheduler();
        let context = &self.context;
        let collected = loop {
            match context.parts.scheduler.collect(&self.id).await {
                Ok(collected) => break collected,
                Err(Error::Away(why)) => {
                    tracing::debug!(attempt = %self.id, why, "the engine is away");
                    context.parts.clock.sleep(pauses.next()).await;
                }
                Err(Error::Failed(why) | Error::Unsupported(why)) => {
                    let sentence =
                        format!("what it wrote to $GOFER_OUTPUT cannot be fetched: {why}");
                    return Left {
                        outputs: Err(context.masked(&sentence)),
                        ..Left::nothing()
                    };
                }
            }
        };
        let written = outputs::parse(&collected.output.unwrap_or_default());
        let mask = |(key, value): (OutputKey, String)| (key, context.masked(&value));
        let outputs = match written {
            Ok(outputs) => Ok(outputs.into_iter().map(mask).collect()),
            Err(sentence) => Err(context.masked(&sentence)),
        };
        let artifacts = if collected.artifacts {
            self.keep_artifacts().await
        } else {
            Ok(None)
        };
        Left { outputs, artifacts }
    }

    fn fit_to_be_shown(&self, ending: Ending) -> Ending {
        match ending {
            Ending::Exited(mut exit) => {
                exit.bad_command = exit.bad_command.map(|words| self.context.masked(&words));
                Ending::Exited(exit)
            }
            Ending::NotStarted(reason, text) => {
                Ending::NotStarted(reason, self.context.masked(&text))
            }
            Ending::CannotStart(reason, text) => {
                Ending::CannotStart(reason, self.context.masked(&text))
            }
            Ending::Vanished | Ending::NoExitCode => ending,
        }
    }
}

const LOST_LOG: &str = "the container was gone before the rest of its log was read";
