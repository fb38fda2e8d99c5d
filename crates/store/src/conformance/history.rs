use super::{
    Bench, Outcome,
    sample::{accepted, change, claim, key, time},
};
use crate::Commit;
use gofer_core::run::{Change, Reason, RunState, Subject, TaskState};

fn lines(first: i64) -> Result<Vec<Change>, crate::Error> {
    let (task, item) = (key("b", None)?, key("b", Some(300))?);
    Ok(vec![
        change(first, RunState::Running),
        Change {
            at: time(first + 1),
            of: Subject::Unit(task, TaskState::Starting),
            reason: None,
        },
        // A clock may step back.
        Change {
            at: time(first - 1_000_000),
            of: Subject::Attempt(item, 2, TaskState::Failed),
            reason: Some(Reason::ExitCode.code()),
        },
    ])
}

/// Over all commits, for everybody who reads it.
pub async fn history_is_numbered_without_gaps(bench: &dyn Bench) -> Outcome {
    let (store, other) = (bench.open().await, bench.open().await);
    let row = accepted(&*store, "etl", &["a", "b"]).await?;
    let mut expected = vec![change(0, RunState::Queued)];
    for first in [10, 20, 30] {
        let commit = Commit {
            changes: lines(first)?,
            ..Commit::new(claim(&row)?)
        };
        store.commit(commit).await?;
        store.commit(Commit::new(claim(&row)?)).await?;
        expected.extend(lines(first)?);
    }
    let numbered: Vec<_> = (1..).zip(expected).collect();
    assert_eq!(other.history(row.id, 0, 1000).await?, numbered);
    Ok(())
}

/// From any line on, with any most.
pub async fn history_is_read_in_pages(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a", "b"]).await?;
    for first in [10, 20, 30] {
        let commit = Commit {
            changes: lines(first)?,
            ..Commit::new(claim(&row)?)
        };
        store.commit(commit).await?;
    }
    let all = store.history(row.id, 0, 1000).await?;
    assert_eq!(all.len(), 10);
    for after in 0..=11_u32 {
        for most in 0..=11 {
            let page = store.history(row.id, after.into(), most).await?;
            let expected = all.iter().skip(after as usize).take(most as usize);
            assert!(
                page.iter().eq(expected),
                "after {after}, {most} at most: {page:?}"
            );
        }
    }
    assert!(store.history(row.id, u64::MAX, 9).await?.is_empty());
    Ok(())
}
