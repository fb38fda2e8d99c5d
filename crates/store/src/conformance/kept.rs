use super::{
    Bench, Outcome,
    sample::{accepted, attempt, change, claim, head, key, unit},
};
use crate::{Commit, Error, Store};
use gofer_core::{
    id::AttemptId,
    run::{RunState, Stage, TaskState},
};

fn id(run: gofer_core::id::RunId, item: Option<u32>) -> Result<AttemptId, Error> {
    let key = key("a", item)?;
    let (task, number) = (key.task, 1);
    Ok(AttemptId {
        run,
        task,
        item,
        number,
    })
}

/// A run that is over, with one kept attempt of the task and one of its item.
async fn failed(store: &dyn Store) -> Result<Commit, Error> {
    let row = accepted(store, "etl", &["a"]).await?;
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Failed));
    commit.changes = vec![change(20, RunState::Failed)];
    commit.units = vec![(key("a", Some(0))?, unit(TaskState::Failed))];
    for (item, ended) in [(None, 15), (Some(0), 17)] {
        let mut kept = attempt(1, TaskState::Failed);
        kept.stage = Stage::Kept;
        kept.ended_at = Some(super::sample::time(ended));
        commit.attempts.push((key("a", item)?, kept));
    }
    Ok(commit)
}

/// The newest first, with what people call them by.
pub async fn what_is_kept_is_listed(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let commit = failed(&*store).await?;
    let run = commit.claim.run;
    store.commit(commit).await?;
    let kept = store.kept().await?;
    let found: Vec<_> = kept.iter().map(|kept| kept.attempt.clone()).collect();
    assert_eq!(found, [id(run, Some(0))?, id(run, None)?]);
    let [first, second] = kept.as_slice() else {
        return Err(Error::Failed(format!("two were kept: {kept:?}")));
    };
    assert_eq!(first.ended_at, super::sample::time(17));
    assert_eq!(second.ended_at, super::sample::time(15));
    assert_eq!((first.pipeline.as_str(), first.number), ("etl", 1));
    assert!(first.claimed);
    let attempts = store.attempts(run, &key("a", None)?).await?;
    assert_eq!(attempts.first().map(|it| it.stage), Some(Stage::Kept));
    store.adopt(run).await?;
    let mut commit = Commit::new(claim(&store.run(run).await?)?);
    commit.release = true;
    store.commit(commit).await?;
    assert!(store.kept().await?.iter().all(|kept| !kept.claimed));
    store.delete_run(run).await?;
    assert_eq!(store.kept().await?, []);
    Ok(())
}

/// And only once.
pub async fn what_is_kept_is_let_go_where_nobody_drives(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let commit = failed(&*store).await?;
    let run = commit.claim.run;
    let ours = commit.claim;
    store.commit(commit).await?;
    let (own, item) = (id(run, None)?, id(run, Some(0))?);
    assert!(!store.let_go(&own).await?, "somebody drives it");
    let mut commit = Commit::new(ours);
    commit.release = true;
    store.commit(commit).await?;
    assert!(store.let_go(&own).await?);
    assert!(!store.let_go(&own).await?, "it is not kept any more");
    let attempts = store.attempts(run, &key("a", None)?).await?;
    assert_eq!(attempts.first().map(|it| it.stage), Some(Stage::Removed));
    let kept = store.kept().await?;
    let found: Vec<_> = kept.into_iter().map(|kept| kept.attempt).collect();
    assert_eq!(found, std::slice::from_ref(&item));
    assert!(store.let_go(&item).await?);
    let nobody = AttemptId { number: 9, ..item };
    assert!(!store.let_go(&nobody).await?);
    Ok(())
}
