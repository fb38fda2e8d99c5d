//! Making the container exist and run.

use super::{Attempt, facts::Facts, permit::Ask, services::Logs, spec};
use crate::{pauses::Pauses, pins::Choice};
use futures_util::stream::BoxStream;
use gofer_core::{
    planted,
    run::{Ending, Reason, Stage},
};
use gofer_scheduler::{Ensure, LogEvent, StartError};
use std::{pin::pin, sync::Arc};
use tokio::sync::OwnedSemaphorePermit;

/// A container that was started, with its log.
pub(super) struct Log {
    pub(super) stream: BoxStream<'static, LogEvent>,
    /// Held while it runs.
    pub(super) _place: Option<OwnedSemaphorePermit>,
}

enum Answer {
    Log(BoxStream<'static, LogEvent>),
    Ended(Ending),
    Again,
}

impl Attempt {
    /// Completes when the container has been started, or is known never to be.
    pub(super) async fn start(&self, facts: &mut Facts, services: &Logs) -> Result<Log, Ending> {
        let place = self.place().await?;
        let choice = self.image().await?;
        let mut pauses = Pauses::of_scheduler();
        loop {
            match self.ask(facts, &choice, services).await {
                Answer::Log(stream) => {
                    // Before others may look the image up: what it was here.
                    facts.take_waiting();
                    return Ok(Log {
                        stream,
                        _place: place,
                    });
                }
                Answer::Ended(ending) => return Err(ending),
                Answer::Again => {}
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
    async fn place(&self) -> Result<Option<OwnedSemaphorePermit>, Ending> {
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
    async fn ask(&self, facts: &mut Facts, image: &Choice, services: &Logs) -> Answer {
        let context = &self.context;
        let may_run = self.given.is_given() && !planted::is(2);
        let pinned = image.pinned.as_deref();
        let attempt = match spec::attempt(context, &self.order.container, pinned) {
            Ok(attempt) => attempt,
            Err((reason, message)) => return Answer::Ended(Ending::NotStarted(reason, message)),
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
            attempt,
            inputs: self.inputs(),
            service_logs: services.clone(),
            permit: Box::new(Ask {
                context: Arc::clone(context),
                key: self.order.key.clone(),
                attempt: self.order.number,
                given: Arc::clone(&self.given),
            }),
            facts: facts.sender.clone(),
        };
        let mut asked = pin!(context.parts.scheduler.ensure(request));
        let answer = loop {
            let is_waiting = facts.is_waiting && !self.given.is_given();
            tokio::select! {
                biased;
                answer = &mut asked => break answer,
                // A long pull, or services that are not ready, can be left alone. Any other step is
                // let finish: the engine may go on with it and make a container that nobody knows.
                () = self.stop_asked(), if is_waiting => return Answer::Ended(stopped()),
                () = facts.next() => {}
            }
        };
        self.understand(answer)
    }

    fn understand(&self, answer: Result<BoxStream<'static, LogEvent>, StartError>) -> Answer {
        let context = &self.context;
        match answer {
            Ok(stream) => Answer::Log(stream),
            Err(StartError::Refused) => Answer::Ended(stopped()),
            Err(StartError::Vanished) => Answer::Ended(Ending::Vanished),
            Err(StartError::Failed {
                reason,
                message,
                never_again,
            }) => {
                let message = context.masked(&message);
                Answer::Ended(if never_again {
                    Ending::CannotStart(reason, message)
                } else {
                    Ending::NotStarted(reason, message)
                })
            }
            Err(StartError::Away(why)) => {
                context
                    .feed
                    .note(&self.order.key, Some(context.masked(&why)));
                Answer::Again
            }
        }
    }
}

/// The rule book knows who asked for the stop, and judges by that.
fn stopped() -> Ending {
    let message = "it was stopped before its container started".to_owned();
    Ending::NotStarted(Reason::RunCancelled, message)
}
