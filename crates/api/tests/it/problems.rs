use crate::{
    http::{Answer, send},
    server::{TestServer, task},
};
use serde_json::{Value, json};

async fn ask(server: &TestServer, method: &str, path: &str, body: &str) -> Answer {
    send(&server.socket(), method, &format!("/api/v1{path}"), body).await
}

fn document(answer: &Answer) -> String {
    assert!(
        answer
            .head
            .contains("content-type: application/problem+json"),
        "{answer:?}"
    );
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["status"], answer.status);
    serde_json::to_string_pretty(&document).unwrap()
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let server = TestServer::new();
    let answer = ask(
        &server,
        "GET",
        "/namespaces/default/pipelines/etl/runs/7",
        "",
    )
    .await;
    insta::assert_snapshot!(document(&answer), @r#"
    {
      "type": "urn:gofer:problem:not_found",
      "title": "There is no such thing",
      "status": 404,
      "detail": "there is no run etl/7"
    }
    "#);
    let answer = ask(&server, "GET", "/nothing", "").await;
    insta::assert_snapshot!(document(&answer), @r#"
    {
      "type": "urn:gofer:problem:not_found",
      "title": "There is no such thing",
      "status": 404,
      "detail": "there is nothing at this address"
    }
    "#);
    let answer = ask(&server, "DELETE", "/runs", "").await;
    insta::assert_snapshot!(document(&answer), @r#"
    {
      "type": "urn:gofer:problem:method_not_allowed",
      "title": "Not with this method",
      "status": 405,
      "detail": "this address does not take this method"
    }
    "#);
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_cannot_be_read_says_why() {
    let server = TestServer::new();
    let runs = "/namespaces/default/pipelines/etl/runs";
    for (method, path, body, status, part) in [
        ("POST", runs, "{", 400, "EOF"),
        (
            "POST",
            runs,
            "{\"version\":1,\"param\":{}}",
            422,
            "unknown field `param`",
        ),
        ("POST", runs, "{\"version\":-1}", 422, "invalid value"),
        ("GET", "/runs?limit=x", "", 400, "limit"),
        ("GET", "/runs?state=done", "", 400, "succeeded"),
        ("GET", "/runs?after=x", "", 400, "`after`"),
        ("GET", "/runs?colour=red", "", 400, "unknown field `colour`"),
        ("GET", "/runs/7", "", 400, "UUID"),
        (
            "GET",
            "/namespaces/Default/pipelines/etl/runs/1",
            "",
            400,
            "letter from a to z",
        ),
        (
            "PUT",
            "/namespaces/default/pipelines/etl",
            "{\"name\":\"etl\"}",
            422,
            "tasks",
        ),
    ] {
        let answer = ask(&server, method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        assert!(
            document(&answer).contains(part),
            "{method} {path} {body}: {answer:?}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_document_belongs_where_it_says() {
    let server = TestServer::new();
    let body = json!({"name": "other", "namespace": "team", "tasks": {"load": task()}}).to_string();
    let answer = ask(&server, "PUT", "/namespaces/default/pipelines/etl", &body).await;
    insta::assert_snapshot!(document(&answer), @r#"
    {
      "type": "urn:gofer:problem:refused",
      "title": "The request cannot be carried out as it is",
      "status": 422,
      "detail": "the document is of other, not of etl; the document belongs to namespace team, not default",
      "problems": [
        "the document is of other, not of etl",
        "the document belongs to namespace team, not default"
      ]
    }
    "#);
    server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = TestServer::new();
    let body = format!("\"{}\"", "x".repeat(2 << 20));
    let answer = ask(&server, "PUT", "/namespaces/default/pipelines/etl", &body).await;
    assert_eq!(answer.status, 413, "{}", answer.head);
    assert!(document(&answer).contains("too_large"));
    server.stop().await;
}

#[tokio::test]
async fn a_page_has_no_more_than_its_limit_however_much_is_asked_for() {
    let server = TestServer::new();
    let answer = ask(&server, "GET", "/runs?limit=4000000000", "").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"items":[],"next":null}"#)
    );
    server.stop().await;
}
