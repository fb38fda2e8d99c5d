//! What every store is held to. An implementation's tests bring a [`Bench`] and take all of it
//! with [`crate::conformance_tests`].

#![expect(
    clippy::missing_panics_doc,
    reason = "each panics where a store is not as it has to be: that is what it is for"
)]

mod arbitrary;
mod claims;
mod history;
mod kept;
mod objects;
mod pages;
mod requests;
mod runs;
mod sample;
mod secrets;
mod versions;

pub use arbitrary::{Drawn, commits, runs as arbitrary_runs};
pub use claims::*;
pub use history::*;
pub use kept::*;
pub use objects::*;
pub use pages::*;
pub use requests::*;
pub use runs::*;
pub use sample::{attempt, change, claim, head, key, new_run, time, unit};
pub use secrets::*;
pub use versions::*;

use crate::{Error, Store};
use async_trait::async_trait;
use std::sync::Arc;

/// Makes instances over one set of data.
#[async_trait]
pub trait Bench: Send + Sync {
    /// Another instance.
    async fn open(&self) -> Arc<dyn Store>;

    /// Ends an instance's life as a crash would. This is its last handle.
    async fn kill(&self, store: Arc<dyn Store>);
}

/// What a behaviour comes to: an unexpected error, or nothing. It panics where something is not
/// as it has to be.
pub type Outcome = Result<(), Error>;

/// Makes a test of every behaviour. The argument is an expression that gives a new [`Bench`]
/// with nothing in it.
#[macro_export]
macro_rules! conformance_tests {
    ($bench:expr) => {
        $crate::conformance_tests! { $bench;
            the_same_document_is_the_same_version
            a_document_that_comes_back_is_a_new_version
            versions_belong_to_their_pipeline
            what_is_not_there_is_named
            runs_are_numbered_within_their_pipeline
            a_stored_run_is_what_was_accepted
            a_run_that_is_refused_leaves_nothing
            a_commit_changes_what_it_names_and_nothing_else
            commits_come_to_what_they_say
            a_commit_that_fails_writes_nothing
            items_and_attempts_come_one_after_the_other
            a_deleted_run_is_forgotten
            only_a_released_run_is_deleted
            a_living_owner_keeps_its_run
            a_dead_owner_loses_its_run_to_the_first_who_asks
            an_old_claim_is_fenced
            a_released_run_is_nobodys
            only_a_run_that_is_over_is_released
            a_released_run_is_taken_up_again_with_the_next_epoch
            a_run_is_not_taken_up_again_while_somebody_has_it
            what_a_run_was_asked_for_is_kept
            requests_reach_the_owner_until_they_are_handled
            requests_follow_a_run_to_its_new_owner
            nothing_is_asked_of_a_run_that_is_over
            objects_belong_to_their_pipeline
            objects_come_with_what_made_them_or_not_at_all
            history_is_numbered_without_gaps
            history_is_read_in_pages
            pages_hold_every_run_once
            pages_hold_what_the_filter_asks_for
            a_page_goes_on_after_a_run_that_was_deleted
            what_is_kept_is_listed
            what_is_kept_is_let_go_where_nobody_drives
            secrets_are_replaced_and_go_with_the_release
        }
    };
    ($bench:expr; $($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::$name(&$bench).await.unwrap();
        }
    )*};
}
