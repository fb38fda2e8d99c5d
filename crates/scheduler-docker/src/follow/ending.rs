//! Learning the end from the engine while it is there.

use super::{Last, Seen, State, Watched};
use crate::{
    engine::Brand,
    link::Heard,
    remedy::{self, Kind},
};
use bollard::{errors::Error, query_parameters::WaitContainerOptionsBuilder};
use futures_util::StreamExt;
use gofer_core::{Timestamp, container::Exec};
use gofer_scheduler::{Exit, Fact};
use std::{sync::atomic::Ordering, time::Duration};

/// The events of an end come in order, a moment after the wait is answered.
const EVENTS_LAG: Duration = Duration::from_millis(100);
/// Podman looks at its file of events four times a second, and a stream of them may just be opened
/// anew.
const PODMAN_LAG: Duration = Duration::from_secs(3);

/// How often an end of 137 is looked at before it is taken as somebody's `kill`.
const OOM_LOOKS: u32 = 20;
/// How often one of 143 on Podman, which may be removing what it ended.
const REMOVAL_LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// The event of a start comes with its answer; one that is this late was lost.
const START_LAG: Duration = Duration::from_secs(1);

/// From the end of its containers to its own.
const LEAVING: Duration = Duration::from_secs(2);

/// What the one answer of a wait says.
enum Answer {
    Code(i32),
    Gone,
    Broke,
}

impl Watched {
    /// Waits for the container's end. `Err`: the engine went away, at this time.
    pub(super) async fn end(&mut self) -> Result<Last, Timestamp> {
        let answer = self.wait().await;
        if !matches!(answer, Answer::Broke) && !self.introduce().await {
            return Err(self.engine.clock.now());
        }
        match answer {
            Answer::Gone => Ok(Last::Vanished),
            Answer::Broke => Err(self.engine.clock.now()),
            Answer::Code(code) => {
                self.judging.store(true, Ordering::SeqCst);
                let judged = self.judge(code).await;
                self.judging.store(false, Ordering::SeqCst);
                judged
            }
        }
    }

    /// Says that it started, if that was not heard. False: the engine does not answer.
    pub(super) async fn introduce(&mut self) -> bool {
        if self.announced.is_none() {
            return true;
        }
        match self.inspect().await {
            Ok(Some(seen)) => self.announce(&seen).await,
            // Gone before anybody looked.
            Ok(None) => {}
            Err(_) => return false,
        }
        true
    }

    async fn wait(&mut self) -> Answer {
        // Not `next-exit`: a container that has ended already would never answer.
        let options = WaitContainerOptionsBuilder::new()
            .condition("not-running")
            .build();
        let mut wait = self
            .engine
            .patient
            .wait_container(&self.container, Some(options))
            .boxed();
        let clock = self.engine.clock.clone();
        let mut unheard = std::pin::pin!(clock.sleep(START_LAG));
        let mut was_looked_at = false;
        loop {
            tokio::select! {
                biased;
                heard = self.ear.hear() => {
                    self.hear(heard);
                    if let Heard::Started { at } = heard {
                        self.heard_start(at).await;
                    }
                    // Some 5 ms before the wait is answered, and behind every signal.
                    if let Heard::Died { code: Some(code), .. } = heard {
                        return Answer::Code(code);
                    }
                }
                answer = wait.next() => return read(answer),
                () = &mut unheard, if !was_looked_at => {
                    was_looked_at = true;
                    // An engine that does not answer breaks the wait, too.
                    self.introduce().await;
                }
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Paused if !self.heard.paused => {
                self.heard.paused = true;
                self.tell(Fact::Paused(paused(&self.name)));
            }
            Heard::Resumed if self.heard.paused => {
                self.heard.paused = false;
                self.tell(Fact::Resumed);
            }
            Heard::Signalled => self.heard.signalled |= !self.live.is_asked(),
            Heard::Died { at, .. } => self.heard.died = Some(at),
            Heard::Destroyed => self.heard.destroyed = true,
            Heard::Created { at } => self.engine.made.date(&self.id, at),
            Heard::Started { .. } | Heard::Paused | Heard::Resumed => {}
        }
    }

    pub(super) fn show_pause(&mut self, state: State) {
        match state {
            State::Paused => self.hear(Heard::Paused),
            _ => self.hear(Heard::Resumed),
        }
    }

    /// Makes an exit of a code, with all that the engine said about it until now.
    async fn judge(&mut self, code: i32) -> Result<Last, Timestamp> {
        self.hear_all().await;
        let stopped_outside = self.heard.signalled && !self.live.is_asked();
        if is_suspicious(code) && self.is_engine_leaving(stopped_outside).await {
            // Its last words: what is true shows when it is back.
            return Err(self.engine.clock.now());
        }
        let memory = code == 137;
        let mut exit = Exit {
            at: self.heard.died.unwrap_or_else(|| self.engine.clock.now()),
            code,
            out_of_memory: false,
            engine_restarted: false,
            stopped_outside,
            bad_command: None,
        };
        let is_podman = self.engine.brand == Brand::Podman;
        let is_unexplained = !stopped_outside && !self.live.is_asked();
        // What was removed and says 0 has no outputs to collect, which ends it as well.
        let may_be_removed = is_podman && is_unexplained && matches!(code, 137 | 143);
        if memory || may_be_removed || self.heard.died.is_none() {
            let looks = match code {
                143 if may_be_removed => REMOVAL_LOOKS,
                137 if is_unexplained => OOM_LOOKS,
                _ => 1,
            };
            match self.seen_at_end(looks).await {
                Ok(Some(seen)) => {
                    exit.out_of_memory = memory && seen.out_of_memory;
                    exit.at = seen.finished.unwrap_or(exit.at);
                }
                // No event of Podman's tells of the signal by which it ends what it removes.
                Ok(None) => exit.stopped_outside |= may_be_removed,
                // Its code is known all the same.
                Err(_) => {}
            }
        }
        Ok(Last::Exit(exit))
    }

    /// What the engine says now. It learns of memory that ran out beside the end, not before it,
    /// and Podman removes after the end: one that nothing explains is looked at again.
    async fn seen_at_end(&self, mut looks: u32) -> Result<Option<Seen>, String> {
        loop {
            let seen = self.inspect().await;
            looks -= 1;
            let is_plain = matches!(&seen, Ok(Some(seen)) if !seen.out_of_memory);
            // On its way out it cannot be looked at.
            if looks == 0 || !(is_plain || seen.is_err()) {
                return seen;
            }
            self.engine.clock.sleep(PAUSE).await;
        }
    }

    /// An engine that is told to end stops its containers first, while it still answers: a signal
    /// that is not ours may be its own.
    async fn is_engine_leaving(&self, stopped_outside: bool) -> bool {
        let clock = &self.engine.clock;
        let mut presence = self.engine.link.presence();
        if !stopped_outside {
            return !presence.borrow().answering;
        }
        tokio::select! {
            biased;
            _ = presence.wait_for(|presence| !presence.answering) => true,
            () = clock.sleep(LEAVING) => false,
        }
    }

    /// Reads the event stream up to the death, so that a signal before it is not missed.
    async fn hear_all(&mut self) {
        let clock = self.engine.clock.clone();
        let mut presence = self.engine.link.presence();
        let lag = match self.engine.brand {
            Brand::Docker => EVENTS_LAG,
            Brand::Podman => PODMAN_LAG,
        };
        let mut late = std::pin::pin!(clock.sleep(lag));
        while self.heard.died.is_none() {
            tokio::select! {
                biased;
                heard = self.ear.hear() => self.hear(heard),
                _ = presence.wait_for(|presence| !presence.answering) => return,
                () = &mut late => return,
            }
        }
    }
}

fn read(answer: Option<Result<bollard::models::ContainerWaitResponse, Error>>) -> Answer {
    let code = match answer {
        Some(Ok(answer)) if answer.error.is_none() => answer.status_code,
        Some(Err(Error::DockerContainerWaitError { error, code })) if error.is_empty() => code,
        Some(Err(error)) => {
            return match remedy::kind(error) {
                Kind::Said(404, _) => Answer::Gone,
                Kind::Said(..) | Kind::Away(_) => Answer::Broke,
            };
        }
        Some(Ok(_)) | None => return Answer::Broke,
    };
    match i32::try_from(code) {
        Ok(code) if code >= 0 => Answer::Code(code),
        _ => Answer::Broke,
    }
}

/// Codes that an engine also gives to what it ended itself, or knows nothing of.
pub(super) fn is_suspicious(code: i32) -> bool {
    matches!(code, 0 | 137 | 143 | 255)
}

fn paused(name: &str) -> String {
    format!("paused outside Gofer (docker unpause {name} lets it go on)")
}

/// The init's words about a command, and what to do.
pub(super) fn bad_command(exec: &Exec, words: &str) -> String {
    if words.contains("fork failed") {
        return format!(
            "the container may not have another process: raise the engine's limit on processes, \
             or end some of this user ({words})"
        );
    }
    let own_interpreter = matches!(exec, Exec::Script(script) if script.starts_with("#!"));
    match exec {
        Exec::Script(_) if own_interpreter => {
            format!(
                "the script's first line names a program that the image does not have ({words})"
            )
        }
        Exec::Script(_) => {
            format!("the image has no /bin/sh: use `command`, or an image with a shell ({words})")
        }
        Exec::Argv { .. } if words.contains("Permission denied") => {
            format!("the command is not executable in the image ({words})")
        }
        Exec::Argv { .. } if words.contains("No such file") => {
            format!("the image does not have the command ({words})")
        }
        Exec::Argv { .. } => format!("the command cannot be executed ({words})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerWaitExitError, ContainerWaitResponse};

    #[test]
    fn only_a_code_without_an_error_is_an_exit() {
        let response = |status_code, error: Option<&str>| ContainerWaitResponse {
            status_code,
            error: error.map(|text| ContainerWaitExitError {
                message: Some(text.to_owned()),
            }),
        };
        assert!(matches!(read(Some(Ok(response(0, None)))), Answer::Code(0)));
        let three = Error::DockerContainerWaitError {
            error: String::new(),
            code: 3,
        };
        assert!(matches!(read(Some(Err(three))), Answer::Code(3)));
        assert!(matches!(
            read(Some(Ok(response(0, Some("canceled"))))),
            Answer::Broke
        ));
        assert!(matches!(read(Some(Ok(response(-1, None)))), Answer::Broke));
        assert!(matches!(read(None), Answer::Broke));
    }

    #[test]
    fn a_bad_command_says_what_to_do() {
        let script = Exec::Script("echo".to_owned());
        assert!(bad_command(&script, "exec /bin/sh failed").contains("use `command`"));
        let script = Exec::Script("#!/bin/nosuch".to_owned());
        assert!(bad_command(&script, "exec failed").contains("first line"));
        let argv = Exec::Argv {
            entrypoint: None,
            command: None,
        };
        assert!(bad_command(&argv, "exec /x failed: Permission denied").contains("not executable"));
    }
}
