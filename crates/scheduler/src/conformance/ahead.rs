//! What is ordered before it is certain that it is to be.

use super::{
    Bench, Ending, Job, Outcome, Say,
    tried::{Asking, Later, attempt, start, tidy},
};
use crate::{StartError, Stream};
use gofer_core::{id::AttemptId, run::Reason};
use std::{pin::pin, time::Duration};
use tokio::sync::watch;

/// So long nothing may come of it.
const A_WHILE: Duration = Duration::from_secs(1);

fn behind(other: &AttemptId, said: &Later) -> Asking {
    Asking {
        ahead: Some((other.clone(), said.clone())),
        ..Asking::default()
    }
}

/// Nothing comes of it for a while.
async fn waits<T>(bench: &dyn Bench, asked: impl Future<Output = T>) -> Outcome {
    let clock = bench.clock();
    tokio::select! {
        biased;
        _ = asked => Err("it did not wait".to_owned()),
        () = clock.sleep(A_WHILE) => Ok(()),
    }
}

/// It starts when it is wanted and the one before it has ended, not before, and once.
pub async fn what_is_ordered_ahead_starts_when_it_is_wanted(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let (first, second) = (attempt(run, "first")?, attempt(run, "second")?);
    let asking = Asking::default();
    let started = start(bench, &*scheduler, &first, &Job::takes(2), asking).await;
    let started = started.map_err(|error| error.to_string())?;
    let (word, said) = watch::channel(None);
    let job = Job::says([Say::once(Stream::Stdout, "from the first byte\n")]);
    let ahead = start(bench, &*scheduler, &second, &job, behind(&first, &said));
    let mut ahead = pin!(ahead);
    let ended = tokio::select! {
        biased;
        _ = &mut ahead => return Err("it did not wait".to_owned()),
        ended = started.end(bench) => ended,
    };
    assert_eq!(ended?.exit()?.code, 0);
    assert_eq!(bench.starts(&second).await, 0);
    word.send_replace(Some(true));
    let begun = ahead.await.map_err(|error| error.to_string())?;
    assert_eq!(begun.asked, 1);
    let tried = begun.end(bench).await?;
    assert_eq!(tried.exit()?.code, 0);
    assert_eq!(tried.written(Stream::Stdout), b"from the first byte\n");
    assert_eq!(bench.starts(&second).await, 1);
    tidy(&*scheduler, &[&first, &second]).await?;
    scheduler.close().await;
    Ok(())
}

/// It goes again before the order is over, and what runs is left alone.
pub async fn what_is_ordered_ahead_and_not_wanted_leaves_nothing(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let (first, second) = (attempt(run, "first")?, attempt(run, "second")?);
    let asking = Asking::default();
    let started = start(bench, &*scheduler, &first, &Job::takes(3), asking).await;
    let started = started.map_err(|error| error.to_string())?;
    let (word, said) = watch::channel(None);
    let job = Job::exit(0);
    let ahead = start(bench, &*scheduler, &second, &job, behind(&first, &said));
    let mut ahead = pin!(ahead);
    waits(bench, ahead.as_mut()).await?;
    word.send_replace(Some(false));
    assert!(matches!(ahead.await, Err(StartError::Refused)));
    let ours = scheduler
        .list_ours()
        .await
        .map_err(|error| error.to_string())?;
    let left = ours
        .iter()
        .filter(|it| it.attempt.as_ref() == Some(&second));
    assert_eq!(left.count(), 0);
    assert_eq!(started.end(bench).await?.exit()?.code, 0);
    assert_eq!(bench.starts(&second).await, 0);
    tidy(&*scheduler, &[&first]).await?;
    scheduler.close().await;
    Ok(())
}

/// Nobody pulls, or says that it cannot be, before it is certain.
pub async fn what_is_ordered_ahead_asks_for_no_image_before_it_is_wanted(
    bench: &dyn Bench,
) -> Outcome {
    let scheduler = bench.connect().await;
    let run = bench.run();
    let (first, second) = (attempt(run, "first")?, attempt(run, "second")?);
    let (word, said) = watch::channel(None);
    let job = Job {
        ending: Ending::NoImage,
        ..Job::default()
    };
    let ahead = start(bench, &*scheduler, &second, &job, behind(&first, &said));
    let mut ahead = pin!(ahead);
    waits(bench, ahead.as_mut()).await?;
    word.send_replace(Some(true));
    match ahead.await {
        Err(StartError::Failed { reason, .. }) => assert_eq!(reason, Reason::ImageNotFound),
        Err(other) => return Err(format!("{other:?}")),
        Ok(_) => return Err("it started".to_owned()),
    }
    tidy(&*scheduler, &[&second]).await?;
    scheduler.close().await;
    Ok(())
}

/// A container that never ran is only taken up for what it was made for.
pub async fn what_was_made_of_something_else_is_made_anew(bench: &dyn Bench) -> Outcome {
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "other")?;
    let asking = |permitted, recipe: &str| Asking {
        permitted,
        recipe: recipe.to_owned(),
        ..Asking::default()
    };
    let refused = start(
        bench,
        &*scheduler,
        &id,
        &Job::exit(3),
        asking(false, "this"),
    )
    .await;
    assert!(matches!(refused, Err(StartError::Refused)));
    let started = start(bench, &*scheduler, &id, &Job::exit(4), asking(true, "that")).await;
    let started = started.map_err(|error| error.to_string())?;
    assert_eq!(started.end(bench).await?.exit()?.code, 4);
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    scheduler.close().await;
    Ok(())
}
