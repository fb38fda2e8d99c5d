//! Files that attempts left, and small values that pipelines keep.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How much an attempt left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Artifacts {
    /// Files and links; folders do not count.
    pub files: u32,
    /// In the files, together.
    pub bytes: u64,
}

/// Whose artifacts, and which of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArtifactsQuery {
    /// Of which item, if the task is a fan-out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Of which attempt; the newest unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// How many names at most, 1 to 1000; 200 unless said. Only for lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the part before. Only for lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Which file. Only for one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What a name in an attempt's artifacts stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Another name of a file.
    SameAs,
}

/// One name in what an attempt left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Artifact {
    /// Where it lay in `$GOFER_ARTIFACTS`.
    pub path: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// How long a file is; 0 of anything else.
    pub bytes: u64,
    /// Where a link leads to, or which file it is another name of. Left out of anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Its permissions.
    pub mode: u32,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// A small value that a pipeline keeps beyond its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoredObject {
    /// Its name in the pipeline.
    pub key: String,
    /// What it holds.
    pub value: String,
    /// When it got this value.
    pub updated_at: Timestamp,
}

/// The value that an object is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutObject {
    /// At most 64 KiB.
    pub value: String,
}
