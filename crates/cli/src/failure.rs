//! Why a command did not do what it was asked, and the exit code that says so.

use crate::host::Refused;
use std::{fmt, process::ExitCode};

/// The exit codes of the command line. They are documented: scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Ok,
    Error,
    RunFailed,
    Cancelled,
    NotAllowed,
    Usage,
    /// What a command in a task ended with.
    Command(u8),
}

impl Code {
    pub(crate) fn of_command(code: i32) -> Self {
        Self::Command(u8::try_from(code).unwrap_or(u8::MAX))
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(match code {
            Code::Ok => 0,
            Code::Error => 1,
            Code::RunFailed => 2,
            Code::Cancelled => 3,
            Code::NotAllowed => 4,
            Code::Usage => 64,
            Code::Command(code) => code,
        })
    }
}

/// One sentence, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
    /// What went wrong in detail, a line each.
    pub(crate) problems: Vec<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            code: Code::Error,
            message: message.into(),
            remedy: None,
            problems: Vec::new(),
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: Code::Usage,
            ..Self::new(message)
        }
    }

    #[must_use]
    pub(crate) fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    #[must_use]
    pub(crate) fn with_problems(self, problems: Vec<String>) -> Self {
        Self { problems, ..self }
    }

    /// The reader of our output has gone: no reason to say anything.
    pub(crate) fn silent() -> Self {
        Self::new("")
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.message.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let is_all_said = self.problems == [self.message.as_str()];
        for problem in self.problems.iter().filter(|_| !is_all_said) {
            write!(f, "\n  {problem}")?;
        }
        for line in self.remedy.iter().flat_map(|remedy| remedy.lines()) {
            write!(f, "\n  → {line}")?;
        }
        Ok(())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self {
            code: if refused.not_allowed {
                Code::NotAllowed
            } else {
                Code::Error
            },
            remedy: refused.remedy,
            ..Self::new(refused.message)
        }
    }
}

impl From<gofer_sdk::Error> for Failure {
    fn from(error: gofer_sdk::Error) -> Self {
        match error {
            gofer_sdk::Error::Problem(problem) => {
                let message = match problem.problems.len() {
                    // The sentence is all of them in one line.
                    2.. => "it cannot be done as it is:".to_owned(),
                    _ => problem.to_string(),
                };
                Self {
                    code: match problem.status {
                        401 | 403 => Code::NotAllowed,
                        _ => Code::Error,
                    },
                    problems: problem.problems,
                    ..Self::new(message)
                }
            }
            gofer_sdk::Error::Reference(error) => Self::usage(error.to_string()),
            other => Self::new(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::silent(),
            _ => Self::new(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_sdk::types::Problem;

    fn refused(problems: &[&str]) -> String {
        let mut problem = Problem::new("refused", "x", 422, problems.join("; "));
        problem.problems = problems.iter().map(|it| (*it).to_owned()).collect();
        Failure::from(gofer_sdk::Error::Problem(problem)).to_string()
    }

    #[test]
    fn each_problem_is_said_once() {
        assert_eq!(refused(&["a is missing"]), "a is missing");
        assert_eq!(
            refused(&["a is missing", "b is missing"]),
            "it cannot be done as it is:\n  a is missing\n  b is missing"
        );
    }
}
