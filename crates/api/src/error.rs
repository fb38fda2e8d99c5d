//! Everything that can be wrong with a request, and the one place where it becomes a problem
//! document.

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use gofer_api_types::{PROBLEM_JSON, Problem};
use gofer_store::RunRow;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The caller may not.
    #[error("this socket answers only processes of the user who started this server")]
    Forbidden,
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// The route exists, and not for this method.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// The request cannot be read.
    #[error("{1}")]
    Malformed(StatusCode, String),
    /// The request can be read and makes no sense: all that is wrong with it.
    #[error("{}", .0.join("; "))]
    Refused(Vec<String>),
    /// It cannot be done in the state that things are in.
    #[error("{1}")]
    Conflict(&'static str, String),
    /// Not now: the same request may go through later.
    #[error("{0}")]
    Unavailable(String),
    /// A mistake of ours; the details are in our log.
    #[error("something went wrong inside Gofer; GOFER_LOG=error shows what")]
    Internal,
}

impl ApiError {
    /// Something in the store that cannot be.
    pub(crate) fn internal(what: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "{what}");
        Self::Internal
    }

    /// Nobody drives the run, so nothing will change about it.
    pub(crate) fn interrupted(row: &RunRow) -> Self {
        let (pipeline, number) = (&row.pipeline, row.number);
        Self::Conflict(
            "interrupted",
            format!(
                "{pipeline}/{number} is interrupted: nobody drives it any more; `gofer run --resume` continues it"
            ),
        )
    }

    /// The document.
    pub(crate) fn problem(&self) -> Problem {
        let (word, title, status) = match self {
            Self::Forbidden => ("forbidden", "You may not do this", 403),
            Self::NotFound(_) => ("not_found", "There is no such thing", 404),
            Self::MethodNotAllowed => ("method_not_allowed", "Not with this method", 405),
            Self::Malformed(StatusCode::PAYLOAD_TOO_LARGE, _) => {
                ("too_large", "The request is too large", 413)
            }
            Self::Malformed(status, _) => {
                ("malformed", "The request cannot be read", status.as_u16())
            }
            Self::Refused(_) => ("refused", "The request cannot be carried out as it is", 422),
            Self::Conflict(word, _) => (*word, "Not in this state", 409),
            Self::Unavailable(_) => ("unavailable", "Not now", 503),
            Self::Internal => ("internal", "A mistake of ours", 500),
        };
        let mut problem = Problem::new(word, title, status, self.to_string());
        if let Self::Refused(problems) = self {
            problem.problems.clone_from(problems);
        }
        problem
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

impl From<gofer_store::Error> for ApiError {
    fn from(error: gofer_store::Error) -> Self {
        use gofer_store::Error;
        match error {
            Error::NotFound(_) => Self::NotFound(error.to_string()),
            Error::Busy | Error::Full | Error::Fenced => Self::Unavailable(error.to_string()),
            Error::Over => Self::Conflict("over", error.to_string()),
            Error::Unfinished => Self::Conflict("unfinished", error.to_string()),
            Error::Failed(_) => Self::internal("the store failed", &error),
        }
    }
}

impl From<gofer_engine::Error> for ApiError {
    fn from(error: gofer_engine::Error) -> Self {
        use gofer_engine::Error;
        match error {
            Error::Refused(refused) => Self::Refused(refused.problems),
            Error::SecretsMissing { .. } => Self::Refused(vec![error.to_string()]),
            Error::Quarantined { .. } => Self::Conflict("quarantined", error.to_string()),
            Error::NotRerun { .. } => Self::Conflict("not_rerun", error.to_string()),
            Error::Over(_) => Self::Conflict("over", error.to_string()),
            Error::NotDriven(_) => Self::Conflict("not_driven", error.to_string()),
            Error::NoShell(_) => Self::Conflict("no_shell", error.to_string()),
            Error::Away(_) => Self::Unavailable(error.to_string()),
            Error::Draining => Self::Unavailable(error.to_string()),
            Error::Panicked => Self::Internal,
            Error::Unreadable { .. } => Self::internal("the store holds nonsense", &error),
            Error::Store(error) => error.into(),
        }
    }
}

impl From<gofer_logs::Error> for ApiError {
    fn from(error: gofer_logs::Error) -> Self {
        Self::internal("a log cannot be read", &error)
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::Malformed(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::Malformed(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::Malformed(rejection.status(), rejection.body_text())
    }
}
