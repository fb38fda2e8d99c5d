//! Taking away what an attempt or a run held on its scheduler, off the critical path.

use crate::{ahead::Ahead, context::Context, message::Message, pauses::Pauses};
use gofer_core::{
    id::AttemptId,
    planted,
    run::{Event, Key},
};
use gofer_scheduler::{Error, Role};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Tries when the engine answers, but does not do it.
const MOST_REFUSALS: u32 = 8;
/// Writing it down takes no longer.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// Removes an attempt's containers.
pub(crate) async fn remove(context: Arc<Context>, key: Key, attempt: u32) {
    let id = context.id(&key, attempt);
    context.rush.calm(&*context.parts.clock).await;
    let scheduler = &context.parts.scheduler;
    let result = insist(&context, || scheduler.remove(&id)).await;
    match result {
        Ok(()) => context.event(Event::Removed { key, attempt }),
        Err(why) => context.send(Message::Left(format!("{id} cannot be removed: {why}"))),
    }
}

/// Removes what a look at a failed attempt does not need.
pub(crate) async fn keep(context: Arc<Context>, key: Key, attempt: u32) {
    let id = context.id(&key, attempt);
    let scheduler = &context.parts.scheduler;
    match insist(&context, || scheduler.keep(&id)).await {
        Ok(true) => context.send(Message::Kept),
        Ok(false) => context.event(Event::Removed { key, attempt }),
        Err(why) => context.send(Message::Left(format!("{id} cannot be kept: {why}"))),
    }
}

/// Gives up what was made before it was decided.
pub(crate) async fn refuse(context: Arc<Context>, id: AttemptId, ahead: Ahead) {
    if ahead.refuse().await || planted::is(17) {
        context.send(Message::GivenUp);
        return;
    }
    // An order that was not answered may still be carried out: no list shows that, but whatever is asked
    // of the same name comes behind it.
    let scheduler = &context.parts.scheduler;
    match insist(&context, || scheduler.remove(&id)).await {
        Ok(()) => context.send(Message::GivenUp),
        Err(why) => context.send(Message::Left(format!("{id} cannot be removed: {why}"))),
    }
}

/// Removes the run's containers that are no attempts, as what was made ahead by who died then. What
/// ended is over and removed, but for what is kept.
async fn remove_strangers(context: &Context, kept: &BTreeSet<AttemptId>) -> Result<(), String> {
    let scheduler = &context.parts.scheduler;
    let ours = insist(context, || scheduler.list_ours()).await?;
    let of_run = ours
        .into_iter()
        .filter(|ours| ours.role == Role::Attempt && ours.run == Some(context.run()));
    for stranger in of_run.filter_map(|ours| ours.attempt) {
        if !kept.contains(&stranger) {
            insist(context, || scheduler.remove(&stranger)).await?;
        }
    }
    Ok(())
}

/// Gives back everything that is held for the run. Where `kept` says what stays, it is looked for
/// other containers before.
pub(crate) async fn release(context: Arc<Context>, kept: Option<BTreeSet<AttemptId>>) {
    // What has gone has handed over all that it wrote.
    context.keeping.close();
    tokio::select! {
        biased;
        () = context.keeping.wait() => {}
        () = context.parts.clock.sleep(LAST_BYTES) => {}
    }
    let run = context.run();
    let scheduler = &context.parts.scheduler;
    let result = async {
        if let Some(kept) = &kept {
            remove_strangers(&context, kept).await?;
        }
        insist(&context, || scheduler.release(&run)).await
    };
    if let Err(why) = result.await {
        let what = format!("what was held for run {run} cannot be removed: {why}");
        context.send(Message::Left(what));
    } else {
        context.send(Message::Released);
    }
}

async fn insist<T: Default, F: Future<Output = Result<T, Error>>>(
    context: &Context,
    act: impl Fn() -> F,
) -> Result<T, String> {
    let mut pauses = Pauses::of_scheduler();
    let mut refusals = 0;
    loop {
        match act().await {
            Ok(done) => return Ok(done),
            Err(Error::Away(_)) if planted::is(12) => return Ok(T::default()),
            Err(Error::Away(why)) => {
                tracing::debug!(run = %context.run(), why, "the engine is away");
            }
            Err(Error::Failed(why) | Error::Unsupported(why)) => {
                refusals += 1;
                if refusals == MOST_REFUSALS {
                    return Err(why);
                }
            }
        }
        context.parts.clock.sleep(pauses.next()).await;
    }
}
