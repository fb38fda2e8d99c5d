//! One attempt at a called pipeline: its run is made to exist and to be driven, and its end is
//! reported to the caller's driver with exactly one [`Event::ChildEnded`].
//!
//! The child's id follows from the attempt, so a crash anywhere in here leads to the same run, and
//! never to a second one. It is made only after a permit that is stored under the caller's claim:
//! where the permit was given, whoever goes on makes sure that the run is there, and stops it if
//! that is what is wanted.

use crate::{Engine, Error, child::Caller, context::Context, message::Message, pauses::Pauses};
use gofer_core::{
    Timestamp,
    id::{AttemptId, RunId},
    name::{ParamName, PipelineName},
    run::{Event, Key, Outcome, RunState, Stage, Task, TaskState, child_of},
};
use gofer_store::{Error as StoreError, RunRow};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{oneshot, watch};

/// The longest wait without a look at the child: another process may drive it.
const LOOK: Duration = Duration::from_secs(1);
/// A child that writes much wakes us much; this is how long a look that found nothing then waits.
const GAP: Duration = Duration::from_millis(2);
/// What one run may hand on to its caller, in bytes.
const MOST_OUTPUTS: usize = 1024 * 1024;
/// From this one on a cancel is a kill, which can be asked for again and again.
const KILL: u32 = 3;

/// What a driver orders.
pub(crate) struct Order {
    pub(crate) key: Key,
    pub(crate) number: u32,
    pub(crate) stage: Stage,
    /// When the attempt was decided.
    pub(crate) decided: Timestamp,
    pub(crate) pipeline: PipelineName,
    pub(crate) params: BTreeMap<ParamName, String>,
    pub(crate) caller: Caller,
}

/// The driver's end of a call.
pub(crate) struct Handle {
    times: watch::Sender<u32>,
}

impl Handle {
    /// Has the child cancelled so often, or never made.
    pub(crate) fn cancel(&self, times: u32) {
        self.times.send_replace(times);
    }
}

pub(crate) struct Call {
    engine: Engine,
    context: Arc<Context>,
    order: Order,
    id: AttemptId,
    child: RunId,
    times: watch::Receiver<u32>,
    /// Cancels that were stored.
    sent: u32,
    is_told: bool,
}

/// How it ended.
struct End {
    outcome: Outcome,
    child: String,
    why: Option<String>,
    outputs: BTreeMap<String, String>,
}

impl Call {
    pub(crate) fn new(engine: Engine, context: Arc<Context>, order: Order) -> (Self, Handle) {
        let (sender, times) = watch::channel(0);
        let id = context.id(&order.key, order.number);
        let call = Self {
            child: child_of(&id, order.decided),
            is_told: order.stage > Stage::Starting,
            engine,
            context,
            order,
            id,
            times,
            sent: 0,
        };
        (call, Handle { times: sender })
    }

    pub(crate) async fn run(mut self) {
        let end = self.follow().await;
        let End {
            outcome,
            child,
            why,
            outputs,
        } = end;
        self.context.event(Event::ChildEnded {
            key: self.order.key.clone(),
            attempt: self.order.number,
            outcome,
            child,
            why,
            outputs,
        });
        self.engine.not_driven(self.child).await;
        self.context.send(Message::ChildGone);
    }

    async fn follow(&mut self) -> End {
        match self.find().await {
            Some(_) => {}
            None if self.is_told => return self.never(Outcome::Lost, None),
            None => {
                if let Err(end) = self.make().await {
                    return end;
                }
            }
        }
        loop {
            let Some(row) = self.find().await else {
                return self.never(Outcome::Lost, None);
            };
            if !std::mem::replace(&mut self.is_told, true) {
                self.context.event(Event::Started {
                    key: self.order.key.clone(),
                    attempt: self.order.number,
                    at: row.head.created_at,
                    image: None,
                    service_images: BTreeMap::new(),
                    node: None,
                });
            }
            if row.head.state.is_over() {
                return self.end(row).await;
            }
            self.have_it_driven(&row).await;
            self.bring_cancels(&row).await;
            self.wait().await;
        }
    }

    fn never(&self, outcome: Outcome, why: Option<String>) -> End {
        End {
            outcome,
            child: self.order.pipeline.to_string(),
            why: why.map(|why| self.context.masked(&why)),
            outputs: BTreeMap::new(),
        }
    }

    /// The child as it is stored.
    async fn find(&self) -> Option<RunRow> {
        let mut pauses = Pauses::of_disk();
        loop {
            match self.engine.store().run(self.child).await {
                Ok(row) => return Some(row),
                Err(StoreError::NotFound(_)) => return None,
                Err(error) => tracing::debug!(child = %self.child, %error, "cannot look for it"),
            }
            self.context.parts.clock.sleep(pauses.next()).await;
        }
    }

    /// Has the child accepted, if that is still wanted.
    async fn make(&self) -> Result<(), End> {
        if self.order.stage < Stage::Starting && !self.may_start().await {
            return Err(self.never(Outcome::Cancelled, None));
        }
        let mut pauses = Pauses::of_disk();
        loop {
            let made = self.engine.start_child(
                self.child,
                &self.id,
                &self.order.caller,
                (&self.order.pipeline, &self.order.params),
                &self.context.secrets,
            );
            match made.await {
                Ok(()) => return Ok(()),
                Err(Error::Store(StoreError::Busy | StoreError::Full)) => {}
                Err(_) if self.find().await.is_some() => return Ok(()),
                Err(error) => return Err(self.never(Outcome::Refused, Some(error.to_string()))),
            }
            self.context.parts.clock.sleep(pauses.next()).await;
        }
    }

    /// Asks the driver, who says yes when that is stored, and by silence no.
    async fn may_start(&self) -> bool {
        let (granted, answer) = oneshot::channel();
        self.context.send(Message::Permit {
            key: self.order.key.clone(),
            attempt: self.order.number,
            container: self.child.to_string(),
            granted,
        });
        answer.await.is_ok()
    }

    /// Takes the child over when nobody alive drives it.
    async fn have_it_driven(&self, row: &RunRow) {
        if self.engine.drives(row.id) {
            return;
        }
        let secrets = self.context.secrets.clone().into_iter().collect();
        let taken = self.engine.take_up(row.id, secrets).await;
        if let Err(error) = taken {
            let note = self.context.masked(&format!("waiting: {error}"));
            self.context.feed.note(&self.order.key, Some(note));
        }
    }

    /// Cancels the child as often as its caller was.
    async fn bring_cancels(&mut self, row: &RunRow) {
        let is_asked = self.times.has_changed().unwrap_or(false);
        let wanted = *self.times.borrow_and_update();
        let known = match row.head.state {
            RunState::Cancelling => 1 + u32::from(row.head.finally_stopped),
            _ => 0,
        };
        let mut have = known.max(self.sent);
        if wanted >= KILL && is_asked {
            have = have.min(KILL - 1);
        }
        while have < wanted {
            match self.engine.cancel(self.child, &self.context.label).await {
                Ok(()) => {
                    have += 1;
                    self.sent = have;
                }
                Err(error) => {
                    tracing::debug!(child = %self.child, %error, "cannot cancel it");
                    return;
                }
            }
        }
    }

    async fn wait(&mut self) {
        let mut changes = self.engine.watch(self.child);
        let clock = &self.context.parts.clock;
        let changed = async {
            match changes.changed().await {
                Ok(()) => clock.sleep(GAP).await,
                // Not driven here: nobody will wake us.
                Err(_) => std::future::pending().await,
            }
        };
        let cancelled = async {
            if self.times.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let is_asked = tokio::select! {
            biased;
            () = cancelled => true,
            () = changed => false,
            () = clock.sleep(LOOK) => false,
        };
        if is_asked {
            self.times.mark_changed();
        }
    }

    async fn end(&self, row: RunRow) -> End {
        self.context.feed.note(&self.order.key, None);
        let child = format!("{}/{}", row.pipeline, row.number);
        let outcome = match row.head.state {
            RunState::Succeeded => Outcome::Succeeded,
            RunState::Skipped => Outcome::Skipped,
            RunState::Cancelled => Outcome::Cancelled,
            _ => Outcome::Failed,
        };
        let why = row
            .head
            .message
            .filter(|_| matches!(outcome, Outcome::Failed | Outcome::Skipped));
        let outputs = self.outputs().await;
        let size: usize = outputs
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        if size > MOST_OUTPUTS {
            let why = format!(
                "its outputs have {size} bytes together; at most {MOST_OUTPUTS} can be handed on"
            );
            return End {
                outcome: Outcome::BadOutputs,
                child,
                why: Some(why),
                outputs: BTreeMap::new(),
            };
        }
        End {
            outcome,
            child,
            why,
            outputs,
        }
    }

    /// What its tasks handed on, by `TASK.KEY`.
    async fn outputs(&self) -> BTreeMap<String, String> {
        let mut pauses = Pauses::of_disk();
        let stored = loop {
            match self.engine.store().load(self.child).await {
                Ok(stored) => break stored,
                Err(StoreError::NotFound(_)) => return BTreeMap::new(),
                Err(error) => tracing::debug!(child = %self.child, %error, "cannot be read"),
            }
            self.context.parts.clock.sleep(pauses.next()).await;
        };
        let mut outputs = BTreeMap::new();
        for (name, task) in stored.tasks.iter().zip(&stored.run.tasks) {
            for (key, value) in of_task(task) {
                outputs.insert(format!("{name}.{key}"), value);
            }
        }
        outputs
    }
}

/// A task's outputs; of a fan-out each is a list of what the items that succeeded wrote.
fn of_task(task: &Task) -> BTreeMap<String, String> {
    if !task.own.expanded {
        return task.own.outputs.clone();
    }
    let mut lists = BTreeMap::<&String, Vec<&str>>::new();
    let succeeded = task
        .items
        .iter()
        .filter(|item| item.state == TaskState::Succeeded);
    for (key, value) in succeeded.flat_map(|item| &item.outputs) {
        lists.entry(key).or_default().push(value);
    }
    lists
        .into_iter()
        .map(|(key, list)| {
            (
                key.clone(),
                gofer_core::definition::Json::from(list).to_string(),
            )
        })
        .collect()
}
