//! Where the files are kept that attempts leave: a folder of this machine, a bucket, or memory.
//!
//! An attempt's artifacts are two objects. `artifacts.tar` holds only what passed the checks of
//! `gofer-archive`; `artifacts.json`, written after it, says what is in there and where. Without
//! the second there are no artifacts. Everything streams: the memory that it takes does not depend
//! on the size of the files.
#![warn(missing_docs)]

mod answer;
#[cfg(feature = "s3")]
mod bucket;
mod error;
mod index;
mod inputs;
mod keep;
mod place;
mod read;
mod store;

pub use error::{Error, KeepError};
pub use gofer_archive::{Entry, Kind, Limits, Refusal};
pub use index::{File, Index};
pub use store::Objects;
