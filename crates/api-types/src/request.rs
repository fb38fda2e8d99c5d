//! What is asked for.

use crate::{Mount, OnlyTasks, Run, RunState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A secret on its way in. Nothing ever sends one out; printing it shows dots.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct SecretValue(pub String);

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// Start a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    /// Of which version.
    pub version: u32,
    /// Params as text; what is missing has its default.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Values of secrets that the pipeline names. They lie sealed until the run is over.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretValue>,
    /// What started it; `manual` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Versions of the pipelines that it calls, directly or not, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<String, u32>,
    /// What of the machine every task's container sees besides what the file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// If it is to be about some of the tasks only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<OnlyTasks>,
    /// An earlier run of this pipeline whose params, mounts and selection of tasks are taken where
    /// nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<Uuid>,
}

/// Go on with the newest unfinished run of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeRun {
    /// New values take the place of those that lie sealed; none keeps them.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretValue>,
}

/// What a resume came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Resumed {
    /// The run; null if there is nothing to go on with.
    pub run: Option<Run>,
    /// What happens to it.
    pub how: ResumeHow,
}

/// What a resume did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResumeHow {
    /// This process drives it now.
    Driving,
    /// Another living process drives it.
    Following,
    /// There is no unfinished run.
    Nothing,
}

/// A registered revision of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// 1, 2, 3 … within its pipeline.
    pub number: u32,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// Which runs, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsQuery {
    /// Only in this namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Only of this pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Only in these states, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// How many at most, 1 to 200; 50 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the part before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl RunsQuery {
    /// Only runs in these states.
    #[must_use]
    pub fn in_states(mut self, states: &[RunState]) -> Self {
        let words: Vec<_> = states.iter().map(|state| state.as_str()).collect();
        self.state = (!words.is_empty()).then(|| words.join(","));
        self
    }
}
