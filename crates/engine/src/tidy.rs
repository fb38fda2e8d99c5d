//! What is kept of runs that are over, and when that goes.

use crate::{Parts, hold};
use gofer_core::{
    Timestamp,
    definition::{Pipeline, Retention},
    id::RunId,
    name::{NamespaceName, PipelineName},
    run::MOST_KEPT,
};
use gofer_scheduler::Error as Failed;
use gofer_store::{Error, Filter, KeptRow, RunRow};
use std::{collections::BTreeMap, time::Duration};

/// How long a failed attempt's container is kept.
pub const LONGEST_KEPT: Duration = Duration::from_hours(24);

/// Runs of a pipeline that are kept where its file does not say.
pub const RUNS_KEPT: u32 = 20;

/// Runs looked at in one read.
const PAGE: u32 = 100;

/// Why something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// There are newer ones, as many as are kept.
    Newer(u32),
    /// It is older than is kept.
    Older(Duration),
}

/// Kept containers that are past their bounds, of runs that nobody drives.
pub(crate) async fn too_many(parts: &Parts) -> Result<Vec<(KeptRow, Why)>, Error> {
    let oldest = earlier(parts.clock.now(), LONGEST_KEPT);
    let kept = parts.store.kept().await?;
    let mut found = Vec::new();
    for (place, row) in kept.into_iter().enumerate() {
        let why = if place >= MOST_KEPT {
            Why::Newer(u32::try_from(MOST_KEPT).unwrap_or(u32::MAX))
        } else if row.ended_at < oldest {
            Why::Older(LONGEST_KEPT)
        } else {
            continue;
        };
        if !row.claimed {
            found.push((row, why));
        }
    }
    Ok(found)
}

/// Lets kept containers go, the thing before the word: one whose word is left is looked at again.
/// False: not all, as somebody has taken up a run of them.
pub(crate) async fn let_go(parts: &Parts, kept: &[KeptRow]) -> Result<bool, Failed> {
    let mut by_run: BTreeMap<RunId, Vec<&KeptRow>> = BTreeMap::new();
    for row in kept {
        by_run.entry(row.attempt.run).or_default().push(row);
    }
    let mut all = true;
    for (run, rows) in by_run {
        if !hold::holding(parts, run, let_go_of(parts, run, &rows)).await? {
            all = false;
            continue;
        }
        for row in rows {
            // The store sees to it that nobody has taken the run up since.
            let stored = parts.store.let_go(&row.attempt).await;
            stored.map_err(|error| Failed::Failed(error.to_string()))?;
        }
    }
    Ok(all)
}

async fn let_go_of(parts: &Parts, run: RunId, rows: &[&KeptRow]) -> Result<(), Failed> {
    for row in rows {
        parts.scheduler.remove(&row.attempt).await?;
    }
    // What only they still used.
    parts.scheduler.release(&run).await
}

/// Runs of a pipeline that are past what is kept of it, the newest first.
pub(crate) async fn too_old(
    parts: &Parts,
    (namespace, pipeline): (&NamespaceName, &PipelineName),
    retention: Option<&Retention>,
) -> Result<Vec<(RunRow, Why)>, Error> {
    let most = match retention {
        None => Some(RUNS_KEPT),
        Some(said) => said.runs,
    };
    let age = retention.and_then(|said| said.age).map(Duration::from);
    let oldest = age.map(|age| earlier(parts.clock.now(), age));
    let filter = Filter {
        namespace: Some(namespace.clone()),
        pipeline: Some(pipeline.clone()),
        ..Filter::default()
    };
    let (mut after, mut place, mut found) = (None, 0, Vec::new());
    let mut callers = BTreeMap::new();
    loop {
        let page = parts.store.runs(&filter, after, PAGE).await?;
        for row in page.rows {
            if has_caller(parts, &row, &mut callers).await? {
                continue;
            }
            place += 1;
            let is_old = row
                .head
                .ended_at
                .zip(oldest)
                .is_some_and(|(at, by)| at < by);
            let why = match (most.filter(|most| place > *most), age.filter(|_| is_old)) {
                (Some(most), _) => Why::Newer(most),
                (None, Some(age)) => Why::Older(age),
                (None, None) => continue,
            };
            if row.head.state.is_over() && row.claim.is_none() {
                found.push((row, why));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// A called run stays for as long as the one that called it, and is not counted meanwhile: its
/// caller may not have learned of its end yet, and is shown with it.
async fn has_caller(
    parts: &Parts,
    row: &RunRow,
    known: &mut BTreeMap<RunId, bool>,
) -> Result<bool, Error> {
    let Some(by) = &row.origin.calls.by else {
        return Ok(false);
    };
    let caller = by.attempt.run;
    if let Some(is_there) = known.get(&caller) {
        return Ok(*is_there);
    }
    let is_there = match parts.store.run(caller).await {
        Ok(_) => true,
        Err(Error::NotFound(_)) => false,
        Err(error) => return Err(error),
    };
    known.insert(caller, is_there);
    Ok(is_there)
}

/// Forgets a run, with all that is kept of it. False: somebody has taken it up again.
pub(crate) async fn forget(parts: &Parts, run: RunId) -> Result<bool, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let kept = parts.store.kept().await.map_err(|error| words(&error))?;
    let kept: Vec<KeptRow> = kept
        .into_iter()
        .filter(|row| row.attempt.run == run)
        .collect();
    if kept.iter().any(|row| row.claimed) {
        return Ok(false);
    }
    let gone = let_go(parts, &kept).await;
    if !gone.map_err(|error| words(&error))? {
        return Ok(false);
    }
    match parts.store.delete_run(run).await {
        Ok(()) | Err(Error::NotFound(_)) => {}
        Err(Error::Unfinished) => return Ok(false),
        Err(error) => return Err(words(&error)),
    }
    gofer_logs::remove_run(&*parts.logs, run).map_err(|error| words(&error))?;
    let artifacts = parts.objects.remove_run(run).await;
    artifacts.map_err(|error| words(&error))?;
    Ok(true)
}

/// After a run, of its pipeline and of those that it called. Nobody waits for it: what fails is
/// done by the next one. A called run is among what its caller comes to.
pub(crate) async fn after(parts: &Parts, row: &RunRow, retention: Option<&Retention>) {
    if row.origin.calls.by.is_some() {
        return;
    }
    match too_many(parts).await {
        Ok(rows) => {
            let rows: Vec<KeptRow> = rows.into_iter().map(|(row, _)| row).collect();
            if let Err(error) = let_go(parts, &rows).await {
                tracing::warn!(%error, "a kept container stays longer than it has to");
            }
        }
        Err(error) => tracing::warn!(%error, "cannot look for kept containers"),
    }
    let namespace = &row.namespace;
    forget_old(parts, (namespace, &row.pipeline), retention).await;
    for (called, version) in &row.origin.calls.versions {
        let version = parts.store.version(namespace, called, *version).await;
        let pipeline = version
            .ok()
            .and_then(|version| serde_json::from_str::<Pipeline>(&version.canonical).ok());
        if let Some(pipeline) = pipeline {
            forget_old(parts, (namespace, called), pipeline.retention.as_ref()).await;
        }
    }
}

async fn forget_old(
    parts: &Parts,
    of: (&NamespaceName, &PipelineName),
    retention: Option<&Retention>,
) {
    match too_old(parts, of, retention).await {
        Ok(rows) => {
            for (row, _) in rows {
                if let Err(error) = forget(parts, row.id).await {
                    tracing::warn!(run = %row.id, error, "an old run stays for now");
                }
            }
        }
        Err(error) => tracing::warn!(%error, "cannot look for old runs"),
    }
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_sub(by).unwrap_or(Timestamp::MIN)
}
