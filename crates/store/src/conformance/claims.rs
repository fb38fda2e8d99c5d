use super::{
    Bench, Outcome,
    sample::{accepted, change, claim, head, name, next_id},
};
use crate::{Adoption, Claim, Commit, Error, Filter};
use gofer_core::{id::Epoch, run::RunState};

/// Only the dead are taken over from.
pub async fn a_living_owner_keeps_its_run(bench: &dyn Bench) -> Outcome {
    let (owner, other) = (bench.open().await, bench.open().await);
    assert_ne!(owner.instance(), other.instance());
    assert_eq!(owner.id(), other.id());
    let row = accepted(&*owner, "etl", &["a"]).await?;
    let ours = claim(&row)?;
    assert_eq!(
        ours,
        Claim {
            run: row.id,
            owner: owner.instance(),
            epoch: Epoch(1)
        }
    );
    assert_eq!(
        other.adopt(row.id).await?,
        Adoption::Alive(owner.instance())
    );
    assert_eq!(owner.adopt(row.id).await?, Adoption::Ours(ours));
    for store in [&owner, &other] {
        assert!(store.is_alive(owner.instance()).await?);
        assert!(store.is_alive(other.instance()).await?);
    }
    let mut commit = Commit::new(ours);
    commit.head = Some(head(RunState::Running));
    owner.commit(commit).await?;
    assert_eq!(other.run(row.id).await?.claim, Some(ours));
    Ok(())
}

/// The claim of the first has the next epoch; the second finds it alive.
pub async fn a_dead_owner_loses_its_run_to_the_first_who_asks(bench: &dyn Bench) -> Outcome {
    let (owner, first, second) = (bench.open().await, bench.open().await, bench.open().await);
    let row = accepted(&*owner, "etl", &["a"]).await?;
    let dead = owner.instance();
    bench.kill(owner).await;
    assert!(!first.is_alive(dead).await?);
    assert_eq!(first.run(row.id).await?.claim, row.claim);
    let ours = Claim {
        run: row.id,
        owner: first.instance(),
        epoch: Epoch(2),
    };
    assert_eq!(first.adopt(row.id).await?, Adoption::Ours(ours));
    assert_eq!(
        second.adopt(row.id).await?,
        Adoption::Alive(first.instance())
    );
    assert_eq!(first.adopt(row.id).await?, Adoption::Ours(ours));
    bench.kill(first).await;
    let theirs = Claim {
        run: row.id,
        owner: second.instance(),
        epoch: Epoch(3),
    };
    // One that comes later knows the dead as well.
    let third = bench.open().await;
    assert_eq!(second.adopt(row.id).await?, Adoption::Ours(theirs));
    assert_eq!(
        third.adopt(row.id).await?,
        Adoption::Alive(second.instance())
    );
    Ok(())
}

/// Whoever lost its claim writes nothing, and is told why.
pub async fn an_old_claim_is_fenced(bench: &dyn Bench) -> Outcome {
    let (owner, next) = (bench.open().await, bench.open().await);
    let row = accepted(&*owner, "etl", &["a"]).await?;
    bench.kill(owner).await;
    let Adoption::Ours(ours) = next.adopt(row.id).await? else {
        return Err(Error::Fenced);
    };
    let old = claim(&row)?;
    let strangers = [
        old,
        Claim {
            epoch: ours.epoch,
            ..old
        },
        Claim {
            epoch: old.epoch,
            ..ours
        },
        Claim {
            run: next_id(),
            ..ours
        },
    ];
    for claim in strangers {
        let mut commit = Commit::new(claim);
        commit.head = Some(head(RunState::Failed));
        commit.changes.push(change(1, RunState::Failed));
        commit.release = true;
        assert!(
            matches!(next.commit(commit).await, Err(Error::Fenced)),
            "{claim:?}"
        );
        let secrets = vec![(name("token")?, vec![1])];
        assert!(
            matches!(next.seal(claim, secrets).await, Err(Error::Fenced)),
            "{claim:?}"
        );
    }
    let stored = next.run(row.id).await?;
    assert_eq!((stored.claim, stored.head), (Some(ours), row.head));
    assert_eq!(next.history(row.id, 0, 9).await?.len(), 1);
    assert!(next.sealed(row.id).await?.is_empty());
    next.commit(Commit {
        head: Some(head(RunState::Running)),
        ..Commit::new(ours)
    })
    .await
}

/// Nothing is written to it any more, not even by the one who released it.
pub async fn a_released_run_is_nobodys(bench: &dyn Bench) -> Outcome {
    let (owner, other) = (bench.open().await, bench.open().await);
    let row = accepted(&*owner, "etl", &["a"]).await?;
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Succeeded));
    owner.commit(commit.clone()).await?;
    // It is over, but its containers are not gone: its owner is asked for.
    assert_eq!(
        other.adopt(row.id).await?,
        Adoption::Alive(owner.instance())
    );
    commit.head = None;
    commit.release = true;
    owner.commit(commit.clone()).await?;
    assert_eq!(owner.adopt(row.id).await?, Adoption::Over);
    assert_eq!(other.adopt(row.id).await?, Adoption::Over);
    assert_eq!(other.run(row.id).await?.claim, None);
    assert!(matches!(owner.commit(commit).await, Err(Error::Fenced)));
    let claimed = Filter {
        claimed: true,
        ..Filter::default()
    };
    assert!(other.runs(&claimed, None, 9).await?.rows.is_empty());
    Ok(())
}

/// What goes on has somebody who drives it, or is to be taken over.
pub async fn only_a_run_that_is_over_is_released(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a"]).await?;
    for state in [None, Some(RunState::Running), Some(RunState::Cancelling)] {
        let mut commit = Commit::new(claim(&row)?);
        commit.head = state.map(head);
        commit.release = true;
        assert!(
            matches!(store.commit(commit).await, Err(Error::Unfinished)),
            "{state:?}"
        );
    }
    assert_eq!(store.run(row.id).await?, row);
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Cancelled));
    commit.release = true;
    store.commit(commit).await
}

/// For a rerun. What is stored of it stays, and it is driven like any other from then on.
pub async fn a_released_run_is_taken_up_again_with_the_next_epoch(bench: &dyn Bench) -> Outcome {
    let (first, second) = (bench.open().await, bench.open().await);
    let row = accepted(&*first, "etl", &["a"]).await?;
    let over = |claim| Commit {
        head: Some(head(RunState::Failed)),
        release: true,
        ..Commit::new(claim)
    };
    first.commit(over(claim(&row)?)).await?;
    for (store, epoch) in [(&second, 2), (&first, 3), (&first, 4)] {
        let again = store.reclaim(row.id).await?;
        let expected = Claim {
            run: row.id,
            owner: store.instance(),
            epoch: Epoch(epoch),
        };
        assert_eq!(again, expected);
        let stored = first.run(row.id).await?;
        assert_eq!(
            (stored.claim, stored.head.state),
            (Some(again), RunState::Failed)
        );
        assert_eq!(store.adopt(row.id).await?, Adoption::Ours(again));
        let mut going = Commit::new(again);
        going.head = Some(head(RunState::Running));
        going.changes.push(change(30, RunState::Running));
        store.commit(going).await?;
        store.commit(over(again)).await?;
        let late = store.commit(over(claim(&row)?)).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    }
    assert_eq!(second.history(row.id, 0, 9).await?.len(), 4);
    Ok(())
}

/// Neither while it goes on, nor while its owner lives and clears up. From the dead it is taken.
pub async fn a_run_is_not_taken_up_again_while_somebody_has_it(bench: &dyn Bench) -> Outcome {
    let (owner, other) = (bench.open().await, bench.open().await);
    let row = accepted(&*owner, "etl", &["a"]).await?;
    let refused = async || {
        for store in [&owner, &other] {
            let again = store.reclaim(row.id).await;
            assert!(matches!(again, Err(Error::Unfinished)), "{again:?}");
        }
    };
    refused().await;
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Succeeded));
    owner.commit(commit).await?;
    refused().await;
    assert_eq!(other.run(row.id).await?.claim, row.claim);
    bench.kill(owner).await;
    assert_eq!(other.reclaim(row.id).await?.epoch, Epoch(2));
    let nobody = other.reclaim(next_id()).await;
    assert!(matches!(nobody, Err(Error::NotFound(_))), "{nobody:?}");
    // Going on, and its owner is dead: that is a resume.
    let orphan = bench.open().await;
    let row = accepted(&*orphan, "etl", &["a"]).await?;
    bench.kill(orphan).await;
    let again = other.reclaim(row.id).await;
    assert!(matches!(again, Err(Error::Unfinished)), "{again:?}");
    Ok(())
}
