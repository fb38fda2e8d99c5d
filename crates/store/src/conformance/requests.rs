use super::{
    Bench, Outcome,
    sample::{accepted, claim, head, time},
};
use crate::{Adoption, Commit, Error, Request, RequestRow};
use gofer_core::run::RunState;

fn cancel(by: &str) -> Request {
    Request::Cancel { by: by.to_owned() }
}

/// In the order in which they came, and only for the run's owner.
pub async fn requests_reach_the_owner_until_they_are_handled(bench: &dyn Bench) -> Outcome {
    let (owner, other) = (bench.open().await, bench.open().await);
    let run = accepted(&*owner, "etl", &["a"]).await?;
    let second = accepted(&*owner, "etl", &["a"]).await?;
    let one = other.request(run.id, cancel("one"), time(1)).await?;
    let two = other.request(second.id, cancel("two"), time(0)).await?;
    let three = owner.request(run.id, cancel("three"), time(0)).await?;
    assert!(one < two && two < three);
    let row = |number, run, by| RequestRow {
        number,
        run,
        request: cancel(by),
    };
    let all = [
        row(one, run.id, "one"),
        row(two, second.id, "two"),
        row(three, run.id, "three"),
    ];
    assert_eq!(owner.requests().await?, all);
    assert!(other.requests().await?.is_empty());
    // Of another run's requests a commit says nothing.
    let commit = Commit {
        handled: vec![one, two],
        ..Commit::new(claim(&run)?)
    };
    owner.commit(commit).await?;
    assert_eq!(owner.requests().await?, all[1..]);
    let commit = Commit {
        handled: vec![two],
        ..Commit::new(claim(&second)?)
    };
    owner.commit(commit).await?;
    assert_eq!(owner.requests().await?, all[2..]);
    assert!(other.request(run.id, cancel("four"), time(0)).await? > three);
    Ok(())
}

/// What the dead did not do is for whoever comes after them.
pub async fn requests_follow_a_run_to_its_new_owner(bench: &dyn Bench) -> Outcome {
    let (owner, next) = (bench.open().await, bench.open().await);
    let run = accepted(&*owner, "etl", &["a"]).await?;
    bench.kill(owner).await;
    let number = next.request(run.id, cancel("me"), time(1)).await?;
    assert!(next.requests().await?.is_empty());
    assert!(matches!(next.adopt(run.id).await?, Adoption::Ours(_)));
    let expected = RequestRow {
        number,
        run: run.id,
        request: cancel("me"),
    };
    assert_eq!(next.requests().await?, [expected]);
    Ok(())
}

/// And what was asked too late is dropped with the claim.
pub async fn nothing_is_asked_of_a_run_that_is_over(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let run = accepted(&*store, "etl", &["a"]).await?;
    store.request(run.id, cancel("early"), time(1)).await?;
    let mut commit = Commit::new(claim(&run)?);
    commit.head = Some(head(RunState::Succeeded));
    store.commit(commit.clone()).await?;
    assert!(matches!(
        store.request(run.id, cancel("late"), time(1)).await,
        Err(Error::Over)
    ));
    assert_eq!(store.requests().await?.len(), 1);
    commit.release = true;
    store.commit(commit).await?;
    assert!(store.requests().await?.is_empty());
    Ok(())
}
