use crate::{
    http::send,
    server::{Surroundings, program, task, until},
};
use gofer_sdk::{RunRef, types::TaskState};
use gofer_store::Filter;
use serde_json::{Value, json};

/// Every operation of the document: method, and a path with its parts filled in.
fn operations() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&gofer_api::openapi_json()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{namespace}", "default")
            .replace("{pipeline}", "etl")
            .replace("{task}", "load")
            .replace("{key}", "cursor")
            .replace("{item}", "0")
            .replace("{volume}", "cache");
        let run = if path.starts_with("/api/v1/runs/") {
            uuid::Uuid::nil().to_string()
        } else {
            "1".into()
        };
        let path = path.replace("{run}", &run);
        for method in methods.as_object().unwrap().keys() {
            operations.push((method.to_uppercase(), path.clone()));
        }
    }
    operations
}

#[test]
fn the_document_names_every_route() {
    let document: Value = serde_json::from_str(&gofer_api::openapi_json()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|it| !it.is_empty()),
                "{name}"
            );
            names.push(format!("{method} {path} {name}"));
        }
    }
    names.sort();
    insta::assert_snapshot!(names.join("\n"), @"
    delete /api/v1/namespaces/{namespace}/pipelines/{pipeline}/objects/{key} delete_object
    delete /api/v1/namespaces/{namespace}/pipelines/{pipeline}/volumes/{volume} delete_volume
    get /api/v1/namespaces/{namespace}/pipelines/{pipeline}/objects list_objects
    get /api/v1/namespaces/{namespace}/pipelines/{pipeline}/runs/{run} read_run_of_pipeline
    get /api/v1/openapi.json read_openapi
    get /api/v1/runs list_runs
    get /api/v1/runs/{run} read_run
    get /api/v1/runs/{run}/artifacts/{task} list_artifacts
    get /api/v1/runs/{run}/artifacts/{task}/file fetch_artifact
    get /api/v1/runs/{run}/artifacts/{task}/tar fetch_artifacts
    get /api/v1/runs/{run}/config read_config
    get /api/v1/runs/{run}/events read_events
    get /api/v1/runs/{run}/logs/{task} read_log
    get /api/v1/runs/{run}/logs/{task}/{item} read_item_log
    get /api/v1/runs/{run}/shell/{task} open_shell
    get /api/v1/runs/{run}/shell/{task}/{item} open_item_shell
    get /api/v1/volumes list_volumes
    post /api/v1/clean clean
    post /api/v1/namespaces/{namespace}/pipelines/{pipeline}/resume resume_run
    post /api/v1/namespaces/{namespace}/pipelines/{pipeline}/runs start_run
    post /api/v1/runs/{run}/cancel cancel_run
    post /api/v1/runs/{run}/rerun rerun_run
    put /api/v1/namespaces/{namespace}/pipelines/{pipeline} apply
    put /api/v1/namespaces/{namespace}/pipelines/{pipeline}/objects/{key} put_object
    ");
}

#[tokio::test]
async fn another_user_gets_nothing_from_any_address() {
    let stranger = rustix::process::geteuid().as_raw() + 1;
    let server = Surroundings::new().server_for(stranger);
    let socket = server.socket();
    let operations = operations();
    assert!(operations.len() >= 12);
    let elsewhere = [
        ("GET", "/"),
        ("POST", "/api/v1/runs"),
        ("DELETE", "/api/v1/nothing"),
    ];
    let elsewhere = elsewhere.map(|(method, path)| (method.to_owned(), path.to_owned()));
    for (method, path) in operations.into_iter().chain(elsewhere) {
        let answer = send(&socket, &method, &path, "{}").await;
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
        assert!(
            answer.body.contains("urn:gofer:problem:forbidden"),
            "{method} {path}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn another_user_gets_nothing_by_a_twisted_address() {
    let stranger = rustix::process::geteuid().as_raw() + 1;
    let server = Surroundings::new().server_for(stranger);
    let socket = server.socket();
    let twists: [fn(&str) -> String; 9] = [
        |path| format!("{path}/"),
        |path| format!("/{path}"),
        |path| path.replacen('/', "//", 2),
        |path| path.replacen("/api", "/%61pi", 1),
        |path| path.replacen("/v1/", "%2fv1%2f", 1),
        |path| format!("{path};x=1"),
        |path| format!("/x/..{path}"),
        |path| path.to_uppercase(),
        |path| format!("{path}?x=%00"),
    ];
    for (method, path) in operations() {
        for twist in twists {
            let path = twist(&path);
            let answer = send(&socket, &method, &path, "{}").await;
            assert!(answer.status >= 400, "{method} {path}: {answer:?}");
        }
    }
    server.stop().await;
}

/// An item of a task that is no fan-out, a file of one that left none, a shell without a terminal.
fn is_of_what_is_not_there(path: &str) -> bool {
    let ends = ["/0", "/tar", "/file"];
    ends.iter().any(|end| path.ends_with(end)) || path.contains("/shell/")
}

#[tokio::test]
async fn reading_drives_nothing_and_changes_nothing() {
    let surroundings = Surroundings::new();
    surroundings.program("load", program(60_000, b"begun\n"));
    let first = surroundings.server();
    let run = first.start(json!({"load": task()})).await;
    until(async || {
        let run = first.client.run(&RunRef::Id(run.id)).await.unwrap();
        (run.tasks[0].state == TaskState::Running).then_some(())
    })
    .await;
    first.stop().await;

    let server = surroundings.server();
    let all = async || {
        server
            .engine
            .store()
            .runs(&Filter::default(), None, 10)
            .await
            .unwrap()
    };
    let before = all().await;
    assert!(
        before.rows[0]
            .claim
            .is_some_and(|claim| claim.owner != server.instance)
    );
    for (method, path) in operations() {
        if method == "GET" {
            let path = path.replace(&uuid::Uuid::nil().to_string(), &run.id.to_string());
            let answer = send(&server.socket(), &method, &path, "").await;
            assert!(
                answer.status == 200 || is_of_what_is_not_there(&path),
                "{path}: {answer:?}"
            );
        }
    }
    assert_eq!(all().await, before);
    server.stop().await;
}
