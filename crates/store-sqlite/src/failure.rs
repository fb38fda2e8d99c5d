//! What SQLite's errors mean to a caller.

use gofer_store::Error;
use rusqlite::{ErrorCode, ffi};
use std::path::{Path, PathBuf};

/// Why a request could not be carried out, before it is known which file it is about.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The contract's own answer: the request was wrong, the database is well.
    Answer(Error),
    /// SQLite's.
    Sqlite(rusqlite::Error),
    /// What was read back is not something that we wrote.
    Damaged(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Answer(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Whose request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Only the one that asked.
    Request,
    /// All that are in the same transaction.
    Batch,
    /// Every write from now on: what was written before may not be on the disk.
    Forever,
}

/// What a whole batch is told.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    Busy,
    Full,
    Failed(String),
}

impl From<&Trouble> for Error {
    fn from(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Busy => Self::Busy,
            Trouble::Full => Self::Full,
            Trouble::Failed(why) => Self::Failed(why.clone()),
        }
    }
}

/// Knows which file it is about.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    path: PathBuf,
}

impl Judge {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// What a single request is told.
    pub(crate) fn error(&self, failure: Failure) -> Error {
        match failure {
            Failure::Answer(error) => error,
            other => Error::from(&self.trouble(&other)),
        }
    }

    /// How far a failure reaches.
    pub(crate) fn reach(failure: &Failure) -> Reach {
        let Failure::Sqlite(rusqlite::Error::SqliteFailure(error, _)) = failure else {
            return Reach::Request;
        };
        match (error.code, error.extended_code) {
            (_, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => Reach::Forever,
            (ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch, _) => {
                Reach::Request
            }
            _ => Reach::Batch,
        }
    }

    pub(crate) fn trouble(&self, failure: &Failure) -> Trouble {
        let path = self.path.display();
        let error = match failure {
            Failure::Answer(error) => return Trouble::Failed(error.to_string()),
            Failure::Damaged(what) => {
                return Trouble::Failed(format!(
                    "{path} is damaged ({what}): move it away, or put a copy back"
                ));
            }
            Failure::Sqlite(error) => error,
        };
        let rusqlite::Error::SqliteFailure(code, words) = error else {
            return Trouble::Failed(format!("{path} holds something unexpected: {error}"));
        };
        let words = words.clone().unwrap_or_else(|| code.to_string());
        Trouble::Failed(match code.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => return Trouble::Busy,
            ErrorCode::DiskFull => return Trouble::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                format!("{path} is damaged: move it away, or put a copy back")
            }
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                format!("{path} cannot be written ({words}): check its rights and its owner's")
            }
            ErrorCode::SystemIoFailure if Self::reach(failure) == Reach::Forever => format!(
                "the disk did not confirm a write to {path}: nothing more is written until Gofer \
                 is started again; check the disk"
            ),
            ErrorCode::SystemIoFailure => {
                format!("reading or writing {path} failed ({words}): check the disk")
            }
            _ => format!("{path}: {words}"),
        })
    }
}
