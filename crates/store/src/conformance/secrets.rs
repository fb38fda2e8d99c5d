use super::{
    Bench, Outcome,
    sample::{claim, head, name, new_run, registered},
};
use crate::{Commit, NewRun};
use gofer_core::run::RunState;

/// By name; a run that is over keeps them until nothing of it is left.
pub async fn secrets_are_replaced_and_go_with_the_release(bench: &dyn Bench) -> Outcome {
    let (store, other) = (bench.open().await, bench.open().await);
    let first = vec![(name("b")?, vec![0, 255]), (name("a")?, vec![1])];
    let mut sorted = first.clone();
    sorted.reverse();
    let new = NewRun {
        secrets: first,
        ..new_run("etl", &["a"])?
    };
    registered(&*store, &new.namespace, &new.pipeline).await?;
    let row = store.create_run(new).await?;
    assert_eq!(other.sealed(row.id).await?, sorted);
    let second = vec![(name("c")?, Vec::new())];
    store.seal(claim(&row)?, second.clone()).await?;
    assert_eq!(other.sealed(row.id).await?, second);
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Succeeded));
    store.commit(commit.clone()).await?;
    assert_eq!(other.sealed(row.id).await?, second);
    commit.release = true;
    store.commit(commit).await?;
    assert!(other.sealed(row.id).await?.is_empty());
    Ok(())
}
