//! Identities. They are made at the composition root and come in as arguments.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// One data directory, for life. Every container of ours carries it.
    StoreId;
    /// One process that may drive runs.
    InstanceId;
    /// One run.
    RunId;
}

/// How often a run has changed hands. A write with an older epoch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// Makes ids; a seeded one in the simulator.
pub trait Ids: Send + Sync {
    /// A UUIDv7 that sorts after every earlier one of this process.
    fn next(&self) -> Uuid;
}

/// One try at one task, or at one item of a fan-out: what a container is made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId {
    /// The run.
    pub run: RunId,
    /// The task.
    pub task: crate::name::TaskName,
    /// The item, in a fan-out.
    pub item: Option<u32>,
    /// The number, from 1.
    pub number: u32,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.run, self.task)?;
        if let Some(item) = self.item {
            write!(f, "/{item}")?;
        }
        write!(f, "#{}", self.number)
    }
}
