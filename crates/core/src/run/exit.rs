//! How a container ended, as its scheduler saw it, and what that means.

use super::{Reason, TaskState};
use crate::planted;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How an attempt came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The engine reported an exit.
    Exited(Exit),
    /// The container is not there any more and nobody saw it end.
    Vanished,
    /// The engine says that it ended, but has no exit code.
    NoExitCode,
    /// It never ran: the reason and a sentence.
    NotStarted(Reason, String),
    /// It cannot run, now or ever, as with a name that cannot be an image's.
    CannotStart(Reason, String),
}

/// An exit as the engine reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// When, as the engine says.
    pub at: Timestamp,
    /// The code; never a guess.
    pub code: i32,
    /// The engine says that memory ran out.
    pub out_of_memory: bool,
    /// The engine was away when it ended, and did not keep its containers running meanwhile.
    pub engine_restarted: bool,
    /// Somebody else sent it a signal or stopped it.
    pub stopped_outside: bool,
    /// The container's init could not execute the command; its own words.
    pub bad_command: Option<String>,
}

/// The system's own words when a process cannot be had.
const NO_PROCESS: &str = "Resource temporarily unavailable";

/// How a sentence in [`Exit::bad_command`] begins if no try can help.
pub const OTHER_PLATFORM: &str = "the image is made for another platform";

/// The state, the reason and the sentence that an ending comes to.
pub(super) struct Verdict {
    pub(super) state: TaskState,
    pub(super) reason: Option<Reason>,
    pub(super) message: Option<String>,
    /// Whatever `retry` says, there is no other try.
    pub(super) is_final: bool,
}

impl Verdict {
    pub(super) fn new(state: TaskState, reason: Option<Reason>, message: Option<String>) -> Self {
        Self {
            state,
            reason,
            message,
            is_final: false,
        }
    }

    fn because(state: TaskState, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(state, Some(reason), Some(message.into()))
    }

    pub(super) fn cancelled((reason, why): (Reason, &str)) -> Self {
        Self::because(TaskState::Cancelled, reason, why)
    }

    pub(super) fn timed_out() -> Self {
        let message = "it ran for longer than its `timeout` and was stopped";
        Self::because(TaskState::TimedOut, Reason::Timeout, message)
    }
}

/// What an ending means that nobody asked for. Never a guess: what cannot be known is `lost`.
pub(super) fn judge(
    ending: &Ending,
    bad_outputs: Option<&String>,
    bad_artifacts: Option<&(Reason, String)>,
) -> Verdict {
    use TaskState::{Failed, Lost};
    match ending {
        Ending::NotStarted(reason, message) => Verdict::because(Failed, *reason, message.as_str()),
        Ending::CannotStart(reason, message) => Verdict {
            is_final: true,
            ..Verdict::because(Failed, *reason, message.as_str())
        },
        Ending::Vanished => Verdict::because(
            Lost,
            Reason::ContainerVanished,
            "its container was removed by somebody else before its exit was seen",
        ),
        Ending::NoExitCode => Verdict::because(
            Lost,
            Reason::NoExitCode,
            "its container ended, but the engine has no exit code for it",
        ),
        Ending::Exited(exit) => {
            let outputs = bad_outputs.map(|why| (Reason::BadOutputs, why));
            let artifacts = bad_artifacts.map(|(reason, why)| (*reason, why));
            judge_exit(exit, outputs.or(artifacts))
        }
    }
}

/// `bad` is why what it handed on cannot be used.
fn judge_exit(exit: &Exit, bad: Option<(Reason, &String)>) -> Verdict {
    use TaskState::{Failed, Lost, Succeeded};
    let code = exit.code;
    // An engine that comes back sends TERM to what still runs, so a job that never finished may
    // report 0.
    if exit.engine_restarted && !planted::is(4) && matches!(code, 0 | 137 | 143 | 255) {
        let message = format!(
            "the engine restarted while it ran and then reported exit code {code}, which it also \
             reports for jobs that it ended itself"
        );
        return Verdict::because(Lost, Reason::EngineRestarted, message);
    }
    if exit.stopped_outside {
        let message = format!("somebody else stopped its container; it exited with code {code}");
        return Verdict::because(Failed, Reason::StoppedOutside, message);
    }
    if let Some(words) = &exit.bad_command {
        if words.starts_with(OTHER_PLATFORM) {
            return Verdict {
                is_final: true,
                ..Verdict::because(Failed, Reason::WrongPlatform, words.as_str())
            };
        }
        let reason = if words.contains(NO_PROCESS) {
            Reason::PidsExhausted
        } else {
            Reason::BadCommand
        };
        return Verdict::because(Failed, reason, words.as_str());
    }
    if code == 137 && exit.out_of_memory {
        let message = "it was killed because it used more memory than `resources.memory` allows";
        return Verdict::because(Failed, Reason::OutOfMemory, message);
    }
    match (code, bad) {
        (0, None) => Verdict::new(Succeeded, None, None),
        (0, Some((reason, why))) => Verdict::because(Failed, reason, why.as_str()),
        (_, _) if exit.out_of_memory => Verdict::because(
            Failed,
            Reason::ExitCode,
            format!("it exited with code {code}; a process of it was killed for memory"),
        ),
        // Its handlers would have it, so it is said that there is nothing to have.
        (_, Some((_, why))) => Verdict::because(
            Failed,
            Reason::ExitCode,
            format!("it exited with code {code}; {why}"),
        ),
        (_, None) => Verdict::because(
            Failed,
            Reason::ExitCode,
            format!("it exited with code {code}"),
        ),
    }
}
