//! How people name a run, a task or an item: `etl/42`, `etl/latest`, `etl/-1`, a UUID, then
//! `/TASK` and `/TASK/INDEX`.

use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A run, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The run.
    pub run: RunRef,
    /// A task of it.
    pub task: Option<String>,
    /// An item of that task.
    pub item: Option<u32>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunRef {
    /// By its identity.
    Id(Uuid),
    /// By its place in a pipeline.
    Of {
        /// Where the pipeline is; `default` unless set.
        namespace: String,
        /// The pipeline.
        pipeline: String,
        /// Which of its runs.
        which: Which,
    },
    /// By its place among the runs of all pipelines. A number means nothing here.
    Any(Which),
}

/// A run's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Its number, from 1.
    Number(u64),
    /// Counted back from the newest, which is `latest` or `-1`.
    Back(u64),
}

/// A text that names no run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no run: {why}; write PIPELINE/NUMBER, PIPELINE/latest, PIPELINE/-1 or a run's id, then /TASK or /TASK/INDEX"
)]
pub struct InvalidReference {
    text: String,
    why: String,
}

impl RunRef {
    /// The same in another namespace; a run by its identity is where it is.
    #[must_use]
    pub fn in_namespace(self, name: &str) -> Self {
        match self {
            Self::Of {
                pipeline, which, ..
            } => Self::Of {
                namespace: name.to_owned(),
                pipeline,
                which,
            },
            other => other,
        }
    }

    /// The newest run of a pipeline.
    pub fn latest(namespace: &str, pipeline: &str) -> Self {
        Self::Of {
            namespace: namespace.to_owned(),
            pipeline: pipeline.to_owned(),
            which: Which::Back(1),
        }
    }
}

impl FromStr for Which {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "latest" {
            return Ok(Self::Back(1));
        }
        let (digits, make): (_, fn(u64) -> Self) = match text.strip_prefix('-') {
            Some(digits) => (digits, Self::Back),
            None => (text, Self::Number),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        match digits.parse() {
            Ok(number) if number > 0 => Ok(make(number)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Back(1) => f.write_str("latest"),
            Self::Back(back) => write!(f, "-{back}"),
        }
    }
}

impl fmt::Display for RunRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Of {
                pipeline, which, ..
            } => write!(f, "{pipeline}/{which}"),
            Self::Any(which) => write!(f, "{which}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.run)?;
        if let Some(task) = &self.task {
            write!(f, "/{task}")?;
        }
        if let Some(item) = self.item {
            write!(f, "/{item}")?;
        }
        Ok(())
    }
}

impl FromStr for RunRef {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let reference: Reference = text.parse()?;
        match reference.task {
            None => Ok(reference.run),
            Some(task) => Err(invalid(
                text,
                format!("/{task} is a task, and a run is wanted"),
            )),
        }
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let parts: Vec<&str> = text.split('/').collect();
        let (run, rest) = run_of(text, &parts)?;
        let (task, item) = match rest {
            [] => (None, None),
            [task] => (Some(*task), None),
            [task, index] => (Some(*task), Some(*index)),
            _ => return Err(invalid(text, "it has too many parts")),
        };
        if let Some(task) = task.filter(|task| !is_name(task)) {
            return Err(invalid(text, format!("{task:?} cannot be a task")));
        }
        let item = item.map(|index| {
            let all_digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
            index.parse().ok().filter(|_| all_digits).ok_or_else(|| {
                invalid(
                    text,
                    format!("{index:?} is no index of an item; the first is 0"),
                )
            })
        });
        Ok(Self {
            run,
            task: task.map(str::to_owned),
            item: item.transpose()?,
        })
    }
}

/// A pipeline may be called `latest`, so two parts that name a run of it win over a task of the
/// newest run.
fn run_of<'a>(
    text: &str,
    parts: &'a [&'a str],
) -> Result<(RunRef, &'a [&'a str]), InvalidReference> {
    let [first, rest @ ..] = parts else {
        return Err(invalid(text, "it is empty"));
    };
    if let Ok(id) = first.parse::<Uuid>() {
        return Ok((RunRef::Id(id), rest));
    }
    if let [second, rest @ ..] = rest
        && let Ok(which) = second.parse()
        && is_name(first)
    {
        let run = RunRef::Of {
            namespace: "default".into(),
            pipeline: (*first).into(),
            which,
        };
        return Ok((run, rest));
    }
    match first.parse() {
        Ok(which @ Which::Back(_)) => Ok((RunRef::Any(which), rest)),
        Ok(Which::Number(number)) => Err(invalid(
            text,
            format!("run {number} of which pipeline is not said"),
        )),
        Err(()) if is_name(first) => Err(invalid(text, "which of its runs is not said")),
        Err(()) => Err(invalid(text, format!("{first:?} cannot be a pipeline"))),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 63
        && text
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"_-".contains(&c))
}

fn invalid(text: &str, why: impl Into<String>) -> InvalidReference {
    InvalidReference {
        text: text.to_owned(),
        why: why.into(),
    }
}

#[cfg(test)]
mod tests;
