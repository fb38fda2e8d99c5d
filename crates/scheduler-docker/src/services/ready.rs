//! Waiting until services are ready.

use super::{One, follow::Ended, sandbox::Open, tell};
use crate::{
    collect,
    engine::{Engine, lock},
    remedy,
};
use gofer_core::run::Reason;
use gofer_scheduler::{Ensure, Error, Fact, Service, StartError};
use std::{sync::Arc, time::Duration};

/// Between two calls of `ready.command`, at first and at most.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Completes when every service that says when it is ready is so.
pub(super) async fn all(
    engine: &Arc<Engine>,
    request: &Ensure,
    each: &[One],
    open: &Open,
) -> Result<(), StartError> {
    let services = request.attempt.services.iter();
    let asked: Vec<(&Service, &One)> = services
        .zip(each)
        .filter(|(service, _)| service.ready_tcp.is_some() || service.ready_command.is_some())
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = asked
        .iter()
        .map(|(service, _)| service.name.as_str())
        .collect();
    let words = if names.len() == 1 {
        "service"
    } else {
        "services"
    };
    tell(
        request,
        Fact::Waiting(format!("waiting for {words} {}", names.join(", "))),
    );
    let waiting = asked.into_iter().map(|(service, one)| Waiting {
        engine,
        service,
        one,
        open: open.clone(),
    });
    let mut presence = engine.link.presence();
    tokio::select! {
        biased;
        waited = futures_util::future::try_join_all(waiting.map(Waiting::wait)) => waited.map(drop),
        _ = presence.wait_for(|presence| !presence.answering) => {
            Err(StartError::Away(remedy::away("its event stream broke")))
        }
    }
}

struct Waiting<'a> {
    engine: &'a Arc<Engine>,
    service: &'a Service,
    one: &'a One,
    open: Open,
}

impl Waiting<'_> {
    async fn wait(mut self) -> Result<(), StartError> {
        let mut ended = self.one.ended.clone();
        let limit = self.service.ready_timeout;
        let clock = self.engine.clock.clone();
        let one = self.one;
        // What the command said last.
        let mut said = String::new();
        let ended = async {
            let ended = ended.wait_for(Option::is_some).await;
            ended.ok().and_then(|ended| ended.clone())
        };
        tokio::select! {
            biased;
            ended = ended => Err(match ended {
                Some(ended) => failed(one, &ended_early(&ended)),
                None => StartError::Away("Gofer is ending".to_owned()),
            }),
            ready = self.ready(&mut said) => ready.map_err(|words| failed(one, &words)),
            () = clock.sleep(limit) => {
                let text = format!("was not ready within {}", shown(limit));
                Err(failed(one, &format!("{text}: {}", self.lacking(&said))))
            }
        }
    }

    async fn ready(&mut self, said: &mut String) -> Result<(), String> {
        if let Some(port) = self.service.ready_tcp {
            let is_over = self
                .open
                .wait_for(|open| open.contains(&port))
                .await
                .is_err();
            if is_over {
                std::future::pending::<()>().await;
            }
        }
        match &self.service.ready_command {
            Some(command) => self.succeeds(command, said).await,
            None => Ok(()),
        }
    }

    async fn succeeds(&self, command: &[String], said: &mut String) -> Result<(), String> {
        let mut pause = SHORTEST;
        loop {
            match collect::exec_in(self.engine, &self.one.container, command).await {
                Ok((0, _)) => return Ok(()),
                Ok((code, output)) => {
                    let output = String::from_utf8_lossy(&output);
                    let output = output.trim();
                    if is_no_command(code, output) {
                        return Err(format!(
                            "has no `ready.command` {command:?} in its image: {output}"
                        ));
                    }
                    *said = format!("`ready.command` exited with {code}: {}", short(output));
                }
                Err(Error::Failed(words)) if is_no_command(127, &words) => {
                    return Err(format!(
                        "has no `ready.command` {command:?} in its image: {words}"
                    ));
                }
                // It may have ended; if so, that is said in its place.
                Err(Error::Failed(words) | Error::Away(words) | Error::Unsupported(words)) => {
                    *said = format!("`ready.command` cannot be run: {words}");
                }
            }
            self.engine.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    fn lacking(&self, said: &str) -> String {
        match self.service.ready_tcp {
            Some(port) => format!("port {port} accepts no connection on localhost"),
            None if said.is_empty() => "`ready.command` did not end".to_owned(),
            None => said.to_owned(),
        }
    }
}

fn is_no_command(code: i32, words: &str) -> bool {
    matches!(code, 126 | 127)
        && [
            "executable file not found",
            "no such file or directory",
            "permission denied",
        ]
        .iter()
        .any(|piece| words.to_ascii_lowercase().contains(piece))
        && words.contains("exec")
}

fn short(text: &str) -> String {
    let text = text.lines().last().unwrap_or_default();
    text.chars().take(200).collect()
}

fn shown(limit: Duration) -> String {
    gofer_core::Span::from(limit).to_string()
}

fn ended_early(ended: &Ended) -> String {
    match (ended.code, &ended.words) {
        (_, Some(words)) => format!("has a command that cannot be executed: {words}"),
        (Some(code), None) => format!("ended with exit code {code} before it was ready"),
        (None, None) => "was removed before it was ready".to_owned(),
    }
}

fn failed(one: &One, words: &str) -> StartError {
    let lines = lock(&one.tail).lines();
    let name = &one.name;
    let text = if lines.is_empty() {
        format!("service {name} {words}; it wrote nothing")
    } else {
        format!("service {name} {words}\n{lines}")
    };
    remedy::failed(Reason::ServiceFailed, text)
}
