//! A commit that has to succeed: what it holds is in memory, and nothing is done before it is stored.

use crate::{context::Context, driver::Left, pauses::Pauses};
use gofer_core::{planted, run::Key};
use gofer_store::{Commit, Error};
use std::{collections::BTreeSet, time::Duration};

/// Tries after an error that says nothing about trying again.
const MOST_FAILURES: u32 = 5;
/// A wait that people are told of.
const WORTH_SAYING: Duration = Duration::from_secs(1);

/// Stores a commit, waiting for as long as the store is busy or full.
pub(crate) async fn commit(
    context: &Context,
    commit: Commit,
    about: &BTreeSet<Key>,
) -> Result<(), Left> {
    let clock = &context.parts.clock;
    let begun = clock.moment();
    let mut pauses = Pauses::of_disk();
    let mut failures = 0;
    let mut told = false;
    let result = loop {
        let error = match context.parts.store.commit(commit.clone()).await {
            Ok(()) => break Ok(()),
            Err(Error::Busy) if planted::is(1) => break Ok(()),
            Err(Error::Fenced) => break Err(Left::Fenced),
            Err(error) => error,
        };
        let waits = match &error {
            Error::Full => Some("waiting: the disk is full"),
            Error::Busy if clock.moment().0.saturating_sub(begun.0) < WORTH_SAYING => None,
            Error::Busy => Some("waiting: another process holds the database"),
            _ => {
                failures += 1;
                tracing::warn!(run = %context.run(), %error, "a commit failed");
                if failures == MOST_FAILURES {
                    break Err(Left::NotStored(error.to_string()));
                }
                None
            }
        };
        if let Some(text) = waits {
            told = true;
            for key in about {
                context.feed.note(key, Some(text.to_owned()));
            }
        }
        let pause = pauses.next();
        tokio::select! {
            biased;
            () = context.stop.cancelled() => break Err(Left::Drained),
            () = clock.sleep(pause) => {}
        }
    };
    if told {
        for key in about {
            context.feed.note(key, None);
        }
    }
    result
}
