//! What went wrong, as RFC 9457 has it.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// The media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A problem document. `type` is stable: programs may compare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:gofer:problem:` and a word: `not_found`, `refused`, `forbidden`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem this is, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// All that is wrong with it, where several things can be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Problem {
    const PREFIX: &str = "urn:gofer:problem:";

    /// A problem whose type is this word.
    pub fn new(word: &str, title: &str, status: u16, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{}{word}", Self::PREFIX),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            problems: Vec::new(),
        }
    }

    /// The word of its type.
    pub fn word(&self) -> &str {
        self.kind.strip_prefix(Self::PREFIX).unwrap_or(&self.kind)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.detail.is_empty() {
            &self.title
        } else {
            &self.detail
        })
    }
}
