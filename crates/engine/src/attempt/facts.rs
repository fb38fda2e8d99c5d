//! What a scheduler says about an attempt, and what the driver wants of it.

use super::Order;
use crate::{ahead::Channel, context::Context, pauses::Pauses};
use gofer_core::{
    id::AttemptId,
    run::{Ending, Event, Key},
};
use gofer_scheduler::{Error, Fact, Started};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender},
    watch,
};

/// Behind the start of a run's last task nothing waits for that being told, and a short task has ended by
/// then: one commit tells both, and takes nothing from what has just begun.
const SHORT: Duration = Duration::from_millis(25);

pub(super) struct Facts {
    context: Arc<Context>,
    key: Key,
    number: u32,
    /// The name of its image, as the file says it.
    image: String,
    pub(super) sender: UnboundedSender<Fact>,
    inbox: UnboundedReceiver<Fact>,
    stop: watch::Receiver<Option<Duration>>,
    /// What takes long is under way, and can be left alone.
    pub(super) is_waiting: bool,
    ending: Option<Ending>,
    /// That it started, which is told in a moment.
    begun: Option<Event>,
    is_last: bool,
    /// What its services' images are, by the names that the file gives them.
    service_images: BTreeMap<String, String>,
}

impl Facts {
    pub(super) fn new(
        context: &Arc<Context>,
        order: &Order,
        (sender, inbox): Channel,
        stop: watch::Receiver<Option<Duration>>,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            key: order.key.clone(),
            number: order.number,
            image: order.container.main.image.clone(),
            sender,
            inbox,
            stop,
            is_waiting: false,
            ending: None,
            begun: None,
            is_last: !order.more_to_come,
            service_images: BTreeMap::new(),
        }
    }

    /// Takes the next fact in. Never completes once all have come.
    pub(super) async fn next(&mut self) {
        match self.inbox.recv().await {
            Some(fact) => self.take(fact),
            None => std::future::pending().await,
        }
    }

    /// Takes in what has come by now.
    pub(super) fn take_waiting(&mut self) {
        while let Ok(fact) = self.inbox.try_recv() {
            self.take(fact);
        }
    }

    /// Waits for the end, having the container stopped when the driver says so.
    pub(super) async fn last(&mut self, id: &AttemptId) -> Ending {
        self.stop.mark_changed();
        let clock = Arc::clone(&self.context.parts.clock);
        loop {
            if let Some(ending) = self.ending.take() {
                return ending;
            }
            let grace = tokio::select! {
                biased;
                fact = self.inbox.recv() => {
                    if let Some(fact) = fact {
                        self.take(fact);
                    }
                    continue;
                }
                () = clock.sleep(SHORT), if self.begun.is_some() => {
                    self.tell_begun();
                    continue;
                }
                Ok(()) = self.stop.changed() => *self.stop.borrow_and_update(),
            };
            if let Some(grace) = grace {
                self.stop(id, grace).await;
            }
        }
    }

    /// Waits for what is to be done at the end. That it began is told with the end, if that comes soon.
    pub(super) async fn until<T>(&mut self, done: impl Future<Output = T>) -> T {
        let mut done = std::pin::pin!(done);
        if self.begun.is_some() {
            let clock = Arc::clone(&self.context.parts.clock);
            let soon = tokio::select! {
                biased;
                done = &mut done => Some(done),
                () = clock.sleep(SHORT) => None,
            };
            self.tell_begun();
            if let Some(done) = soon {
                return done;
            }
        }
        done.await
    }

    /// Has the container stopped: until that is done, it has ended, or another grace is wanted.
    async fn stop(&mut self, id: &AttemptId, grace: Duration) {
        self.tell_begun();
        let context = Arc::clone(&self.context);
        let mut pauses = Pauses::of_scheduler();
        while self.ending.is_none() {
            let stopped = {
                let scheduler = &context.parts.scheduler;
                let mut asked = std::pin::pin!(scheduler.stop(id, grace));
                loop {
                    tokio::select! {
                        biased;
                        answer = &mut asked => break answer,
                        fact = self.inbox.recv() => if let Some(fact) = fact { self.take(fact); },
                    }
                }
            };
            match stopped {
                Ok(()) => return,
                Err(Error::Away(why)) => {
                    tracing::debug!(attempt = %id, why, "the engine is away");
                }
                Err(Error::Failed(why) | Error::Unsupported(why)) => {
                    tracing::warn!(attempt = %id, why, "the container was not stopped");
                }
            }
            tokio::select! {
                biased;
                fact = self.inbox.recv() => if let Some(fact) = fact { self.take(fact); },
                () = context.parts.clock.sleep(pauses.next()) => {}
            }
        }
    }

    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Pulling { image, done, total } => {
                self.is_waiting = true;
                self.context
                    .feed
                    .note(&self.key, Some(pulling(&image, done, total)));
            }
            Fact::Waiting(text) => {
                self.is_waiting = true;
                self.context.feed.note(&self.key, Some(text));
            }
            Fact::Pulled => {
                self.is_waiting = false;
                self.context.feed.note(&self.key, None);
            }
            Fact::ServiceImage { name, image } => {
                self.context.pins.learn(&name, &image);
                self.service_images.insert(name, image);
            }
            Fact::Started(started) => self.started(started),
            Fact::Paused(text) | Fact::Away(text) => self.noted(Some(text)),
            Fact::Resumed | Fact::Back => self.noted(None),
            Fact::Exited(exit) => self.ending = Some(Ending::Exited(exit)),
            Fact::Vanished => self.ending = Some(Ending::Vanished),
            Fact::NoExitCode => self.ending = Some(Ending::NoExitCode),
        }
    }

    fn started(&mut self, started: Started) {
        self.is_waiting = false;
        self.context.feed.note(&self.key, None);
        let Started { at, image, node } = started;
        if let Some(image) = &image {
            self.context.pins.learn(&self.image, image);
        }
        let (key, attempt) = (self.key.clone(), self.number);
        self.begun = Some(Event::Started {
            key,
            attempt,
            at,
            image,
            service_images: self.service_images.clone(),
            node,
        });
        if !self.is_last {
            self.tell_begun();
        }
    }

    /// Says that it started, if that has not been said.
    pub(super) fn tell_begun(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.context.event(begun);
        }
    }

    fn noted(&mut self, message: Option<String>) {
        self.tell_begun();
        let message = message.map(|text| self.context.masked(&text));
        let (key, attempt) = (self.key.clone(), self.number);
        self.context.event(Event::Noted {
            key,
            attempt,
            message,
        });
    }
}

fn pulling(image: &str, done: u64, total: u64) -> String {
    const MEGA: u64 = 1_000_000;
    match total {
        0 => format!("pulling {image}"),
        _ => format!(
            "pulling {image}: {} of {} MB",
            done / MEGA,
            total.div_ceil(MEGA)
        ),
    }
}
