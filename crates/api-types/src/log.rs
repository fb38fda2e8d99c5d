//! An attempt's log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which part of a log, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogOptions {
    /// Which attempt; the newest unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Of this service beside it, instead of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Go on as the attempt writes, until it is over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub follow: bool,
    /// Begin with the last so many lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tail: Option<u64>,
    /// Put the time and a space in front of each line.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub timestamps: bool,
}

/// Where a container wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A piece of a log in its event-stream form: data of the event `frame`. The event's id is the
/// place behind it; sent back as `Last-Event-ID` it is where the log goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LogFrame {
    /// Bytes of the job: exactly one of `text` and `base64`.
    Bytes {
        /// When they arrived, or as the engine recorded it.
        at: Timestamp,
        /// To where they were written.
        stream: LogStream,
        /// The bytes, if they are UTF-8.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The bytes, if they are not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
    },
    /// Bytes are missing here, or may be.
    Hole {
        /// When the connection broke.
        at: Timestamp,
        /// It is known that something is missing.
        certain: bool,
        /// How many bytes, where that is known.
        bytes: Option<u64>,
        /// What happened.
        message: String,
    },
    /// Past the log's cap: so many bytes were read and not kept.
    Dropped {
        /// When the last of them arrived.
        at: Timestamp,
        /// How many.
        bytes: u64,
    },
}
