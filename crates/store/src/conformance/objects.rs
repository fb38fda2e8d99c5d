use super::{
    Bench, Outcome,
    sample::{accepted, claim, name, time},
};
use crate::{Claim, Commit, Error};
use gofer_core::{id::Epoch, run::Object};

fn object(key: &str, value: &str, at: i64) -> Result<Object, Error> {
    Ok(Object {
        key: name(key)?,
        value: value.to_owned(),
        at: time(at),
    })
}

/// Put, put again, deleted; in the order of their keys; nobody else's.
pub async fn objects_belong_to_their_pipeline(bench: &dyn Bench) -> Outcome {
    let (store, other) = (bench.open().await, bench.open().await);
    let (namespace, etl, web) = (name("default")?, name("etl")?, name("web")?);
    assert!(store.objects(&namespace, &etl).await?.is_empty());
    for (key, value) in [("b/2", "two"), ("a", "\u{0}é\n")] {
        store
            .put_object(&namespace, &etl, object(key, value, 1)?)
            .await?;
    }
    store
        .put_object(&namespace, &web, object("a", "the web's", 1)?)
        .await?;
    store
        .put_object(&namespace, &etl, object("b/2", "newer", 5)?)
        .await?;
    let expected = vec![object("a", "\u{0}é\n", 1)?, object("b/2", "newer", 5)?];
    assert_eq!(other.objects(&namespace, &etl).await?, expected);
    other.delete_object(&namespace, &etl, &name("a")?).await?;
    let again = store.delete_object(&namespace, &etl, &name("a")?).await;
    assert!(matches!(again, Err(Error::NotFound(_))), "{again:?}");
    assert_eq!(store.objects(&namespace, &etl).await?, expected[1..]);
    assert_eq!(store.objects(&namespace, &web).await?.len(), 1);
    Ok(())
}

/// In the commit of the task's end: one that is refused leaves none, and they outlive their run.
pub async fn objects_come_with_what_made_them_or_not_at_all(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let row = accepted(&*store, "etl", &["a"]).await?;
    let claim = claim(&row)?;
    let mut commit = Commit::new(Claim {
        epoch: Epoch(claim.epoch.0 + 1),
        ..claim
    });
    commit.objects = vec![object("rows", "12", 3)?];
    let fenced = store.commit(commit.clone()).await;
    assert!(matches!(fenced, Err(Error::Fenced)), "{fenced:?}");
    let none = store.objects(&row.namespace, &row.pipeline).await?;
    assert!(none.is_empty(), "{none:?}");
    commit.claim = claim;
    store.commit(commit.clone()).await?;
    assert_eq!(
        store.objects(&row.namespace, &row.pipeline).await?,
        commit.objects
    );
    Ok(())
}
