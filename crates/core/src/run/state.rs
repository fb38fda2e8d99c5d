//! The words for where a run and a task are, and why they ended. Each has a stable number, which
//! is what the store keeps.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word used in files, the API and the command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The number kept in the store; it never changes its meaning.
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            /// The word with this number.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    )*};
}

words! {
    /// Where a run is in its life. A run only ever moves down this list, except by a rerun.
    RunState {
        /// Stored, and waiting to be admitted.
        Queued = 0 "queued",
        /// Some task may be on a scheduler.
        Running = 1 "running",
        /// A stop was asked for; tasks are still ending.
        Cancelling = 2 "cancelling",
        /// Every task that had to succeed did.
        Succeeded = 10 "succeeded",
        /// A task failed, or the run's time was up.
        Failed = 11 "failed",
        /// A person or a newer run ended it.
        Cancelled = 12 "cancelled",
        /// There was nothing to do, or it never began.
        Skipped = 13 "skipped",
    }

    /// Why a run ended as it did.
    RunReason {
        /// The run's `timeout` was reached.
        TimedOut = 1 "timed_out",
        /// A task failed, timed out or was lost without `allow_failure`.
        TaskFailed = 2 "task_failed",
        /// All ordinary tasks were skipped.
        NothingToDo = 3 "nothing_to_do",
        /// A person cancelled it.
        ByPerson = 4 "by_person",
        /// A newer run replaced it.
        Replaced = 5 "replaced",
        /// Another run was going on.
        Overlap = 6 "overlap",
        /// Too many were waiting.
        QueueFull = 7 "queue_full",
        /// The calendar said no.
        Calendar = 8 "calendar",
        /// No server ran at its time.
        Missed = 9 "missed",
    }

    /// Where a task, an item or an attempt is.
    TaskState {
        /// Not begun.
        Waiting = 0 "waiting",
        /// Stored, and being made on the scheduler.
        Starting = 1 "starting",
        /// Its container runs.
        Running = 2 "running",
        /// Between two tries.
        Retrying = 3 "retrying",
        /// A person has to answer.
        AwaitingApproval = 4 "awaiting_approval",
        /// It did what it should.
        Succeeded = 10 "succeeded",
        /// It did not.
        Failed = 11 "failed",
        /// Its time was up.
        TimedOut = 12 "timed_out",
        /// It was stopped, or never began because the run was.
        Cancelled = 13 "cancelled",
        /// It was not to run.
        Skipped = 14 "skipped",
        /// How it ended cannot be known.
        Lost = 15 "lost",
    }

    /// Why a task, an item or an attempt ended as it did.
    Reason {
        /// `when` was false.
        ConditionFalse = 1 "condition_false",
        /// A parent was skipped.
        UpstreamSkipped = 2 "upstream_skipped",
        /// A parent failed, or is behind a failure.
        UpstreamFailed = 3 "upstream_failed",
        /// A failure handler that was not needed.
        UpstreamSucceeded = 4 "upstream_succeeded",
        /// The run is about other tasks.
        NotSelected = 5 "not_selected",
        /// An item that a rerun did not find in the list any more.
        NotInList = 6 "not_in_list",
        /// The command exited with another code than 0.
        ExitCode = 20 "exit_code",
        /// Killed for memory.
        OutOfMemory = 21 "out_of_memory",
        /// No such image.
        ImageNotFound = 22 "image_not_found",
        /// The command does not exist or cannot be executed.
        BadCommand = 23 "bad_command",
        /// The container could not be started.
        StartFailed = 24 "start_failed",
        /// A service ended or never became ready.
        ServiceFailed = 25 "service_failed",
        /// A value that it needs is not there.
        MissingValue = 26 "missing_value",
        /// What it wrote to `$GOFER_OUTPUT` cannot be read.
        BadOutputs = 27 "bad_outputs",
        /// `when` could not be evaluated.
        WhenError = 28 "when_error",
        /// `for_each` did not get a JSON list.
        NotAList = 29 "not_a_list",
        /// `for_each` got too long a list.
        TooManyItems = 30 "too_many_items",
        /// A person said no.
        Rejected = 31 "rejected",
        /// The called pipeline failed.
        ChildFailed = 32 "child_failed",
        /// The registry refused us.
        Unauthorized = 33 "unauthorized",
        /// The image is for another platform.
        WrongPlatform = 34 "wrong_platform",
        /// The engine's disk is full.
        NoSpace = 35 "no_space",
        /// Too many processes.
        PidsExhausted = 36 "pids_exhausted",
        /// Somebody else stopped the container.
        StoppedOutside = 37 "stopped_outside",
        /// Too many or too large artifacts.
        ArtifactsTooLarge = 38 "artifacts_too_large",
        /// The engine failed us.
        EngineError = 39 "engine_error",
        /// Its `timeout` was reached.
        Timeout = 50 "timeout",
        /// The engine restarted under it.
        EngineRestarted = 60 "engine_restarted",
        /// The container is gone.
        ContainerVanished = 61 "container_vanished",
        /// The engine has no exit code.
        NoExitCode = 62 "no_exit_code",
        /// The run was cancelled by a person.
        RunCancelled = 70 "run_cancelled",
        /// The run was replaced.
        RunReplaced = 71 "run_replaced",
        /// The run's time was up.
        RunTimedOut = 72 "run_timed_out",
        /// A fan-out over nothing.
        NoItems = 80 "no_items",
        /// An earlier result was taken.
        Cached = 81 "cached",
    }
}

impl RunState {
    /// Nothing about the run changes any more.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Skipped
        )
    }
}

impl TaskState {
    /// Nothing about it changes any more.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Succeeded
                | Self::Failed
                | Self::TimedOut
                | Self::Cancelled
                | Self::Skipped
                | Self::Lost
        )
    }

    /// It ended badly.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Lost)
    }

    /// A container may exist.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }
}
