use crate::answer;
use gofer_archive::Refusal;
use gofer_core::id::AttemptId;
use std::io;

/// Why something was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or not any more.
    #[error("the artifacts of {0} are not kept any more")]
    Gone(AttemptId),
    /// No room.
    #[error("the disk that holds artifacts is full: free some space and try again")]
    Full,
    /// What is kept is not what was written.
    #[error("what is kept of {what} is damaged: {why}")]
    Damaged {
        /// Of what.
        what: String,
        /// How that shows.
        why: String,
    },
    /// Nobody answers.
    #[error(
        "the bucket does not answer ({0}): check AWS_ENDPOINT_URL and the network, or wait until it is back"
    )]
    Away(String),
    /// We may not, or nobody knows us.
    #[error(
        "the bucket refuses us ({0}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what \
         their owner may do in it"
    )]
    Unauthorized(String),
    /// It is not there.
    #[error("the bucket is not there: make it, or name another one in GOFER_OBJECTS")]
    NoBucket,
    /// Credentials would go over the wire for all to read.
    #[error(
        "{0} is an address without TLS: write https://, or set AWS_ALLOW_HTTP=true where that is meant"
    )]
    NoTls(String),
    /// Where things are to be kept makes no sense.
    #[error("{0:?} is no place for objects: write s3://BUCKET/PREFIX")]
    NoPlace(String),
    /// Anything else.
    #[error("objects cannot be kept or read: {0}")]
    Failed(String),
}

impl Error {
    pub(crate) fn of(attempt: &AttemptId, error: object_store::Error) -> Self {
        match (answer::of_bucket(&error), error) {
            (Some(known), _) => known,
            (None, object_store::Error::NotFound { .. }) => Self::Gone(attempt.clone()),
            (None, error) => error.into(),
        }
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        if let Some(known) = answer::of_bucket(&error) {
            return known;
        }
        let mut cause: &(dyn std::error::Error + 'static) = &error;
        loop {
            if let Some(io) = cause.downcast_ref::<io::Error>()
                && matches!(
                    io.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                )
            {
                return Self::Full;
            }
            match cause.source() {
                Some(next) => cause = next,
                None => return Self::Failed(error.to_string()),
            }
        }
    }
}

/// Why artifacts were not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError<E> {
    /// They may not be: the sentence names the file.
    #[error(transparent)]
    Refused(Refusal),
    /// Where they come from failed.
    #[error("{0}")]
    Source(E),
    /// Where they go to failed.
    #[error(transparent)]
    Store(#[from] Error),
}
