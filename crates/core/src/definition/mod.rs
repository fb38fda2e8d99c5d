//! A pipeline as its file says it, nothing filled in or merged. The serde form is the canonical
//! one of language.md §4; user files are read by `gofer-config`, which points into them.

mod container;
mod trigger;
mod value;

pub use container::{
    Approval, Cache, Call, Container, Pull, Ready, Registry, Resources, Service, Volume,
    VolumeSource,
};
pub use trigger::{
    Catchup, GithubFilter, ParamValue, Signature, Skip, Trigger, TriggerKind, TriggerState, Webhook,
};
pub use value::{Json, Literal, Reference, TaskField, Value};

use crate::{
    name::{NamespaceName, ParamName, PipelineName, PoolName, SecretName, TaskName, TriggerName},
    span::Span,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole pipeline document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name.
    pub name: PipelineName,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Pins the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
    /// For searching; also on containers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What a start may or must set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<ParamName, Param>,
    /// What starts runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub triggers: BTreeMap<TriggerName, Trigger>,
    /// How many runs at once; absent means no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// From leaving `queued` to the last ordinary task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Higher first among queued runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Containers of one run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// A run holds one slot of each while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolName>,
    /// What container tasks start from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<Defaults>,
    /// The tasks, by name.
    pub tasks: BTreeMap<TaskName, Task>,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Notify>,
    /// What is normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// How long runs are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

impl Pipeline {
    /// The canonical text: keys sorted, durations largest unit first. What the hash is made of.
    pub fn canonical(&self) -> Result<String, serde_json::Error> {
        let mut document = serde_json::to_value(self)?;
        document.sort_all_objects();
        serde_json::to_string(&document)
    }
}

/// A declared param.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Absent: `string`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ParamType>,
    /// Absent: the param is required. Kept as written: text, number, boolean or (for `json`) any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For `enum`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// For numbers and dates: the least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Json>,
    /// For numbers and dates: the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Json>,
    /// For strings: a regular expression that the whole value must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// How a param's text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamType {
    /// Any text.
    #[default]
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`, nothing else.
    Bool,
    /// `2026-11-24`.
    Date,
    /// RFC 3339.
    Datetime,
    /// One of `values`.
    Enum,
    /// Any JSON.
    Json,
}

/// One node of the DAG.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Also on containers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Parents, each with its condition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub depends_on: BTreeMap<TaskName, Condition>,
    /// An expression; see [`crate::when`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Runs after all ordinary tasks are over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finally: Option<bool>,
    /// The run may succeed although this task did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_failure: Option<bool>,
    /// All combinations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<BTreeMap<String, Vec<Json>>>,
    /// One item each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<ForEach>,
    /// Items at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
    /// Per attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Extra tries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// One slot of each per container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolName>,
    /// What is run.
    #[serde(flatten)]
    pub container: Container,
    /// Makes it an approval task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// Makes it a pipeline task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Call>,
}

/// What `defaults` may hold: most container keys, and three of a task's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Defaults {
    /// Merged by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Per attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// One slot of each per container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pools: Option<Vec<PoolName>>,
    /// The container keys.
    #[serde(flatten)]
    pub container: Container,
}

/// What a parent must have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It succeeded, or its failure is allowed.
    Success,
    /// It failed, or never ran because of a failure before it.
    Failure,
    /// Neither failed nor behind a failure.
    NotFailed,
    /// Whatever, but not cancelled.
    Any,
}

/// Where a fan-out's items come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ForEach {
    /// A list in the file.
    List(Vec<Json>),
    /// An output or a param that holds a JSON list.
    Reference(Reference),
}

/// Extra tries after a failure, a timeout, a failed start or `lost`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Extra tries, 0 to 100.
    pub limit: u32,
    /// The first pause; 5 s unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// How pauses grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// The longest pause; 5 min unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delay: Option<Span>,
    /// Only these exit codes are tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_codes: Vec<i32>,
    /// All but these are tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub final_exit_codes: Vec<i32>,
}

/// How pauses between tries grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Each twice the last.
    #[default]
    Exponential,
    /// All alike.
    Fixed,
}

/// How many runs of one pipeline at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// 1 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// What happens to one too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// The limit holds per value of this param.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Reference>,
}

/// What happens to a run over the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It waits.
    #[default]
    Queue,
    /// It is skipped.
    Skip,
    /// The older one is cancelled.
    Replace,
}

/// One rule of who is told of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Of what.
    pub events: Vec<NotifyEvent>,
    /// Failures in a row before it is said; 1 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// A Slack webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SecretRef>,
    /// E-mail addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// A signed webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<OutgoingWebhook>,
}

/// A plain reference to a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRef {
    /// Its name.
    pub secret: SecretName,
}

/// Whom to write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// Addresses.
    pub to: Vec<String>,
}

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingWebhook {
    /// The address.
    pub url: String,
    /// What signs the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretName>,
}

/// What can be notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the names are the documentation; language.md §2.1"
)]
pub enum NotifyEvent {
    Failed,
    Recovered,
    Succeeded,
    Cancelled,
    Skipped,
    Late,
    Slow,
    AwaitingApproval,
}

/// What is normal; never stops a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// A success at least this often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_within: Option<Span>,
    /// No run longer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<Span>,
}

/// How long runs are kept; older than either goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// The newest so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Not older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Span>,
}
