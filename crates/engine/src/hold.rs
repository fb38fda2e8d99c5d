//! Taking something of a run away that is over, while nobody can take it up again.

use crate::{Parts, pauses::Pauses};
use gofer_core::id::RunId;
use gofer_scheduler::Error as Failed;
use gofer_store::{Claim, Commit, Error};

/// Tries to give a claim back. What is still held then goes with this process, and is given back by
/// the next one that sweeps.
const MOST_TRIES: u32 = 8;

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
    if let Some(claim) = claim {
        give_back(parts, claim).await;
    }
    done.map(|()| true)
}

async fn give_back(parts: &Parts, claim: Claim) {
    let mut pauses = Pauses::of_disk();
    for _ in 0..MOST_TRIES {
        let mut commit = Commit::new(claim);
        commit.release = true;
        match parts.store.commit(commit).await {
            Ok(()) => return,
            Err(Error::Busy | Error::Full) => parts.clock.sleep(pauses.next()).await,
            Err(error) => {
                tracing::warn!(run = %claim.run, %error, "a run that was cleared up is still held");
                return;
            }
        }
    }
}
