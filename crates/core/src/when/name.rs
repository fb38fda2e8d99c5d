//! Names: what an expression can ask about.

use super::{Error, Step};
use crate::{definition::TaskField, suggest};
use std::{fmt, ops::Range};

/// What an expression asks about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// `params.NAME`
    Param(String),
    /// `outputs.TASK.KEY`; of a called pipeline the key is `CHILD_TASK.KEY`.
    Output {
        /// Whose.
        task: String,
        /// Which.
        key: String,
    },
    /// `tasks.TASK.state`, `.exit_code` or `.reason`
    Task {
        /// Whose.
        task: String,
        /// Which.
        field: TaskField,
    },
    /// `item` or a part of it.
    Item(Vec<Step>),
    /// `run.trigger`
    RunTrigger,
    /// `run.state`
    RunState,
    /// `event` or a part of it.
    Event(Vec<Step>),
}

const ROOTS: [&str; 6] = ["params", "outputs", "tasks", "item", "run", "event"];
const RUN_FIELDS: [&str; 2] = ["trigger", "state"];
const TASK_FIELDS: [&str; 3] = ["state", "exit_code", "reason"];

impl Name {
    pub(super) fn read(root: &str, steps: Vec<Step>, at: &Range<usize>) -> Result<Self, Error> {
        let wrong = |message: String| Error::new(at.clone(), message);
        match (root, steps.as_slice()) {
            ("params", [Step::Key(name)]) => Ok(Self::Param(name.clone())),
            ("params", [Step::Key(name), ..]) => {
                Err(wrong(format!("params.{name} is one value, without parts")))
            }
            ("params", _) => Err(wrong("`params.NAME` is expected".to_owned())),
            ("outputs", [Step::Key(task), Step::Key(key)]) => Ok(Self::Output {
                task: task.clone(),
                key: key.clone(),
            }),
            ("outputs", [Step::Key(task), Step::Key(child), Step::Key(key)]) => Ok(Self::Output {
                task: task.clone(),
                key: format!("{child}.{key}"),
            }),
            ("outputs", _) => Err(wrong("`outputs.TASK.KEY` is expected".to_owned())),
            ("tasks", [Step::Key(task), Step::Key(word)]) => {
                let field = word.parse().map_err(|()| {
                    let meant = suggest::or_list(word, TASK_FIELDS);
                    wrong(format!("a task has no `{word}`{meant}"))
                })?;
                Ok(Self::Task {
                    task: task.clone(),
                    field,
                })
            }
            ("tasks", _) => Err(wrong(
                "`tasks.TASK.state`, `.exit_code` or `.reason` is expected".to_owned(),
            )),
            ("item", _) => Ok(Self::Item(steps)),
            ("run", [Step::Key(field)]) if field == "trigger" => Ok(Self::RunTrigger),
            ("run", [Step::Key(field)]) if field == "state" => Ok(Self::RunState),
            ("run", [Step::Key(field)]) => {
                let meant = suggest::or_list(field, RUN_FIELDS);
                Err(wrong(format!("a run has no `{field}`{meant}")))
            }
            ("run", _) => Err(wrong("`run.trigger` or `run.state` is expected".to_owned())),
            ("event", _) => Ok(Self::Event(steps)),
            _ => {
                let meant = suggest::or_list(root, ROOTS);
                Err(wrong(format!("unknown name `{root}`{meant}")))
            }
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Param(name) => write!(f, "params{}", Part(name)),
            Self::Output { task, key } => {
                write!(f, "outputs{}", Part(task))?;
                key.split('.')
                    .try_for_each(|key| write!(f, "{}", Part(key)))
            }
            Self::Task { task, field } => write!(f, "tasks{}.{}", Part(task), field.as_str()),
            Self::RunTrigger => f.write_str("run.trigger"),
            Self::RunState => f.write_str("run.state"),
            Self::Item(steps) => path(f, "item", steps),
            Self::Event(steps) => path(f, "event", steps),
        }
    }
}

fn path(f: &mut fmt::Formatter<'_>, root: &str, steps: &[Step]) -> fmt::Result {
    f.write_str(root)?;
    steps.iter().try_for_each(|step| match step {
        Step::Key(key) => write!(f, "{}", Part(key)),
        Step::Index(index) => write!(f, "[{index}]"),
    })
}

/// A key as it is written in an expression: `.key`, or `["load-it"]`.
struct Part<'a>(&'a str);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if self.0.chars().all(is_word) && !self.0.starts_with(|c: char| c.is_ascii_digit()) {
            write!(f, ".{}", self.0)
        } else {
            write!(f, "[{:?}]", self.0)
        }
    }
}
