//! Looking again: after the engine was away, and at a container that was there before us.

use super::{Last, Seen, State, Stretch, Watched, ending::is_suspicious};
use crate::{
    link::{self, Backoff},
    machine, remedy,
    source::{self, Wanted},
};
use gofer_core::Timestamp;
use gofer_scheduler::{Exit, Fact};

/// What is true now, and what the engine says its generation is.
pub(super) struct Truth {
    pub(super) seen: Option<Seen>,
    generation: Option<String>,
}

impl Watched {
    /// A container that somebody started before us.
    pub(super) async fn found(&mut self, seen: Seen) -> Stretch {
        self.announce(&seen).await;
        if seen.state == State::Ended {
            // The event stream may not have noticed yet that this is another engine.
            let truth = self.look().await;
            let Some(seen) = truth.seen else {
                return self.gone().await;
            };
            self.generation = truth.generation;
            self.restarted |= is_older(seen.started, self.generation.as_deref());
            return self.ended(&seen, None).await;
        }
        self.show_pause(seen.state);
        self.replayed().await
    }

    /// The engine went away at `broke`: waits until it is back, and goes on with what is true then.
    pub(super) async fn after_break(&mut self, broke: Timestamp) -> Stretch {
        let truth = self.look().await;
        let Some(seen) = truth.seen else {
            return self.gone().await;
        };
        self.announce(&seen).await;
        // For good: a second break on the way must not make the exit believable again.
        self.restarted |= truth.generation != self.generation
            || (truth.generation.is_none() && self.engine.brand == crate::Brand::Docker);
        self.generation = truth.generation;
        // With live-restore a restart does not show, and its log may miss what we had.
        let live_restore = machine::has_live_restore(&self.engine)
            .await
            .unwrap_or(true);
        let after = (self.restarted || live_restore).then_some(broke);
        if seen.state == State::Ended {
            return self.ended(&seen, after).await;
        }
        self.show_pause(seen.state);
        let Some(after) = after else {
            return self.replayed().await;
        };
        self.sink.broken().await;
        let wanted = Wanted {
            follow: true,
            after: Some(after),
        };
        self.recorded(wanted).await
    }

    /// It went while we did not read: what it wrote last may be missing.
    async fn gone(&mut self) -> Stretch {
        self.sink.broken().await;
        Stretch::Over(Last::Vanished)
    }

    pub(super) async fn look(&mut self) -> Truth {
        let mut backoff = Backoff::new();
        let mut told = false;
        loop {
            let looked = match self.inspect().await {
                Ok(seen) => match link::generation(&self.engine.docker, self.engine.brand).await {
                    Ok(generation) => Ok(Truth { seen, generation }),
                    Err(error) => Err(remedy::chain(&error)),
                },
                Err(words) => Err(words),
            };
            match looked {
                Ok(truth) => {
                    if told {
                        self.tell(Fact::Back);
                    }
                    return truth;
                }
                Err(words) => {
                    if !told {
                        self.tell(Fact::Away(remedy::away(&words)));
                        told = true;
                    }
                    backoff.pause(&self.engine).await;
                }
            }
        }
    }

    /// It has ended, and we were not there.
    async fn ended(&mut self, seen: &Seen, after: Option<Timestamp>) -> Stretch {
        match after {
            Some(_) => self.sink.broken().await,
            None => self.sink.replay().await,
        }
        let wanted = Wanted {
            follow: false,
            after,
        };
        let record = source::record(&self.engine, &self.container, wanted);
        if !self.drain_whole(record).await {
            return Stretch::Broke(self.engine.clock.now());
        }
        let Some(code) = seen.code else {
            return Stretch::Over(Last::NoExitCode);
        };
        let engine_restarted = self.restarted && is_suspicious(code);
        let exit = Exit {
            at: seen.finished.unwrap_or_else(|| self.engine.clock.now()),
            code,
            out_of_memory: code == 137 && seen.out_of_memory,
            engine_restarted,
            // Its signals are the engine's own then.
            stopped_outside: self.heard.signalled && !self.live.is_asked() && !engine_restarted,
            bad_command: None,
        };
        Stretch::Over(Last::Exit(exit))
    }
}

/// Whether the container is older than the engine: then an engine that stopped it, or lost it, may
/// have made its exit.
fn is_older(started: Option<Timestamp>, generation: Option<&str>) -> bool {
    let born: Option<Timestamp> = generation.and_then(|text| text.parse().ok());
    match (started, born) {
        (Some(started), Some(born)) => started < born,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_is_older_than_its_engine_was_there_for_a_restart() {
        let at = |text: &str| Some(text.parse().unwrap());
        let born = Some("2026-11-24T09:02:08.049264156Z");
        assert!(is_older(at("2026-11-24T09:02:08Z"), born));
        assert!(!is_older(at("2026-11-24T09:02:09Z"), born));
        assert!(!is_older(None, born));
        assert!(!is_older(at("2026-11-24T09:02:09Z"), None));
    }
}
