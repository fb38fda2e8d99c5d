use gofer_core::{id::AttemptId, name::ServiceName};
use std::fmt;

/// Whose log it is: an attempt's own container's, or that of a service beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId {
    /// The attempt.
    pub attempt: AttemptId,
    /// Beside it.
    pub service: Option<ServiceName>,
}

impl From<&AttemptId> for LogId {
    fn from(attempt: &AttemptId) -> Self {
        Self {
            attempt: attempt.clone(),
            service: None,
        }
    }
}

impl From<&LogId> for LogId {
    fn from(id: &LogId) -> Self {
        id.clone()
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.service {
            Some(service) => write!(f, "{}, service {service}", self.attempt),
            None => self.attempt.fmt(f),
        }
    }
}
