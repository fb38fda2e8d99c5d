//! What starts runs. The server acts on these; `gofer run` only names them.

use super::{Json, Reference};
use crate::{
    name::{ExtensionName, ParamName, PipelineName, SecretName},
    span::Span,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A trigger: exactly one kind, and what they all may say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// What fires it.
    #[serde(flatten)]
    pub kind: TriggerKind,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Params of the run it starts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<ParamName, ParamValue>,
    /// Asked over `event`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// IANA zone of `cron` and `at`; UTC unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// What happens to missed times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catchup: Option<Catchup>,
    /// How far back missed times are caught up; 24 h unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catchup_window: Option<Span>,
    /// Random delay, at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
    /// Days without a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<Skip>,
}

/// A reference into the event, or a literal of the param's type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    /// `{ event = "path" }`
    Reference(Reference),
    /// As written.
    Literal(Json),
}

/// The kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// A five-field expression or a nickname.
    Cron(String),
    /// Elapsed time.
    Every(Span),
    /// Once: local time in `timezone`, or RFC 3339.
    At(String),
    /// A signed call.
    Webhook(Webhook),
    /// GitHub events.
    Github(GithubFilter),
    /// Another pipeline's end.
    Pipeline {
        /// Which pipeline.
        name: PipelineName,
        /// In which state; `succeeded` unless said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<TriggerState>,
    },
    /// A third-party container.
    Extension {
        /// Which.
        name: ExtensionName,
        /// Its own settings.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        settings: BTreeMap<String, Json>,
    },
}

/// What happens to missed times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Catchup {
    /// All are recorded as missed.
    None,
    /// The newest within the window runs.
    #[default]
    Latest,
    /// Each within the window runs, oldest first.
    All,
}

/// Days without a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// Dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<String>,
    /// An iCalendar file beside this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
}

/// How an incoming call proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The shared secret.
    pub secret: SecretName,
    /// `standard` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// For `hmac-sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// Signature schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signature {
    /// Standard Webhooks, five minutes' window.
    #[default]
    #[serde(rename = "standard")]
    Standard,
    /// `X-Hub-Signature-256`.
    #[serde(rename = "github")]
    Github,
    /// Hex in `header`.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// `Authorization: Bearer`.
    #[serde(rename = "bearer")]
    Bearer,
}

/// Which GitHub events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GithubFilter {
    /// `owner/name`.
    pub repository: String,
    /// The webhook's secret.
    pub secret: SecretName,
    /// Event names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Globs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// Globs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Globs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

/// In which state another pipeline ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerState {
    /// It succeeded.
    #[default]
    Succeeded,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// Whichever.
    Any,
}
