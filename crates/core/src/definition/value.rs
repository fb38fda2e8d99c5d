//! Values: a literal or exactly one reference, never spliced into text.

use crate::name::{ObjectKey, OutputKey, ParamName, SecretName, TaskName};
use serde::{Deserialize, Serialize};

/// Any JSON, as written.
pub type Json = serde_json::Value;

/// A scalar that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
}

impl Literal {
    /// The text that a container sees.
    pub fn to_text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }
}

/// A literal or one reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Itself.
    Literal(Literal),
    /// What something else gives.
    Reference(Reference),
}

/// What a value is taken from. `default` is used when there is none at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Map<String, Json>", into = "Raw")]
pub enum Reference {
    /// `{ secret = "n" }`
    Secret(SecretName),
    /// `{ param = "n" }`
    Param {
        /// Which.
        name: ParamName,
        /// Instead of none.
        default: Option<Literal>,
    },
    /// `{ output = "task.key" }`
    Output {
        /// Whose.
        task: TaskName,
        /// Which. For a called pipeline the key is `CHILD_TASK.KEY`.
        key: String,
        /// Instead of none.
        default: Option<Literal>,
    },
    /// `{ object = "key", scope = "run" }`
    Object {
        /// Which.
        key: ObjectKey,
        /// Of the run instead of the pipeline.
        of_run: bool,
        /// Instead of none.
        default: Option<Literal>,
    },
    /// `{ item = "field" }`, or the whole item as `None` (`"."` in the file).
    Item {
        /// Which field of a record; `None` is the whole item.
        field: Option<String>,
        /// Instead of none.
        default: Option<Literal>,
    },
    /// `{ task = "t.state" }`
    Task {
        /// Whose.
        task: TaskName,
        /// Which.
        field: TaskField,
        /// Instead of none.
        default: Option<Literal>,
    },
    /// `{ event = "a.b.0" }`, only in a trigger's params; `"."` is the whole event.
    Event {
        /// Path into the event.
        path: String,
        /// Instead of none.
        default: Option<Literal>,
    },
}

/// What can be asked of how a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskField {
    /// `succeeded`, `failed`, …
    State,
    /// Of the last attempt, or empty.
    ExitCode,
    /// The machine-readable reason, or empty.
    Reason,
}

impl TaskField {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::ExitCode => "exit_code",
            Self::Reason => "reason",
        }
    }
}

impl std::str::FromStr for TaskField {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "state" => Ok(Self::State),
            "exit_code" => Ok(Self::ExitCode),
            "reason" => Ok(Self::Reason),
            _ => Err(()),
        }
    }
}

/// The wire shape of a reference.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<SecretName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    param: Option<ParamName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<ObjectKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<Literal>,
}

impl Reference {
    /// Reads `TASK.KEY` of `{ output = … }`; the key of a called pipeline holds another dot.
    pub fn output(text: &str, default: Option<Literal>) -> Result<Self, String> {
        let shape = || format!("{text:?} is not an output: TASK.KEY is expected");
        let (task, key) = text.split_once('.').ok_or_else(shape)?;
        let task = task.parse().map_err(|error| format!("{text:?}: {error}"))?;
        let (child, own) = key
            .split_once('.')
            .map_or((None, key), |(c, k)| (Some(c), k));
        child
            .map_or(Ok(()), |c| c.parse::<TaskName>().map(drop))
            .map_err(|e| format!("{text:?}: {e}"))?;
        own.parse::<OutputKey>()
            .map_err(|error| format!("{text:?}: {error}"))?;
        Ok(Self::Output {
            task,
            key: key.to_owned(),
            default,
        })
    }

    /// Reads `TASK.FIELD` of `{ task = … }`.
    pub fn task(text: &str, default: Option<Literal>) -> Result<Self, String> {
        let shape = || format!("{text:?} is not TASK.state, TASK.exit_code or TASK.reason");
        let (task, field) = text.split_once('.').ok_or_else(shape)?;
        let task = task.parse().map_err(|error| format!("{text:?}: {error}"))?;
        let field = field.parse().map_err(|()| shape())?;
        Ok(Self::Task {
            task,
            field,
            default,
        })
    }

    /// Reads `FIELD` or `.` of `{ item = … }`.
    pub fn item(text: &str, default: Option<Literal>) -> Self {
        Self::Item {
            field: (text != ".").then(|| text.to_owned()),
            default,
        }
    }
}

impl TryFrom<serde_json::Map<String, Json>> for Reference {
    type Error = String;

    /// By way of a table: `Raw` alone would also take a list, and `["a"]` is a literal.
    fn try_from(table: serde_json::Map<String, Json>) -> Result<Self, String> {
        let raw: Raw =
            serde_json::from_value(Json::Object(table)).map_err(|error| error.to_string())?;
        Self::try_from(raw)
    }
}

impl TryFrom<Raw> for Reference {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let Raw {
            secret,
            param,
            output,
            object,
            scope,
            item,
            task,
            event,
            default,
        } = raw;
        match (secret, param, output, object, item, task, event) {
            (Some(name), None, None, None, None, None, None) => Ok(Self::Secret(name)),
            (None, Some(name), None, None, None, None, None) => Ok(Self::Param { name, default }),
            (None, None, Some(text), None, None, None, None) => Self::output(&text, default),
            (None, None, None, Some(key), None, None, None) => Ok(Self::Object {
                key,
                of_run: scope.as_deref() == Some("run"),
                default,
            }),
            (None, None, None, None, Some(text), None, None) => Ok(Self::item(&text, default)),
            (None, None, None, None, None, Some(text), None) => Self::task(&text, default),
            (None, None, None, None, None, None, Some(path)) => Ok(Self::Event { path, default }),
            _ => Err("exactly one of secret, param, output, object, item, task, event".to_owned()),
        }
    }
}

impl From<Reference> for Raw {
    fn from(reference: Reference) -> Self {
        let raw = Self::default();
        match reference {
            Reference::Secret(name) => Self {
                secret: Some(name),
                ..raw
            },
            Reference::Param { name, default } => Self {
                param: Some(name),
                default,
                ..raw
            },
            Reference::Output { task, key, default } => Self {
                output: Some(format!("{task}.{key}")),
                default,
                ..raw
            },
            Reference::Object {
                key,
                of_run,
                default,
            } => Self {
                object: Some(key),
                scope: of_run.then(|| "run".to_owned()),
                default,
                ..raw
            },
            Reference::Item { field, default } => Self {
                item: Some(field.unwrap_or_else(|| ".".to_owned())),
                default,
                ..raw
            },
            Reference::Task {
                task,
                field,
                default,
            } => Self {
                task: Some(format!("{task}.{}", field.as_str())),
                default,
                ..raw
            },
            Reference::Event { path, default } => Self {
                event: Some(path),
                default,
                ..raw
            },
        }
    }
}
