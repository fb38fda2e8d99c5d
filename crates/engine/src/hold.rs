//! Taking something of a run away that is over, while nobody can take it up again.

use crate::{Parts, pauses::Pauses};
use gofer_core::id::RunId;
use gofer_scheduler::Error as Failed;
use gofer_store::{Claim, Commit, Error};

/// Tries to give a claim back, some four seconds in all beside what the store waits by itself. What
/// is still held then goes with this process, and is given back by the next one that sweeps.
const MOST_TRIES: u32 = 16;

/// Does it with the run's claim, so that a rerun neither loses what it has just begun nor begins on
/// what is going. False, and nothing is done: somebody drives the run, or has taken it up again. Of
/// a run that is gone nobody has to be kept away.
pub(crate) async fn holding(
    parts: &Parts,
    run: RunId,
    work: impl Future<Output = Result<(), Failed>>,
) -> Result<bool, Failed> {
    let claim = match parts.store.reclaim(run).await {
        Ok(claim) => Some(claim),
        Err(Error::NotFound(_)) => None,
        Err(Error::Unfinished) => return Ok(false),
        Err(error) => return Err(Failed::Failed(error.to_string())),
    };
    let done = work.await;
    if let Some(claim) = claim
        && let Err(error) = give_back(parts, claim).await
    {
        tracing::warn!(%run, %error, "a run that was cleared up is still held");
    }
    done.map(|()| true)
}

/// Lets go of a run that stays over. [`Error::Unfinished`]: it is not over any more.
pub(crate) async fn give_back(parts: &Parts, claim: Claim) -> Result<(), Error> {
    let (mut pauses, mut tries) = (Pauses::of_disk(), 1);
    loop {
        let mut commit = Commit::new(claim);
        commit.release = true;
        match parts.store.commit(commit).await {
            Err(Error::Busy | Error::Full) if tries < MOST_TRIES => tries += 1,
            given => return given,
        }
        parts.clock.sleep(pauses.next()).await;
    }
}
