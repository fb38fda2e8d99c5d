//! What a task left in `$GOFER_ARTIFACTS`, kept before its container goes.

use super::Attempt;
use crate::pauses::Pauses;
use gofer_core::{
    clock::Moment,
    planted,
    run::{Artifacts, Reason},
};
use gofer_objects::{Error as StoreError, KeepError, Limits};
use gofer_scheduler::Error;
use std::time::Duration;

/// What is kept, or why that cannot be.
pub(super) type Kept = Result<Option<Artifacts>, (Reason, String)>;

/// Archives that came damaged before it is said to be the engine's fault.
const MOST_DAMAGED: u32 = 3;

/// How long a bucket may be away.
const MOST_PATIENCE: Duration = Duration::from_mins(15);

/// One try that came to nothing.
enum Failed {
    Away(String),
    Damaged(String),
    /// Where they are to be kept.
    Closed(String),
    Finally(Reason, String),
}

impl Attempt {
    /// Keeps them, however long the engine is away. May be done twice.
    pub(super) async fn keep_artifacts(&self) -> Kept {
        let context = &self.context;
        let (mut pauses, mut damaged) = (Pauses::of_scheduler(), 0);
        let begun = context.parts.clock.moment();
        loop {
            let (reason, why) = match self.try_to_keep().await {
                Ok(kept) => return Ok(kept),
                Err(Failed::Away(_)) if planted::is(14) => return Ok(None),
                Err(Failed::Away(why)) => {
                    tracing::debug!(attempt = %self.id, why, "the engine is away");
                    context.parts.clock.sleep(pauses.next()).await;
                    continue;
                }
                Err(Failed::Damaged(why)) if damaged < MOST_DAMAGED => {
                    damaged += 1;
                    tracing::warn!(attempt = %self.id, why, "artifacts came damaged");
                    context.parts.clock.sleep(pauses.next()).await;
                    continue;
                }
                Err(Failed::Closed(why)) if !self.gives_up(&mut pauses, begun, &why).await => {
                    continue;
                }
                Err(Failed::Damaged(why) | Failed::Closed(why)) => (Reason::EngineError, why),
                Err(Failed::Finally(reason, why)) => (reason, why),
            };
            let sentence = format!("its $GOFER_ARTIFACTS cannot be kept: {why}");
            return Err((reason, context.masked(&sentence)));
        }
    }

    /// Waits for a bucket that does not answer: what the task has done is in its container only.
    async fn gives_up(&self, pauses: &mut Pauses, begun: Moment, why: &str) -> bool {
        let context = &self.context;
        let (clock, key) = (&context.parts.clock, &self.order.key);
        context.feed.note(key, Some(format!("waiting: {why}")));
        tokio::select! {
            biased;
            () = self.stop_asked() => true,
            () = clock.sleep(pauses.next()) => {
                clock.moment().0.saturating_sub(begun.0) > MOST_PATIENCE
            }
        }
    }

    async fn try_to_keep(&self) -> Result<Option<Artifacts>, Failed> {
        let parts = &self.context.parts;
        let tar = parts.scheduler.artifacts(&self.id).await?;
        let Some(tar) = tar else {
            return Ok(None);
        };
        let by = (&self.id, self.context.claim.epoch);
        let kept = parts.objects.keep(by, tar, Limits::default()).await;
        kept.map_err(|error| match error {
            KeepError::Refused(refusal) if refusal.is_damage() => {
                Failed::Damaged(refusal.to_string())
            }
            KeepError::Refused(refusal) if refusal.is_too_large() => {
                Failed::Finally(Reason::ArtifactsTooLarge, refusal.to_string())
            }
            KeepError::Refused(refusal) => Failed::Finally(Reason::BadOutputs, refusal.to_string()),
            KeepError::Source(error) => error.into(),
            KeepError::Store(StoreError::Full) => {
                Failed::Finally(Reason::NoSpace, StoreError::Full.to_string())
            }
            KeepError::Store(StoreError::Away(why)) => {
                Failed::Closed(StoreError::Away(why).to_string())
            }
            KeepError::Store(error) => Failed::Finally(Reason::EngineError, error.to_string()),
        })
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::Away(why) => Self::Away(why),
            Error::Failed(why) | Error::Unsupported(why) => Self::Finally(Reason::EngineError, why),
        }
    }
}
