//! The log of one container as one connection sees it, and the facts along the way.

use super::{
    call::Line,
    container::{Container, End},
    teller::Teller,
};
use crate::{Exit, Fact, LogEvent};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use gofer_core::{Timestamp, id::AttemptId};

pub(super) struct Follower {
    line: Line,
    attempt: AttemptId,
    /// Which of those that ever had its name.
    serial: u64,
    teller: Teller,
    /// Changes of the machine that were looked at.
    seen: u64,
    /// Pieces handed over, or passed over after a break.
    given: usize,
    generation: u64,
    is_paused: bool,
    phase: Phase,
    /// The last fact was said.
    has_ended: bool,
    last_away: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has to say that it begins with the first byte.
    Replay,
    Live,
    Over,
}

impl Follower {
    pub(super) fn new(line: Line, of: &Container, teller: Teller, replay: bool) -> Self {
        let generation = line.machine.generation().0;
        Self {
            line,
            attempt: of.attempt.clone(),
            serial: of.serial,
            teller,
            seen: 0,
            given: 0,
            generation,
            is_paused: false,
            phase: if replay { Phase::Replay } else { Phase::Live },
            has_ended: false,
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

    fn look(&self) -> Option<Container> {
        let found = self.line.machine.look(self.line.store, &self.attempt);
        found.filter(|container| container.serial == self.serial)
    }

    async fn next(&mut self) -> Option<LogEvent> {
        if self.phase == Phase::Replay {
            self.phase = Phase::Live;
            return Some(LogEvent::Replay);
        }
        while self.phase != Phase::Over {
            if let Some(broken) = self.mind_the_engine().await {
                return Some(broken);
            }
            self.seen = self.line.machine.changes();
            let Some(container) = self.look() else {
                self.last(Fact::Vanished);
                self.phase = Phase::Over;
                // Nobody can tell whether that was all of its log.
                return Some(LogEvent::Broken);
            };
            self.mind_pauses(&container);
            if let Some(event) = self.piece(&container).await {
                return Some(event);
            }
            if self.given < container.written.len() {
                continue;
            }
            match container.end {
                Some(end) => {
                    self.line.world.pause("exit").await;
                    self.ended(&container, end);
                    self.phase = Phase::Over;
                }
                None => self.wait(&container).await,
            }
        }
        None
    }

    /// The next piece of the log, or what came of it.
    async fn piece(&mut self, container: &Container) -> Option<LogEvent> {
        let (at, stream, bytes) = container.written.get(self.given).cloned()?;
        let world = self.line.world.clone();
        if world.mishap("log_broken") {
            // What was written before the connection stands again is not handed over.
            self.given += usize::from(world.mishap("log_lost"));
            return Some(LogEvent::Broken);
        }
        if let Some(end) = container.end.filter(|_| !self.has_ended)
            && world.mishap("exit_first")
        {
            self.ended(container, end);
        }
        if self.has_ended && world.mishap("log_silent") {
            std::future::pending::<()>().await;
        }
        world.pause("log").await;
        self.given += 1;
        let (at, bytes) = (world.shown(at), Bytes::from(bytes));
        Some(LogEvent::Bytes { stream, at, bytes })
    }

    fn ended(&mut self, container: &Container, end: End) {
        let by_itself = !end.by_engine && !end.by_others && !end.by_us;
        let program = &container.program;
        let exit = Exit {
            at: self.line.world.shown(end.at),
            code: end.code,
            out_of_memory: by_itself && program.out_of_memory,
            engine_restarted: end.by_engine,
            stopped_outside: end.by_others,
            bad_command: program.bad_command.clone().filter(|_| by_itself),
        };
        if !self.has_ended && self.line.world.mishap("no_exit_code") {
            self.last(Fact::NoExitCode);
        } else {
            self.last(Fact::Exited(exit));
        }
    }

    fn last(&mut self, fact: Fact) {
        if !std::mem::replace(&mut self.has_ended, true) {
            self.teller.say(fact);
        }
    }

    fn mind_pauses(&mut self, container: &Container) {
        if container.paused.is_some() == self.is_paused {
            return;
        }
        self.is_paused = !self.is_paused;
        self.teller.note(if self.is_paused {
            Fact::Paused("paused outside Gofer".to_owned())
        } else {
            Fact::Resumed
        });
    }

    async fn mind_the_engine(&mut self) -> Option<LogEvent> {
        if let Some(until) = self.line.machine.away_until() {
            if self.last_away != Some(until) {
                self.last_away = Some(until);
                self.teller
                    .note(Fact::Away("the engine does not answer".to_owned()));
            }
            self.line.world.until(until).await;
            return None;
        }
        let (generation, broke_at) = self.line.machine.generation();
        if generation == self.generation {
            return None;
        }
        self.generation = generation;
        self.teller.note(Fact::Back);
        // What was written up to the break and not handed over is not handed over any more.
        if let Some(container) = self.look() {
            let known = container.written.iter();
            let old = known
                .filter(|(at, ..)| broke_at.is_some_and(|broke| *at <= broke))
                .count();
            self.given = self.given.max(old);
        }
        Some(LogEvent::Broken)
    }

    async fn wait(&self, container: &Container) {
        let ends = container.coming_end().map(|end| end.at);
        let order = self.line.machine.next_order(self.line.store, &self.attempt);
        let due = [ends, container.next_piece(), order]
            .into_iter()
            .flatten()
            .min();
        let alarm = async {
            match due {
                Some(due) => self.line.world.until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.line.machine.changed(self.seen) => {}
            () = alarm => {}
        }
    }
}
