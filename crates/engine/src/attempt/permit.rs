use crate::{context::Context, message::Message};
use async_trait::async_trait;
use gofer_core::{planted, run::Key};
use gofer_scheduler::{Permit, Refused};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::oneshot;

/// Asks the driver whether the container may be started. It says yes when that is stored, and by
/// silence no.
pub(super) struct Ask {
    pub(super) context: Arc<Context>,
    pub(super) key: Key,
    pub(super) attempt: u32,
    /// From here on the container may run.
    pub(super) granted: Arc<AtomicBool>,
    /// Which one.
    pub(super) permitted: Arc<Mutex<Option<String>>>,
}

#[async_trait]
impl Permit for Ask {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        let (granted, answer) = oneshot::channel();
        let (key, attempt) = (self.key.clone(), self.attempt);
        // Set before it is known: a start whose permit is being stored may not be given up.
        self.granted.store(true, Ordering::SeqCst);
        *self
            .permitted
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(container.to_owned());
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
