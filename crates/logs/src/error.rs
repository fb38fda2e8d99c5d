use crate::LogId;
use std::io;

/// Why a log cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk refused: full, gone, no right to it.
    #[error("cannot {what} {path}: {source}")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// The file, below the folder of the logs.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The file holds something else than what was written.
    #[error("the log file {path} is damaged at byte {at}; what lies before can be read")]
    Damaged {
        /// The file, below the folder of the logs.
        path: String,
        /// Where.
        at: u64,
    },
    /// The log has ended: nothing can be added.
    #[error("the log of {log} has ended; nothing can be added to it")]
    Ended {
        /// Whose log.
        log: LogId,
    },
    /// An earlier write failed: only a new writer knows what reached the disk.
    #[error("an earlier write to the log of {log} failed; open it again and go on from its counts")]
    Broken {
        /// Whose log.
        log: LogId,
    },
    /// One chunk that would need a frame of more than 4 GiB.
    #[error("a chunk of {bytes} bytes is too long for one frame")]
    TooLong {
        /// Its stored bytes.
        bytes: usize,
    },
    /// The place that the bytes are written to refused them.
    #[error("cannot write the log out: {0}")]
    Out(io::Error),
}

impl Error {
    pub(crate) fn disk(what: &'static str, path: &str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Disk { what, path, source }
    }
}
