//! The log of one container as one connection sees it, and the facts along the way.

use super::Machine;
use crate::{Exit, Fact, LogEvent};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use gofer_core::{
    Timestamp,
    id::{AttemptId, StoreId},
};
use tokio::sync::{mpsc::UnboundedSender, watch};

pub(super) struct Follower {
    pub(super) machine: Machine,
    pub(super) store: StoreId,
    pub(super) attempt: AttemptId,
    pub(super) facts: UnboundedSender<Fact>,
    changes: watch::Receiver<u64>,
    /// Pieces handed over.
    given: usize,
    /// Only what was written later, after the engine broke.
    since: Option<Timestamp>,
    generation: u64,
    /// A restart happened while it ran, and ended it.
    paused: bool,
    replay: bool,
    is_over: bool,
    last_away: Option<Timestamp>,
}

impl Follower {
    pub(super) fn new(
        machine: Machine,
        store: StoreId,
        attempt: AttemptId,
        facts: UnboundedSender<Fact>,
        replay: bool,
    ) -> Self {
        let (changes, generation) = (machine.changes(), machine.generation().0);
        Self {
            machine,
            store,
            attempt,
            facts,
            changes,
            given: 0,
            since: None,
            generation,
            paused: false,
            replay,
            is_over: false,
            last_away: None,
        }
    }

    pub(super) fn stream(self) -> BoxStream<'static, LogEvent> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((event, follower))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<LogEvent> {
        if std::mem::take(&mut self.replay) {
            return Some(LogEvent::Replay);
        }
        loop {
            if self.is_over {
                return None;
            }
            if let Some(broken) = self.mind_the_engine().await {
                return Some(broken);
            }
            let now = self.machine.world.now();
            let Some(container) = self.machine.look(self.store, &self.attempt) else {
                self.say(Fact::Vanished);
                continue;
            };
            if container.paused != self.paused {
                self.paused = container.paused;
                let fact = if self.paused {
                    Fact::Paused("paused outside Gofer".to_owned())
                } else {
                    Fact::Resumed
                };
                let _ = self.facts.send(fact);
            }
            let written = container.written(now);
            if let Some((at, stream, bytes)) = written.get(self.given).cloned() {
                self.given += 1;
                if self.since.is_some_and(|since| at <= since) {
                    continue;
                }
                self.machine.world.pause("log").await;
                return Some(LogEvent::Bytes {
                    stream,
                    at,
                    bytes: Bytes::from(bytes),
                });
            }
            if let Some(end) = container.end {
                self.machine.world.pause("exit").await;
                let exit = Exit {
                    at: end.at,
                    code: end.code,
                    out_of_memory: false,
                    engine_restarted: end.by_engine,
                    stopped_outside: end.by_others,
                    bad_command: None,
                };
                if self.machine.world.mishap("no_exit_code") {
                    self.say(Fact::NoExitCode);
                } else {
                    self.say(Fact::Exited(exit));
                }
                continue;
            }
            self.wait(&container).await;
        }
    }

    /// The last fact; sometimes twice, as a careless adapter might.
    fn say(&mut self, fact: Fact) {
        if self.machine.world.mishap("doubled") {
            let _ = self.facts.send(fact.clone());
        }
        let _ = self.facts.send(fact);
        self.is_over = true;
    }

    async fn mind_the_engine(&mut self) -> Option<LogEvent> {
        let until = self.machine.away_until();
        if let Some(until) = until {
            if self.last_away != Some(until) {
                self.last_away = Some(until);
                let _ = self
                    .facts
                    .send(Fact::Away("the engine does not answer".to_owned()));
            }
            self.machine.world.until(until).await;
            return None;
        }
        let (generation, broke_at) = self.machine.generation();
        if generation == self.generation {
            return None;
        }
        self.generation = generation;
        self.since = broke_at;
        let _ = self.facts.send(Fact::Back);
        Some(LogEvent::Broken)
    }

    async fn wait(&mut self, container: &super::container::Container) {
        let ends = container
            .coming_end()
            .filter(|_| !container.paused)
            .map(|end| end.at);
        let started = container.started;
        let next = started.and_then(|started| {
            let (offset, ..) = container.program.log.get(self.given)?;
            started.checked_add(*offset).ok()
        });
        let due = [ends, next.filter(|at| ends.is_none_or(|end| *at <= end))]
            .into_iter()
            .flatten()
            .min();
        let world = std::sync::Arc::clone(&self.machine.world);
        let alarm = async {
            match due {
                Some(due) => world.until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.changes.changed() => {}
            () = alarm => {}
        }
    }
}
