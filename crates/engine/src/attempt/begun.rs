//! Going on with what was made before the attempt was decided.

use super::{
    Attempt,
    permit::{Ask, Granted},
};
use crate::ahead::{Ahead, Answer, Asked, Channel, channel};
use gofer_core::run::Ending;
use gofer_scheduler::Permit;
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// What was made of an attempt before it was decided.
pub(crate) enum Prepared {
    /// Something else than what was decided.
    Other(Ahead),
    /// It, or it is being made.
    Fits(Ahead),
    /// It, and its start was permitted with the decision, which is known when that is stored.
    Permitted(Ahead, Start),
}

/// A start that is permitted as soon as it is stored.
pub(crate) struct Start {
    pub(crate) stored: oneshot::Receiver<()>,
    pub(crate) place: OwnedSemaphorePermit,
}

/// Where an attempt begins.
pub(super) struct Begun {
    pub(super) facts: Channel,
    /// Of an order that was given already.
    pub(super) answer: Option<oneshot::Receiver<Answer>>,
    pub(super) place: Option<OwnedSemaphorePermit>,
}

impl Begun {
    fn new(asked: Option<Asked>, place: Option<OwnedSemaphorePermit>) -> Self {
        let asked = asked.map(|asked| (asked.facts, asked.answer));
        let (facts, answer) = asked.unzip();
        Self {
            facts: facts.unwrap_or_else(channel),
            answer,
            place,
        }
    }
}

impl Attempt {
    pub(super) async fn begun(&mut self) -> Result<Begun, Ending> {
        match self.order.ahead.take() {
            None => {}
            Some(Prepared::Other(ahead)) => {
                // What could not be removed is in the way of the order, which makes it anew.
                ahead.refuse().await;
            }
            Some(Prepared::Fits(ahead)) => match self.place().await {
                Ok(place) => return Ok(Begun::new(ahead.want(Arc::new(self.ask())), place)),
                Err(ending) => {
                    ahead.refuse().await;
                    return Err(ending);
                }
            },
            Some(Prepared::Permitted(ahead, Start { stored, place })) => {
                let permit: Arc<dyn Permit> = match self.given.container() {
                    Some(container) => Arc::new(Granted {
                        container,
                        stored: Mutex::new(Some(stored)),
                        otherwise: self.ask(),
                    }),
                    None => Arc::new(self.ask()),
                };
                return Ok(Begun::new(ahead.want(permit), Some(place)));
            }
        }
        Ok(Begun::new(None, self.place().await?))
    }

    pub(super) fn ask(&self) -> Ask {
        Ask {
            context: Arc::clone(&self.context),
            key: self.order.key.clone(),
            attempt: self.order.number,
            given: Arc::clone(&self.given),
        }
    }
}
