//! What could go, and volumes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Take away what is not needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Clean {
    /// Say what would go, and remove nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What went, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cleaned {
    /// One after the other.
    pub things: Vec<Spare>,
    /// Why the container engine could not be looked at. Left out when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
}

/// Something that is not needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Spare {
    /// What it is.
    pub kind: SpareKind,
    /// What people call it.
    pub name: String,
    /// Why it is not needed.
    pub why: String,
    /// What it takes, where that is known.
    pub bytes: Option<u64>,
    /// Why it is still there although it was to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// What kind of thing is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpareKind {
    /// A run with its logs and artifacts.
    Run,
    /// Logs and artifacts whose run is gone.
    Log,
    /// A container.
    Container,
    /// A volume.
    Volume,
    /// A network.
    Network,
    /// An image.
    Image,
}

impl SpareKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Log => "log",
            Self::Container => "container",
            Self::Volume => "volume",
            Self::Network => "network",
            Self::Image => "image",
        }
    }
}

/// A volume that is kept for a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Volume {
    /// Where its pipeline is.
    pub namespace: String,
    /// Its pipeline.
    pub pipeline: String,
    /// Its name there.
    pub name: String,
    /// What it takes, where the engine knows.
    pub bytes: Option<u64>,
}
