use crate::{context::Context, message::Message};
use async_trait::async_trait;
use gofer_core::{planted, run::Key};
use gofer_scheduler::{Permit, Refused};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The permit that an attempt has, from now or from before a restart.
#[derive(Debug, Default)]
pub(super) struct Given(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_given: bool,
    container: Option<String>,
}

impl Given {
    pub(super) fn before(is_given: bool, container: Option<String>) -> Self {
        Self(Mutex::new(State {
            is_given,
            container,
        }))
    }

    /// The container may have run.
    pub(super) fn is_given(&self) -> bool {
        self.state().is_given
    }

    /// The one that is permitted.
    pub(super) fn container(&self) -> Option<String> {
        self.state().container.clone()
    }

    fn give(&self, container: &str) {
        *self.state() = State {
            is_given: true,
            container: Some(container.to_owned()),
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A start that was permitted when the attempt was decided; another container's has to be asked for.
pub(super) struct Granted {
    pub(super) container: String,
    pub(super) stored: Mutex<Option<oneshot::Receiver<()>>>,
    pub(super) otherwise: Ask,
}

#[async_trait]
impl Permit for Granted {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        let stored = self.stored.lock();
        let stored = stored.unwrap_or_else(PoisonError::into_inner).take();
        match stored.filter(|_| container == self.container) {
            Some(stored) => stored.await.map_err(|_| Refused),
            None => self.otherwise.may_start(container).await,
        }
    }
}

/// Asks the driver whether the container may be started. It says yes when that is stored, and by
/// silence no.
pub(super) struct Ask {
    pub(super) context: Arc<Context>,
    pub(super) key: Key,
    pub(super) attempt: u32,
    pub(super) given: Arc<Given>,
}

#[async_trait]
impl Permit for Ask {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        let (granted, answer) = oneshot::channel();
        let (key, attempt) = (self.key.clone(), self.attempt);
        // Set before it is known: a start whose permit is being stored may not be given up.
        self.given.give(container);
        self.context.send(Message::Permit {
            key,
            attempt,
            container: container.to_owned(),
            granted,
        });
        match answer.await {
            Ok(()) => Ok(()),
            Err(_) if planted::is(6) => Ok(()),
            Err(_) => Err(Refused),
        }
    }
}
