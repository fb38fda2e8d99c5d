//! One service from its start to its end: its log, and how it ended.

use super::tail::Tail;
use crate::{
    engine::{Engine, Seen, State, lock},
    link::{Backoff, Ear, Heard},
    remedy::{self, Kind},
    sink::{Drained, Sink, Source},
    source::{self, Wanted},
};
use futures_util::StreamExt;
use gofer_core::Timestamp;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;

/// How a service ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    /// What its init said, if that could not execute the command.
    pub(super) words: Option<String>,
}

pub(super) struct Follower {
    pub(super) engine: Arc<Engine>,
    pub(super) container: String,
    pub(super) sink: Sink,
    pub(super) ear: Ear,
    pub(super) tail: Arc<Mutex<Tail>>,
}

/// Longer than an engine takes from the end of the pipes to the end of the container.
const MOMENT: Duration = Duration::from_secs(11);

impl Follower {
    pub(super) async fn follow(mut self, pipes: Option<Source>, to: watch::Sender<Option<Ended>>) {
        let closing = self.engine.closing.clone();
        tokio::select! {
            biased;
            () = closing.cancelled() => {}
            ended = self.until_end(pipes) => {
                to.send_replace(Some(ended));
            }
        }
    }

    async fn until_end(&mut self, pipes: Option<Source>) -> Ended {
        let mut broke = match pipes {
            Some(pipes) => self.take(pipes).await,
            None => self.replayed().await,
        };
        let seen = loop {
            let seen = self.seen().await;
            if !matches!(&seen, Some(seen) if matches!(seen.state, State::Running | State::Paused))
            {
                break seen;
            }
            broke = match broke {
                Some(at) => {
                    self.sink.broken().await;
                    self.recorded(true, Some(at)).await
                }
                None => self.replayed().await,
            };
        };
        if let Some(at) = broke {
            self.sink.broken().await;
            self.recorded(false, Some(at)).await;
        }
        let code = seen.and_then(|seen| seen.code);
        let words = self.sink.finish(code).await;
        Ended { code, words }
    }

    /// Its log from the first byte on. One that is followed may end before the last line, if that
    /// has no newline.
    async fn replayed(&mut self) -> Option<Timestamp> {
        self.sink.replay().await;
        let broke = self.recorded(true, None).await;
        if broke.is_none() {
            let whole = source::record(&self.engine, &self.container, wanted(false, None));
            return self.take(source::behind(whole, self.sink.taken())).await;
        }
        broke
    }

    async fn recorded(&mut self, follow: bool, after: Option<Timestamp>) -> Option<Timestamp> {
        let record = source::record(&self.engine, &self.container, wanted(follow, after));
        self.take(record).await
    }

    /// Hands on what comes, and says when it broke off, if it did.
    async fn take(&mut self, source: Source) -> Option<Timestamp> {
        let tail = self.tail.clone();
        let source = source.inspect(move |piece| {
            if let Ok(piece) = piece {
                lock(&tail).push(&piece.bytes);
            }
        });
        let drained = self.sink.drain(source.boxed()).await;
        let is_there = self.engine.link.presence().borrow().answering;
        (drained == Drained::Failed || !is_there).then(|| self.engine.clock.now())
    }

    /// How it is when it has ended, or when it has had the time to.
    async fn seen(&mut self) -> Option<Seen> {
        let seen = self.look().await?;
        if seen.state == State::Ended {
            return Some(seen);
        }
        let clock = self.engine.clock.clone();
        let mut late = std::pin::pin!(clock.sleep(MOMENT));
        loop {
            tokio::select! {
                biased;
                heard = self.ear.hear() => {
                    if matches!(heard, Heard::Died { .. } | Heard::Destroyed) {
                        break;
                    }
                }
                () = &mut late => break,
            }
        }
        self.look().await
    }

    async fn look(&self) -> Option<Seen> {
        let mut backoff = Backoff::new();
        loop {
            match self.engine.inspect(&self.container).await {
                Ok(inspected) => return Some(Seen::of(&inspected)),
                Err(error) => match remedy::kind(error) {
                    Kind::Said(404, _) => return None,
                    Kind::Said(..) | Kind::Away(_) => backoff.pause(&self.engine).await,
                },
            }
        }
    }
}

fn wanted(follow: bool, after: Option<Timestamp>) -> Wanted {
    Wanted { follow, after }
}
