//! The words for where a run and a task are.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// A word that is no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownState {
    word: String,
    known: Vec<&'static str>,
}

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no state; the states are {}",
            self.word,
            self.known.join(", ")
        )
    }
}

impl std::error::Error for UnknownState {}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownState;

            fn from_str(word: &str) -> Result<Self, UnknownState> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(UnknownState {
                        word: word.to_owned(),
                        known: Self::ALL.iter().map(|state| state.as_str()).collect(),
                    }),
                }
            }
        }
    )*};
}

states! {
    /// Where a run is in its life.
    RunState {
        /// Stored, and waiting to be admitted.
        Queued = "queued",
        /// Some task may be on a scheduler.
        Running = "running",
        /// A stop was asked for; tasks are still ending.
        Cancelling = "cancelling",
        /// Every task that had to succeed did.
        Succeeded = "succeeded",
        /// A task failed, or the run's time was up.
        Failed = "failed",
        /// A person or a newer run ended it.
        Cancelled = "cancelled",
        /// There was nothing to do, or it never began.
        Skipped = "skipped",
    }

    /// Where a task, an item or an attempt is.
    TaskState {
        /// Not begun.
        Waiting = "waiting",
        /// Being made on the scheduler.
        Starting = "starting",
        /// Its container runs.
        Running = "running",
        /// Between two tries.
        Retrying = "retrying",
        /// A person has to answer.
        AwaitingApproval = "awaiting_approval",
        /// It did what it should.
        Succeeded = "succeeded",
        /// It did not.
        Failed = "failed",
        /// Its time was up.
        TimedOut = "timed_out",
        /// It was stopped, or never began because the run was.
        Cancelled = "cancelled",
        /// It was not to run.
        Skipped = "skipped",
        /// How it ended cannot be known.
        Lost = "lost",
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
        self.is_failure() || matches!(self, Self::Succeeded | Self::Cancelled | Self::Skipped)
    }

    /// It ended badly.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Lost)
    }
}
