use crate::{
    http::send,
    server::{TestServer, program, soon, task},
};
use futures_util::TryStreamExt;
use gofer_scheduler::fake::Program;
use gofer_sdk::{
    Error, RunRef,
    types::{ArtifactKind, Artifacts, ArtifactsQuery, PutObject, Run},
};
use serde_json::json;

fn tar() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in [("artifacts/a", "one"), ("artifacts/b/<script>", "two")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        let added = builder.append_data(&mut header, path, text.as_bytes());
        added.unwrap();
    }
    builder.into_inner().unwrap()
}

async fn ended(server: &TestServer) -> Run {
    let artifacts = Some(tar());
    server.program(
        "load",
        Program {
            artifacts,
            ..program(5, b"")
        },
    );
    let run = server.start(json!({"load": task(), "none": task()})).await;
    soon(server.client.events(run.id, None).try_collect::<Vec<_>>())
        .await
        .unwrap();
    server.client.run(&RunRef::Id(run.id)).await.unwrap()
}

#[tokio::test]
async fn artifacts_are_listed_in_parts_and_fetched_whole_or_one_by_one() {
    let server = TestServer::new();
    let run = ended(&server).await;
    let left = [run.tasks[0].artifacts, run.tasks[1].artifacts];
    assert_eq!(left, [Some(Artifacts { files: 2, bytes: 6 }), None]);

    let mut query = ArtifactsQuery {
        limit: Some(1),
        ..ArtifactsQuery::default()
    };
    let mut paths = Vec::new();
    loop {
        let page = server.client.artifacts(run.id, "load", &query).await;
        let page = page.unwrap();
        assert_eq!(page.items.len(), 1);
        assert_eq!(page.items[0].kind, ArtifactKind::File);
        paths.extend(page.items.into_iter().map(|item| item.path));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(paths, ["a", "b/<script>"]);

    let all = ArtifactsQuery::default();
    let tar = server.client.artifacts_tar(run.id, "load", &all);
    let tar: Vec<_> = soon(tar.try_collect()).await.unwrap();
    assert_eq!(
        tar::Archive::new(&*tar.concat()).entries().unwrap().count(),
        2
    );
    let one = ArtifactsQuery {
        path: Some("b/<script>".into()),
        attempt: Some(1),
        ..ArtifactsQuery::default()
    };
    let file = server.client.artifact(run.id, "load", &one);
    let file: Vec<_> = soon(file.try_collect()).await.unwrap();
    assert_eq!(file.concat(), b"two");
    server.stop().await;
}

#[tokio::test]
async fn what_was_not_left_is_not_found() {
    let server = TestServer::new();
    let run = ended(&server).await;
    let all = ArtifactsQuery::default();
    let empty = server.client.artifacts(run.id, "none", &all).await.unwrap();
    assert!(empty.items.is_empty() && empty.next.is_none());
    let sentence = async |task: &str, query: ArtifactsQuery| -> String {
        let file = server.client.artifact(run.id, task, &query);
        let failed: Result<Vec<_>, Error> = soon(file.try_collect()).await;
        let error = failed.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        error.problem().unwrap().detail.clone()
    };
    let path = |path: &str| ArtifactsQuery {
        path: Some(path.into()),
        ..ArtifactsQuery::default()
    };
    assert_eq!(sentence("load", path("c")).await, "load left no file \"c\"");
    assert_eq!(
        sentence("load", path("../a")).await,
        "load left no file \"../a\""
    );
    assert_eq!(sentence("none", path("a")).await, "none left no file \"a\"");
    let later = ArtifactsQuery {
        attempt: Some(2),
        ..path("a")
    };
    assert_eq!(sentence("load", later).await, "load has no attempt 2");
    server.stop().await;
}

/// Whatever a task wrote, no browser runs it in our place.
#[tokio::test]
async fn downloads_are_attachments_of_no_type_that_is_shown() {
    let server = TestServer::new();
    let run = ended(&server).await;
    for (end, kind) in [
        ("tar", "application/x-tar"),
        ("file?path=b%2F%3Cscript%3E", "application/octet-stream"),
    ] {
        let path = format!("/api/v1/runs/{}/artifacts/load/{end}", run.id);
        let answer = send(&server.socket(), "GET", &path, "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for line in [
            format!("content-type: {kind}"),
            "content-disposition: attachment".to_owned(),
            "x-content-type-options: nosniff".to_owned(),
        ] {
            assert!(answer.head.contains(&line), "{line}: {}", answer.head);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn objects_are_put_listed_and_deleted() {
    let server = TestServer::new();
    let put = async |key: &str, value: &str| {
        let object = PutObject {
            value: value.into(),
        };
        server
            .client
            .put_object("default", "etl", key, &object)
            .await
    };
    put("b/c", "2").await.unwrap();
    put("a", "1").await.unwrap();
    put("a", "one").await.unwrap();
    let listed = server.client.objects("default", "etl").await.unwrap();
    let pairs: Vec<_> = listed.iter().map(|it| (&*it.key, &*it.value)).collect();
    assert_eq!(pairs, [("a", "one"), ("b/c", "2")]);
    let long = put("a", &"x".repeat((64 << 10) + 1)).await.unwrap_err();
    assert!(long.to_string().contains("at most 65536 fit"), "{long}");
    let client = &server.client;
    client.delete_object("default", "etl", "b/c").await.unwrap();
    let gone = client.delete_object("default", "etl", "b/c").await;
    assert!(gone.unwrap_err().is_not_found());
    server.stop().await;
}
