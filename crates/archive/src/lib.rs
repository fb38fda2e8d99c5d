//! Archives from those who may not be trusted: a tar is checked while it streams, written anew, and
//! unpacked, so that nothing of it ever reaches a place outside the folder that it is for.
//!
//! The memory that it takes does not depend on the size of what is in the archive, only on the
//! number and length of the names, and both have limits. No names but those of files, folders and
//! links that stay inside come through; owners, special bits and extended attributes do not.
#![warn(missing_docs)]

mod clean;
mod entry;
mod extract;
mod prefix;
mod refusal;
mod rules;
mod tar;

pub use clean::{Cleaner, Listed};
pub use entry::{Entry, Kind};
pub use extract::{ExtractError, Extracted, Extractor};
pub use prefix::Prefixer;
pub use refusal::Refusal;
pub use rules::Limits;
