//! What a run's driver and its attempts share.

use crate::{feed::Feed, message::Message, parts::Parts, pins::Pins, rush::Rush};
use futures_util::FutureExt as _;
use gofer_core::{
    id::{AttemptId, RunId},
    name::SecretName,
    run::{Event, Key},
};
use gofer_secrets::{Patterns, SecretText, mask_text};
use gofer_store::Claim;
use std::{any::Any, collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::{Semaphore, mpsc::UnboundedSender};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) struct Context {
    pub(crate) parts: Parts,
    pub(crate) claim: Claim,
    /// Namespace and pipeline, for people.
    pub(crate) label: String,
    pub(crate) number: u64,
    pub(crate) secrets: BTreeMap<SecretName, SecretText>,
    /// Every form of every secret, older values among them.
    pub(crate) patterns: Arc<Patterns>,
    pub(crate) pins: Pins,
    /// Containers of all runs together.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) inbox: UnboundedSender<Message>,
    pub(crate) feed: Feed,
    pub(crate) rush: Rush,
    /// Ends everything that is done for this run in this process; containers go on.
    pub(crate) stop: CancellationToken,
    /// The run has its verdict; what it held is being given back.
    pub(crate) over: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Those of them that keep what may be written after an attempt has ended.
    pub(crate) keeping: TaskTracker,
}

impl Context {
    pub(crate) fn run(&self) -> RunId {
        self.claim.run
    }

    pub(crate) fn id(&self, key: &Key, number: u32) -> AttemptId {
        let Key { task, item } = key.clone();
        AttemptId {
            run: self.run(),
            task,
            item,
            number,
        }
    }

    /// Hands an event to the driver. One that has stopped needs none.
    pub(crate) fn event(&self, event: Event) {
        self.send(Message::Event(event));
    }

    pub(crate) fn send(&self, message: Message) {
        if self.inbox.send(message).is_err() {
            tracing::debug!(run = %self.run(), "the driver has stopped");
        }
    }

    /// Runs work that belongs to this run until it is done or the run is not driven any more. A
    /// panic in it reaches the driver as a message.
    pub(crate) fn own(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let context = Arc::clone(self);
        self.tasks.spawn(async move {
            // The stop first: one who was fenced takes no step more.
            let work = async {
                tokio::select! {
                    biased;
                    () = context.stop.cancelled() => {}
                    () = work => {}
                }
            };
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                context.send(Message::Panicked(words_of(&*panic)));
            }
        });
    }

    /// A text of a scheduler or of a task, fit to be stored and shown.
    pub(crate) fn masked(&self, text: &str) -> String {
        mask_text(&self.patterns, text)
    }
}

/// What a panic said.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(owned)
        .unwrap_or("a panic without words")
        .to_owned()
}
