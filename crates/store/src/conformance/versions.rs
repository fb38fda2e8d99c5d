use super::{
    Bench, Outcome,
    sample::{accepted, key, name, next_id, time},
};
use crate::{Error, Request};

/// Registering what is there already changes nothing.
pub async fn the_same_document_is_the_same_version(bench: &dyn Bench) -> Outcome {
    let (one, other) = (bench.open().await, bench.open().await);
    let (namespace, pipeline) = (name("default")?, name("etl")?);
    let first = one.put_version(&namespace, &pipeline, "a", time(1)).await?;
    let again = other
        .put_version(&namespace, &pipeline, "a", time(2))
        .await?;
    assert_eq!(first.number, 1);
    assert_eq!(first.created_at, time(1));
    assert_eq!(again, first);
    assert_eq!(one.version(&namespace, &pipeline, 1).await?, first);
    Ok(())
}

/// Only the newest version is compared with.
pub async fn a_document_that_comes_back_is_a_new_version(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    let (namespace, pipeline) = (name("default")?, name("etl")?);
    for (number, document) in (1..).zip(["a", "b", "a"]) {
        let version = store
            .put_version(&namespace, &pipeline, document, time(0))
            .await?;
        assert_eq!(
            (version.number, version.canonical.as_str()),
            (number, document)
        );
    }
    assert_eq!(
        &store.version(&namespace, &pipeline, 2).await?.canonical,
        "b"
    );
    Ok(())
}

/// Neither the name nor the namespace alone makes a pipeline.
pub async fn versions_belong_to_their_pipeline(bench: &dyn Bench) -> Outcome {
    let store = bench.open().await;
    for (namespace, pipeline) in [("a", "x"), ("a", "y"), ("b", "x")] {
        let (namespace, pipeline) = (name(namespace)?, name(pipeline)?);
        let document = format!("{namespace}/{pipeline}");
        let version = store
            .put_version(&namespace, &pipeline, &document, time(0))
            .await?;
        assert_eq!(version.number, 1);
        assert_eq!(
            store.version(&namespace, &pipeline, 1).await?.canonical,
            document
        );
    }
    Ok(())
}

/// Each call says so.
pub async fn what_is_not_there_is_named(bench: &dyn Bench) -> Outcome {
    fn check<T: std::fmt::Debug>(answer: &Result<T, Error>, what: &str) {
        let said = format!("{answer:?}");
        assert!(matches!(answer, Err(Error::NotFound(_))), "{said}");
        assert!(said.contains(what), "{said}");
    }
    let store = bench.open().await;
    let run = accepted(&*store, "etl", &["a"]).await?;
    let (namespace, etl, other) = (name("default")?, name("etl")?, name("other")?);
    check(
        &store.version(&namespace, &etl, 2).await,
        "version 2 of default/etl",
    );
    check(
        &store.version(&namespace, &other, 1).await,
        "version 1 of default/other",
    );
    check(
        &store.run_by_number(&namespace, &etl, 2).await,
        "run 2 of default/etl",
    );
    check(
        &store.run_by_number(&namespace, &etl, u64::MAX).await,
        "default/etl",
    );
    check(&store.attempts(run.id, &key("b", None)?).await, "task b");
    let nobody = next_id();
    let named = nobody.to_string();
    check(&store.run(nobody).await, &named);
    check(&store.load(nobody).await, &named);
    check(&store.history(nobody, 0, 9).await, &named);
    check(&store.attempts(nobody, &key("a", None)?).await, &named);
    check(&store.sealed(nobody).await, &named);
    check(&store.adopt(nobody).await, &named);
    check(&store.delete_run(nobody).await, &named);
    let request = Request::Cancel {
        by: "me".to_owned(),
    };
    check(&store.request(nobody, request, time(0)).await, &named);
    Ok(())
}
