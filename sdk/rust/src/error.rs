use crate::InvalidReference;
use gofer_api_types::Problem;

/// Why a call did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server said no, and why.
    #[error("{0}")]
    Problem(Problem),
    /// Nobody answers there, or the connection broke.
    #[error("the server does not answer: {0}")]
    Unreachable(String),
    /// What answers is not a Gofer server of a version that we understand.
    #[error("the server's answer cannot be read: {0}")]
    Protocol(String),
    /// A text that should be a reference is none.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
}

impl Error {
    /// The problem document, if that is what came.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// There is no such thing.
    pub fn is_not_found(&self) -> bool {
        self.problem().is_some_and(|problem| problem.status == 404)
    }
}
