use super::{
    Bench, Outcome,
    sample::{accepted, claim, head, name, new_run, registered},
};
use crate::{Commit, Error, Filter, RunRow, Store};
use gofer_core::{id::RunId, run::RunState};

async fn ended(store: &dyn Store, pipeline: &str, state: RunState) -> Result<RunRow, Error> {
    let row = accepted(store, pipeline, &["a"]).await?;
    let mut commit = Commit::new(claim(&row)?);
    commit.head = Some(head(state));
    commit.release = true;
    store.commit(commit).await?;
    store.run(row.id).await
}

async fn all(store: &dyn Store, filter: &Filter, most: u32) -> Result<Vec<RunId>, Error> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.runs(filter, after, most).await?;
        assert!(page.rows.len() <= most as usize);
        found.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            None => return Ok(found),
            Some(next) => {
                assert_eq!(page.rows.last().map(|row| row.id), Some(next));
                after = Some(next);
            }
        }
    }
}

/// The last accepted first, however long the pages are and whatever is accepted meanwhile.
pub async fn pages_hold_every_run_once(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let mut expected = Vec::new();
    for pipeline in ["x", "y", "x", "z", "x", "y"] {
        expected.insert(0, accepted(&*store, pipeline, &["a"]).await?.id);
    }
    for most in 1..=7 {
        assert_eq!(all(&*store, &Filter::default(), most).await?, expected);
    }
    let first = store.runs(&Filter::default(), None, 2).await?;
    let late = accepted(&*store, "x", &["a"]).await?;
    let second = store.runs(&Filter::default(), first.next, 9).await?;
    assert_eq!(
        second.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        expected[2..]
    );
    let rows = store.runs(&Filter::default(), None, 1).await?.rows;
    assert_eq!(rows, [late]);
    assert!(
        store
            .runs(&Filter::default(), None, 0)
            .await?
            .rows
            .is_empty()
    );
    Ok(())
}

/// Every part of it, alone and together.
pub async fn pages_hold_what_the_filter_asks_for(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let mut rows = Vec::new();
    for _ in 0..2 {
        for pipeline in ["x", "y"] {
            rows.insert(0, accepted(&*store, pipeline, &["a"]).await?);
            rows.insert(0, ended(&*store, pipeline, RunState::Succeeded).await?);
            rows.insert(0, ended(&*store, pipeline, RunState::Failed).await?);
            let mut elsewhere = new_run(pipeline, &["a"])?;
            elsewhere.namespace = name("elsewhere")?;
            registered(&*store, &elsewhere.namespace, &elsewhere.pipeline).await?;
            rows.insert(0, store.create_run(elsewhere).await?);
        }
    }
    let namespaces = [None, Some(name("default")?), Some(name("nowhere")?)];
    let pipelines = [None, Some(name("x")?)];
    let states = [
        vec![],
        vec![RunState::Failed],
        vec![RunState::Queued, RunState::Running],
        vec![RunState::Queued, RunState::Succeeded],
        vec![RunState::Skipped],
    ];
    for namespace in &namespaces {
        for pipeline in &pipelines {
            for states in &states {
                for claimed in [false, true] {
                    let filter = Filter {
                        namespace: namespace.clone(),
                        pipeline: pipeline.clone(),
                        states: states.clone(),
                        claimed,
                    };
                    let expected = rows.iter().filter(|row| {
                        namespace.as_ref().is_none_or(|name| *name == row.namespace)
                            && pipeline.as_ref().is_none_or(|name| *name == row.pipeline)
                            && (states.is_empty() || states.contains(&row.head.state))
                            && (!claimed || row.claim.is_some())
                    });
                    let expected: Vec<_> = expected.map(|row| row.id).collect();
                    assert_eq!(all(&*store, &filter, 100).await?, expected, "{filter:?}");
                    assert_eq!(all(&*store, &filter, 1).await?, expected, "{filter:?}");
                }
            }
        }
    }
    Ok(())
}

/// Retention goes on while somebody turns pages.
pub async fn a_page_goes_on_after_a_run_that_was_deleted(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let mut rows = Vec::new();
    for _ in 0..5 {
        rows.insert(0, ended(&*store, "x", RunState::Succeeded).await?);
    }
    let within = Filter {
        namespace: Some(name("default")?),
        pipeline: Some(name("x")?),
        ..Filter::default()
    };
    store.delete_run(rows[1].id).await?;
    for filter in [Filter::default(), within] {
        let page = store.runs(&filter, Some(rows[1].id), 9).await?;
        assert_eq!(page.rows, rows[2..], "{filter:?}");
    }
    let oldest = rows[4].id;
    store.delete_run(oldest).await?;
    assert!(
        store
            .runs(&Filter::default(), Some(oldest), 9)
            .await?
            .rows
            .is_empty()
    );
    Ok(())
}
