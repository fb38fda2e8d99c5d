//! Making the container exist and run.

use super::{Attempt, facts::Facts, services::Logs, spec};
use crate::{ahead::Answer, pauses::Pauses, pins::Choice};
use futures_util::stream::BoxStream;
use gofer_core::{
    planted,
    run::{Ending, Reason, Stage},
};
use gofer_scheduler::{Ensure, LogEvent, StartError};
use std::{pin::pin, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

type Log = BoxStream<'static, LogEvent>;

/// What an order came to.
enum Came {
    Log(Log),
    Ended(Ending),
    Again,
}

impl Attempt {
    /// Completes when the container has been started, or is known never to be. `asked`: the answer to
    /// an order that was given before, is heard first.
    pub(super) async fn start(
        &self,
        facts: &mut Facts,
        mut asked: Option<oneshot::Receiver<Answer>>,
    ) -> Result<Log, Ending> {
        let services = self.service_logs();
        let mut choice = None;
        let mut pauses = Pauses::of_scheduler();
        loop {
            let came = if let Some(asked) = asked.take() {
                self.hear(facts, async { asked.await.unwrap_or_else(|_| broken()) })
                    .await
            } else {
                if choice.is_none() {
                    choice = Some(self.image().await?);
                }
                let pinned = choice.as_ref().and_then(|it| it.pinned.as_deref());
                self.order(facts, pinned, &services).await
            };
            match came {
                Came::Log(log) => {
                    // Before others may look the image up: what it was here.
                    facts.take_waiting();
                    return Ok(log);
                }
                Came::Ended(ending) => {
                    facts.tell_begun();
                    return Err(ending);
                }
                Came::Again => facts.tell_begun(),
            }
            let may_give_up = !self.given.is_given();
            tokio::select! {
                biased;
                () = self.stop_asked(), if may_give_up => return Err(stopped()),
                () = self.context.parts.clock.sleep(pauses.next()) => {}
            }
        }
    }

    /// A place among the containers of all runs. One that may run already has it.
    pub(super) async fn place(&self) -> Result<Option<OwnedSemaphorePermit>, Ending> {
        let places = Arc::clone(&self.context.places);
        if self.order.stage > Stage::Creating {
            return Ok(places.try_acquire_owned().ok());
        }
        tokio::select! {
            biased;
            () = self.stop_asked() => Err(stopped()),
            place = places.acquire_owned() => Ok(place.ok()),
        }
    }

    async fn image(&self) -> Result<Choice, Ending> {
        let said = &self.order.container.main;
        tokio::select! {
            biased;
            () = self.stop_asked(), if self.order.stage == Stage::Creating => Err(stopped()),
            choice = self.context.pins.choose(&said.image, said.pull) => Ok(choice),
        }
    }

    /// Asks the scheduler once.
    async fn order(&self, facts: &mut Facts, pinned: Option<&str>, services: &Logs) -> Came {
        let context = &self.context;
        let may_run = self.given.is_given() && !planted::is(2);
        let attempt = match spec::attempt(context, &self.order.container, pinned) {
            Ok(attempt) => attempt,
            Err((reason, message)) => return Came::Ended(Ending::NotStarted(reason, message)),
        };
        let request = Ensure {
            id: self.id.clone(),
            pipeline: context.label.clone(),
            number: context.number,
            epoch: context.claim.epoch,
            stage: if may_run {
                self.order.stage.max(Stage::Starting)
            } else {
                Stage::Creating
            },
            permitted: self.given.container(),
            more_to_come: self.order.more_to_come,
            behind: None,
            recipe: self.order.container.recipe(context.claim.epoch, pinned),
            attempt,
            inputs: self.inputs(),
            service_logs: services.clone(),
            permit: Box::new(self.ask()),
            facts: facts.sender.clone(),
        };
        self.hear(facts, context.parts.scheduler.ensure(request))
            .await
    }

    /// Waits for the answer to an order, and takes in what is said meanwhile.
    async fn hear(&self, facts: &mut Facts, asked: impl Future<Output = Answer>) -> Came {
        let mut asked = pin!(asked);
        let answer = loop {
            let is_waiting = facts.is_waiting && !self.given.is_given();
            tokio::select! {
                biased;
                answer = &mut asked => break answer,
                // A long pull, or services that are not ready, can be left alone. Any other step is
                // let finish: the engine may go on with it and make a container that nobody knows.
                () = self.stop_asked(), if is_waiting => return Came::Ended(stopped()),
                () = facts.next() => {}
            }
        };
        self.understand(answer)
    }

    fn understand(&self, answer: Answer) -> Came {
        let context = &self.context;
        match answer {
            Ok(stream) => Came::Log(stream),
            Err(StartError::Refused) => Came::Ended(stopped()),
            Err(StartError::Vanished) => Came::Ended(Ending::Vanished),
            Err(StartError::Failed {
                reason,
                message,
                never_again,
            }) => {
                let message = context.masked(&message);
                Came::Ended(if never_again {
                    Ending::CannotStart(reason, message)
                } else {
                    Ending::NotStarted(reason, message)
                })
            }
            Err(StartError::Away(why)) => {
                context
                    .feed
                    .note(&self.order.key, Some(context.masked(&why)));
                Came::Again
            }
        }
    }
}

/// Whoever asked is gone without an answer, with this process or by a fault: what exists is unknown.
fn broken() -> Answer {
    Err(StartError::Away(
        "nobody asks the scheduler any more".to_owned(),
    ))
}

/// The rule book knows who asked for the stop, and judges by that.
fn stopped() -> Ending {
    let message = "it was stopped before its container started".to_owned();
    Ending::NotStarted(Reason::RunCancelled, message)
}
