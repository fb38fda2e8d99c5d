use super::{
    Bench, Drawn, Outcome, arbitrary,
    sample::{accepted, attempt, change, claim, head, key, name, new_run, registered, unit},
};
use crate::{Commit, Error, NewRun};
use gofer_core::{
    id::AttemptId,
    run::{
        Artifacts, CalledBy, Calls, Given, GivenArtifacts, Mount, Partial, Reason, RunState,
        TaskState,
    },
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

const CASES: usize = 64;

fn draw<T: std::fmt::Debug>(
    runner: &mut TestRunner,
    strategy: &impl Strategy<Value = T>,
) -> Result<T, Error> {
    let tree = strategy.new_tree(runner);
    tree.map(|tree| tree.current())
        .map_err(|reason| Error::Failed(reason.to_string()))
}

/// From 1, without gaps, whoever accepts them.
pub async fn runs_are_numbered_within_their_pipeline(bench: &dyn Bench) -> Outcome {
    let (one, other) = (bench.open().await, bench.open().await);
    for number in 1..=3 {
        for (store, pipeline) in [(&one, "x"), (&other, "y")] {
            let run = accepted(&**store, pipeline, &["a"]).await?;
            assert_eq!(run.number, number);
            assert_eq!(claim(&run)?.owner, store.instance());
        }
    }
    let run = accepted(&*one, "y", &["a"]).await?;
    assert_eq!(run.number, 4);
    assert_eq!(
        other
            .run_by_number(&run.namespace, &run.pipeline, 4)
            .await?,
        run
    );
    Ok(())
}

/// Whatever states, reasons, numbers and texts it has.
pub async fn a_stored_run_is_what_was_accepted(bench: &dyn Bench) -> Outcome {
    let (store, other) = (bench.open().await, bench.open().await);
    let mut runner = TestRunner::deterministic();
    let runs = arbitrary::runs();
    for _ in 0..CASES {
        let Drawn {
            names,
            run,
            changes,
        } = draw(&mut runner, &runs)?;
        let base = new_run("etl", &[])?;
        registered(&*store, &base.namespace, &base.pipeline).await?;
        let new = NewRun {
            run,
            tasks: names,
            changes,
            ..base
        };
        let row = store.create_run(new.clone()).await?;
        let stored = other.load(new.id).await?;
        assert_eq!(stored.run, new.run);
        assert_eq!(stored.tasks, new.tasks);
        assert_eq!(stored.row, row);
        assert_eq!((&row.origin, &row.head), (&new.origin, &new.run.head));
        let history = other.history(new.id, 0, 1000).await?;
        assert_eq!(history, (1..).zip(new.changes).collect::<Vec<_>>());
    }
    Ok(())
}

/// Mounts, the tasks that it is about, and what the others are taken to have given.
pub async fn what_a_run_was_asked_for_is_kept(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let mut new = new_run("etl", &["a", "b"])?;
    let given = Given {
        run: Some(new.id),
        number: Some(41),
        outputs: [("files".to_owned(), r#"["a.csv"]"#.to_owned())].into(),
        state: TaskState::Failed,
        reason: Some(Reason::ExitCode),
        exit_code: Some(3),
        artifacts: vec![GivenArtifacts {
            item: Some(2),
            number: 1,
            artifacts: Artifacts { files: 3, bytes: 5 },
        }],
    };
    new.origin.mounts = vec![Mount {
        source: "/home/x/src".to_owned(),
        target: "/src".to_owned(),
        read_only: true,
    }];
    new.origin.partial = Some(Partial {
        only: [name("b")?].into(),
        given: [(name("a")?, given)].into(),
    });
    new.origin.calls = Calls {
        by: Some(CalledBy {
            attempt: AttemptId {
                run: new.id,
                task: name("a")?,
                item: Some(2),
                number: 3,
            },
            run: "above/7".to_owned(),
        }),
        depth: 4,
        versions: [(name("load")?, 7)].into(),
    };
    registered(&*store, &new.namespace, &new.pipeline).await?;
    let (id, origin) = (new.id, new.origin.clone());
    assert_eq!(store.create_run(new).await?.origin, origin);
    assert_eq!(store.load(id).await?.row.origin, origin);
    Ok(())
}

/// All or nothing: no row, no number, no secret.
pub async fn a_run_that_is_refused_leaves_nothing(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let first = accepted(&*store, "etl", &["a"]).await?;
    let secrets = vec![(name("token")?, vec![1])];
    let again = NewRun {
        id: first.id,
        secrets,
        ..new_run("etl", &["a"])?
    };
    assert!(matches!(
        store.create_run(again).await,
        Err(Error::Failed(_))
    ));
    let unknown = NewRun {
        version: 2,
        ..new_run("etl", &["a"])?
    };
    let id = unknown.id;
    assert!(matches!(
        store.create_run(unknown).await,
        Err(Error::NotFound(_))
    ));
    assert!(matches!(store.run(id).await, Err(Error::NotFound(_))));
    let lacking = NewRun {
        tasks: Vec::new(),
        ..new_run("etl", &["a"])?
    };
    assert!(matches!(
        store.create_run(lacking).await,
        Err(Error::Failed(_))
    ));
    assert!(store.sealed(first.id).await?.is_empty());
    assert_eq!(store.run(first.id).await?, first);
    assert_eq!(accepted(&*store, "etl", &["a"]).await?.number, 2);
    Ok(())
}

/// Other tasks, other runs and what a commit leaves out stay as they were.
pub async fn a_commit_changes_what_it_names_and_nothing_else(bench: &dyn Bench) -> Outcome {
    let (store, other) = (bench.open().await, bench.open().await);
    let row = accepted(&*store, "etl", &["a", "b"]).await?;
    let bystander = accepted(&*store, "etl", &["a", "b"]).await?;
    let (before, besides) = (store.load(row.id).await?, store.load(bystander.id).await?);
    let a = key("a", None)?;
    let mut commit = Commit::new(claim(&row)?);
    commit.units.push((a.clone(), unit(TaskState::Running)));
    commit
        .attempts
        .push((a.clone(), attempt(1, TaskState::Running)));
    store.commit(commit.clone()).await?;
    let mut expected = before;
    expected.run.tasks[0].own = unit(TaskState::Running);
    expected.run.tasks[0]
        .own
        .attempts
        .push(attempt(1, TaskState::Running));
    assert_eq!(other.load(row.id).await?, expected);
    // The attempts of a unit are not looked at, in what comes in.
    commit.attempts.clear();
    commit.units[0].1.attempts.push(attempt(7, TaskState::Lost));
    store.commit(commit).await?;
    assert_eq!(other.load(row.id).await?, expected);
    assert_eq!(
        other.attempts(row.id, &a).await?,
        [attempt(1, TaskState::Running)]
    );
    assert_eq!(other.load(bystander.id).await?, besides);
    Ok(())
}

/// Any head, unit, attempt and line, over whatever was there.
pub async fn commits_come_to_what_they_say(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a", "b"]).await?;
    let mut runner = TestRunner::deterministic();
    let commits = arbitrary::commits(claim(&row)?);
    let mut lines = store.history(row.id, 0, 10).await?.len();
    for _ in 0..CASES {
        let commit = draw(&mut runner, &commits)?;
        store.commit(commit.clone()).await?;
        let stored = store.load(row.id).await?;
        if let Some(mut head) = commit.head {
            head.created_at = stored.row.head.created_at;
            assert_eq!(stored.run.head, head);
        }
        for (key, unit) in commit.units {
            let task = usize::from(key.task.as_str() == "b");
            let mut found = stored.run.tasks[task].own.clone();
            found.attempts.clear();
            assert_eq!(found, unit);
        }
        for (key, attempt) in commit.attempts {
            assert_eq!(store.attempts(row.id, &key).await?, [attempt]);
        }
        let found = store.history(row.id, lines as u64, 1000).await?;
        lines += found.len();
        assert_eq!(
            found.into_iter().map(|(_, line)| line).collect::<Vec<_>>(),
            commit.changes
        );
    }
    Ok(())
}

/// Also when only its last part is wrong.
pub async fn a_commit_that_fails_writes_nothing(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a"]).await?;
    let before = store.load(row.id).await?;
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Running));
    commit
        .units
        .push((key("a", None)?, unit(TaskState::Starting)));
    commit.changes.push(change(5, RunState::Running));
    let good = commit.clone();
    commit
        .attempts
        .push((key("nothing", None)?, attempt(1, TaskState::Starting)));
    assert!(matches!(
        store.commit(commit.clone()).await,
        Err(Error::NotFound(_))
    ));
    commit.attempts.clear();
    commit.release = true;
    assert!(matches!(store.commit(commit).await, Err(Error::Unfinished)));
    assert_eq!(store.load(row.id).await?, before);
    assert_eq!(store.history(row.id, 0, 10).await?.len(), 1);
    store.commit(good).await?;
    assert_eq!(store.run(row.id).await?.head, head(RunState::Running));
    Ok(())
}

/// A gap would make a run that cannot be read back.
pub async fn items_and_attempts_come_one_after_the_other(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a", "b"]).await?;
    let item = |item| key("b", Some(item));
    let mut commit = Commit::new(claim(&row)?);
    commit.units.push((item(1)?, unit(TaskState::Waiting)));
    assert!(matches!(
        store.commit(commit.clone()).await,
        Err(Error::Failed(_))
    ));
    commit.units.insert(0, (item(0)?, unit(TaskState::Waiting)));
    commit
        .attempts
        .push((item(1)?, attempt(2, TaskState::Starting)));
    assert!(matches!(
        store.commit(commit.clone()).await,
        Err(Error::Failed(_))
    ));
    commit
        .attempts
        .insert(0, (item(1)?, attempt(1, TaskState::Failed)));
    store.commit(commit.clone()).await?;
    commit.units.clear();
    commit.attempts = vec![(item(2)?, attempt(1, TaskState::Starting))];
    assert!(matches!(store.commit(commit).await, Err(Error::Failed(_))));
    let stored = store.load(row.id).await?;
    assert_eq!(stored.run.tasks[1].items.len(), 2);
    assert_eq!(stored.run.tasks[1].items[1].attempts.len(), 2);
    assert!(store.attempts(row.id, &item(0)?).await?.is_empty());
    Ok(())
}

/// With all that was stored about it; its number is not given again.
pub async fn a_deleted_run_is_forgotten(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let kept = accepted(&*store, "etl", &["a"]).await?;
    let row = accepted(&*store, "etl", &["a"]).await?;
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Succeeded));
    commit.release = true;
    store.commit(commit).await?;
    store.delete_run(row.id).await?;
    assert!(matches!(store.load(row.id).await, Err(Error::NotFound(_))));
    assert!(matches!(
        store.history(row.id, 0, 9).await,
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        store.delete_run(row.id).await,
        Err(Error::NotFound(_))
    ));
    assert_eq!(store.history(kept.id, 0, 9).await?.len(), 1);
    let next = accepted(&*store, "etl", &["a"]).await?;
    assert_eq!(next.number, 3);
    assert_eq!(store.history(next.id, 0, 9).await?.len(), 1);
    Ok(())
}

/// Not one that goes on, nor one of which containers may be left.
pub async fn only_a_released_run_is_deleted(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a"]).await?;
    assert!(matches!(
        store.delete_run(row.id).await,
        Err(Error::Unfinished)
    ));
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(RunState::Failed));
    store.commit(commit).await?;
    assert!(matches!(
        store.delete_run(row.id).await,
        Err(Error::Unfinished)
    ));
    assert_eq!(store.run(row.id).await?.head.state, RunState::Failed);
    Ok(())
}
