//! What is wrong with a definition, and where, without knowing the text it came from.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One step on the way to a place in a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// A position in a list.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Step {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The way from the top of a document to one place in it, such as `tasks.load.env.ROWS`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The top of the document.
    pub fn top() -> Self {
        Self::default()
    }

    /// The place one step further down.
    #[must_use]
    pub fn at(&self, step: impl Into<Step>) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.into());
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if nth == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is accepted; the user should know.
    Warning,
    /// Worth saying, such as a default that applies.
    Note,
}

/// One thing to say about a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub path: Path,
    /// How bad.
    pub severity: Severity,
    /// Cause and, where there is one, the fix, in one line without a full stop at its end.
    pub message: String,
    /// Byte range inside the text value at `path` that is meant, as in a `when` expression.
    pub within: Option<std::ops::Range<usize>>,
}

impl Problem {
    /// An error at `path`.
    pub fn error(path: Path, message: impl Into<String>) -> Self {
        Self {
            path,
            severity: Severity::Error,
            message: message.into(),
            within: None,
        }
    }

    /// A warning at `path`.
    pub fn warning(path: Path, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, message)
        }
    }

    /// A note at `path`.
    pub fn note(path: Path, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(path, message)
        }
    }
}
