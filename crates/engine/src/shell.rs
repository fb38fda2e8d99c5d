//! A person in a task: while it runs, or in what is kept of it.

use crate::{Engine, Error, tidy::LONGEST_KEPT};
use gofer_core::{
    id::{AttemptId, RunId},
    run::{Attempt, Key, MOST_KEPT, Stage, TaskState},
};
use gofer_scheduler::{Error as Failed, Session, Shell, Size};

/// What somebody wants to do in a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// In which task or item.
    pub key: Key,
    /// In which attempt; the last one unless said.
    pub attempt: Option<u32>,
    /// Empty: a shell.
    pub command: Vec<String>,
    /// A terminal of this size; without one both streams come apart.
    pub terminal: Option<Size>,
}

impl Engine {
    /// Runs a command in an attempt, with its environment, user, files and working folder.
    pub async fn shell(&self, run: RunId, visit: Visit) -> Result<(u32, Session), Error> {
        let Visit {
            key,
            attempt,
            command,
            terminal,
        } = visit;
        let row = self.store().run(run).await?;
        let attempts = self.store().attempts(run, &key).await?;
        let name = match key.item {
            Some(item) => format!("{}/{}/{}/{item}", row.pipeline, row.number, key.task),
            None => format!("{}/{}/{}", row.pipeline, row.number, key.task),
        };
        let found = match attempt {
            Some(number) => attempts.iter().find(|attempt| attempt.number == number),
            None => attempts.last(),
        };
        let found = found.ok_or_else(|| {
            Error::NoShell(match attempt {
                Some(number) => format!("{name} has no attempt {number}"),
                None => format!("{name} has not begun, so there is nothing to look into"),
            })
        })?;
        if let Some(why) = self.why_not(&name, found, &attempts) {
            return Err(Error::NoShell(why));
        }
        let number = found.number;
        let id = AttemptId {
            run,
            task: key.task,
            item: key.item,
            number,
        };
        let shell = Shell {
            owner: self.store().instance(),
            command,
            terminal,
        };
        match self.driven.parts.scheduler.shell(&id, shell).await {
            Ok(session) => Ok((number, session)),
            Err(Failed::Away(why)) => Err(Error::Away(why)),
            Err(Failed::Failed(why) | Failed::Unsupported(why)) => {
                Err(Error::NoShell(format!("{name}: {why}")))
            }
        }
    }

    /// Why nothing can be run in an attempt, if nothing can.
    fn why_not(&self, name: &str, found: &Attempt, all: &[Attempt]) -> Option<String> {
        let number = found.number;
        match (found.state, found.stage) {
            (TaskState::Starting, _) => Some(format!(
                "{name} is still starting: try again when its container runs"
            )),
            (TaskState::Running, _) | (_, Stage::Kept) => None,
            (TaskState::Succeeded, _) => Some(format!(
                "{name} succeeded, and only what fails is kept for a look"
            )),
            (TaskState::Cancelled, _) => Some(format!(
                "{name} was cancelled, and only what fails by itself is kept for a look"
            )),
            _ if found.started_at.is_none() => Some(format!(
                "the container of {name} never ran, so there is nothing to look into"
            )),
            _ if all.last().is_some_and(|last| last.number != number) => Some(format!(
                "attempt {number} of {name} is not kept: only that of the last one is"
            )),
            _ => {
                let age = found.ended_at.map(|at| self.now().duration_since(at));
                let is_old = age.is_some_and(|age| age.unsigned_abs() > LONGEST_KEPT);
                let hours = LONGEST_KEPT.as_secs() / 3_600;
                Some(if is_old {
                    format!("{name} failed more than {hours} h ago: what it left is kept no longer")
                } else {
                    format!(
                        "nothing is kept of {name} any more: the newest {MOST_KEPT} failures are, for {hours} h, until `gofer clean`"
                    )
                })
            }
        }
    }
}
