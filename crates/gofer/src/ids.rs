//! Ids from the machine's clock and its randomness.

use gofer_core::id::Ids;
use uuid::Uuid;

/// UUIDv7, ascending within this process.
pub(crate) struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is where ids come in")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
