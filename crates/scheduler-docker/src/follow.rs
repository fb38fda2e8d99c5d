//! One attempt from its start to its end: its log, and what becomes of it.

mod ending;
mod foreign;
mod relook;

use crate::{
    engine::{Engine, Live, Seen, State},
    image::{self, Facts},
    link::Ear,
    remedy::{self, Kind},
    services,
    sink::{Drained, Sink, Source},
    source::{self, Wanted},
    supplies::Lease,
};
use gofer_core::{Timestamp, container::Exec, id::AttemptId};
use gofer_scheduler::{Exit, Fact, Started};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};

/// What is needed to follow an attempt.
pub(crate) struct Watched {
    pub(crate) engine: Arc<Engine>,
    pub(crate) id: AttemptId,
    pub(crate) name: String,
    /// The engine's id: after a time without it, what bears the name may be another.
    pub(crate) container: String,
    /// As the request says it.
    pub(crate) image: String,
    pub(crate) exec: Exec,
    /// What the image is, if it was looked at before the container was made.
    pub(crate) known: Option<Arc<Facts>>,
    pub(crate) facts: UnboundedSender<Fact>,
    pub(crate) sink: Sink,
    pub(crate) ear: Ear,
    pub(crate) live: Arc<Live>,
    /// Given back at the end.
    pub(crate) lease: Option<Lease>,
    /// End with it.
    pub(crate) services: Vec<String>,
    /// The engine's generation when the container was started, or found.
    pub(crate) generation: Option<String>,
    /// It was restarted while we followed, and did not keep its containers running.
    pub(crate) restarted: bool,
    /// Told once `Started` was said.
    pub(crate) announced: Option<oneshot::Sender<()>>,
    pub(crate) heard: Memory,
    /// The container has ended; what that means is being found out.
    pub(crate) judging: Arc<AtomicBool>,
}

/// What the event stream said so far.
#[derive(Default)]
pub(crate) struct Memory {
    signalled: bool,
    died: Option<Timestamp>,
    destroyed: bool,
    paused: bool,
}

/// How we come to it.
pub(crate) enum Begin {
    /// We started it, and were attached before.
    Fresh(Source),
    /// It was there already, and was started by somebody.
    Found(Seen),
}

/// What ends a stretch of following.
enum Stretch {
    Over(Last),
    /// The engine went away under it.
    Broke(Timestamp),
    /// The attach ended, yet the container runs: its log goes on in the engine's record.
    Quiet,
}

/// The last thing that is known.
enum Last {
    Exit(Exit),
    Vanished,
    NoExitCode,
}

/// An attach ends before its container does: Docker says the end only when its own record has
/// taken up every line, for which it gives it 10 s. One that ended longer before was torn, or its
/// container closed its pipes.
const MOMENT: Duration = Duration::from_secs(11);

/// Follows to the end, and says it.
pub(crate) async fn follow(mut watched: Watched, begin: Begin) {
    let closing = watched.engine.closing.clone();
    tokio::select! {
        biased;
        () = closing.cancelled() => return,
        () = watched.see_through(begin) => {}
    }
    watched.engine.over(&watched.id);
}

impl Watched {
    async fn see_through(&mut self, begin: Begin) {
        let stretch = match begin {
            Begin::Fresh(source) => self.stretch(source).await,
            Begin::Found(seen) => self.found(seen).await,
        };
        let last = self.until_last(stretch).await;
        // The next attempt may have the sandbox before anybody hears of this end.
        self.lease = None;
        services::stop_soon(&self.engine, &self.id, &self.services);
        self.tell(match last {
            Last::Exit(exit) => Fact::Exited(exit),
            Last::Vanished => Fact::Vanished,
            Last::NoExitCode => Fact::NoExitCode,
        });
    }

    async fn until_last(&mut self, mut stretch: Stretch) -> Last {
        loop {
            stretch = match stretch {
                Stretch::Over(last) => return self.with_log_closed(last).await,
                Stretch::Quiet => self.replayed().await,
                Stretch::Broke(at) => self.after_break(at).await,
            };
        }
    }

    /// The log from its first byte on, out of the engine's record.
    async fn replayed(&mut self) -> Stretch {
        self.sink.replay().await;
        self.recorded(Wanted {
            follow: true,
            after: None,
        })
        .await
    }

    /// The log out of the engine's record. One that is followed may end before the last line, if
    /// that has no newline: what is behind is fetched when the container has ended.
    async fn recorded(&mut self, wanted: Wanted) -> Stretch {
        let stretch = self
            .stretch(source::record(&self.engine, &self.container, wanted))
            .await;
        if let Stretch::Over(_) = stretch {
            let wanted = Wanted {
                follow: false,
                ..wanted
            };
            let whole = source::record(&self.engine, &self.container, wanted);
            let rest = source::behind(whole, self.sink.taken());
            if !self.drain_whole(rest).await {
                self.read_again().await;
            }
        }
        stretch
    }

    /// Hands on a record to its end. It ends in the same way when the engine dies: only one that
    /// still answers told all.
    async fn drain_whole(&mut self, record: Source) -> bool {
        self.sink.drain(record).await == Drained::Closed && self.inspect().await.is_ok()
    }

    /// The end is known and its log was torn: reads the record until it is whole.
    async fn read_again(&mut self) {
        while self.look().await.seen.is_some() {
            self.sink.replay().await;
            let wanted = Wanted {
                follow: false,
                after: None,
            };
            let record = source::record(&self.engine, &self.container, wanted);
            if self.drain_whole(record).await {
                return;
            }
        }
    }

    /// Hands on the log and waits for the end, both at once.
    async fn stretch(&mut self, source: Source) -> Stretch {
        // The sink is lent to the pump; everything else stays with the one who waits.
        let (mut sink, _) = Sink::new(self.engine.brand);
        std::mem::swap(&mut sink, &mut self.sink);
        let (stretch, drained, sink) = self.pump_and_wait(sink, source).await;
        self.sink = sink;
        if matches!(stretch, Stretch::Over(_)) && drained == Some(Drained::Failed) {
            self.read_again().await;
        }
        stretch
    }

    async fn pump_and_wait(
        &mut self,
        mut sink: Sink,
        source: Source,
    ) -> (Stretch, Option<Drained>, Sink) {
        let clock = self.engine.clock.clone();
        let judging = self.judging.clone();
        let mut drained: Option<Drained> = None;
        let mut last: Option<Last> = None;
        let broke = {
            let mut pump = std::pin::pin!(sink.drain(source));
            let mut end = std::pin::pin!(self.end());
            loop {
                if drained.is_some() && last.is_some() {
                    break None;
                }
                tokio::select! {
                    biased;
                    ended = &mut end, if last.is_none() => match ended {
                        Ok(ended) => last = Some(ended),
                        Err(broke) => break Some(Stretch::Broke(broke)),
                    },
                    how = &mut pump, if drained.is_none() => drained = Some(how),
                    () = clock.sleep(MOMENT), if drained.is_some() && last.is_none() => {
                        if !judging.load(Ordering::SeqCst) {
                            break Some(Stretch::Quiet);
                        }
                    }
                }
            }
        };
        let stretch = match (broke, last) {
            (Some(broke), _) => broke,
            (None, Some(last)) => Stretch::Over(last),
            (None, None) => Stretch::Quiet,
        };
        (stretch, drained, sink)
    }

    /// Lets go of what the log keeps back, and finds out whether the command ever began.
    async fn with_log_closed(&mut self, last: Last) -> Last {
        let code = match &last {
            Last::Exit(exit) => Some(exit.code),
            Last::Vanished | Last::NoExitCode => None,
        };
        let words = self.sink.finish(code).await;
        match last {
            Last::Exit(exit) => {
                let bad_command = match words {
                    Some(words) => Some(match self.foreign(&words).await {
                        Some(sentence) => sentence,
                        None => ending::bad_command(&self.exec, &words),
                    }),
                    None => None,
                };
                Last::Exit(Exit {
                    bad_command,
                    ..exit
                })
            }
            other => other,
        }
    }

    /// Says that it started, of the image that was looked at for it. The engine answers no question
    /// about a container while it ends, which a short one does at once.
    async fn heard_start(&mut self, at: Timestamp) {
        let image = self.known.as_ref().map(|image| image.digest.clone());
        if image.is_none() {
            // Without an answer the wait breaks, too.
            self.introduce().await;
        } else if self.announced.is_some() {
            self.say_started(at, image).await;
        }
    }

    /// Says that it started, and of what image, as the engine knows it.
    async fn announce(&mut self, seen: &Seen) {
        if self.announced.is_none() {
            return;
        }
        let image = match &seen.image {
            Some(id) => image::digest(&self.engine, &self.image, id).await,
            None => None,
        };
        let at = seen.started.unwrap_or_else(|| self.engine.clock.now());
        self.say_started(at, image).await;
    }

    async fn say_started(&mut self, at: Timestamp, image: Option<String>) {
        let machine = self.engine.machine().await.ok();
        let node = machine.and_then(|machine| machine.name.clone());
        self.tell(Fact::Started(Started { at, image, node }));
        // The caller may have gone: it asks again, and finds the container.
        let _ = self.announced.take().map(|announced| announced.send(()));
    }

    async fn inspect(&self) -> Result<Option<Seen>, String> {
        match self.engine.inspect(&self.container).await {
            Ok(inspected) => Ok(Some(Seen::of(&inspected))),
            Err(error) => match remedy::kind(error) {
                Kind::Said(404, _) => Ok(None),
                Kind::Said(_, words) | Kind::Away(words) => Err(words),
            },
        }
    }

    fn tell(&self, fact: Fact) {
        // The driver may have ended: what is true is found again by the next one.
        let _ = self.facts.send(fact);
    }
}
