use crate::server::{Surroundings, TestServer, program, soon, task};
use futures_util::{StreamExt, TryStreamExt};
use gofer_sdk::{
    Error, RunEvent, RunRef,
    types::{End, Problem, RunState},
};
use serde_json::json;

#[tokio::test]
async fn every_line_of_history_comes_once_in_order_and_then_the_end() {
    let server = TestServer::new();
    let run = server.start(json!({"load": task()})).await;
    let events: Vec<RunEvent> = soon(server.client.events(run.id, None).try_collect())
        .await
        .unwrap();
    let mut lines = Vec::new();
    let mut said = Vec::new();
    for event in &events {
        if let RunEvent::Change { line, change } = event {
            lines.push(*line);
            let task = change.task.as_deref().unwrap_or("run");
            let attempt = change
                .attempt
                .map(|attempt| format!("#{attempt}"))
                .unwrap_or_default();
            said.push(format!("{task}{attempt} {}", change.state));
        }
    }
    assert_eq!(
        lines,
        (1..=u64::try_from(lines.len()).unwrap()).collect::<Vec<_>>()
    );
    assert_eq!(said.first().map(String::as_str), Some("run queued"));
    assert_eq!(said.last().map(String::as_str), Some("run succeeded"));
    for line in [
        "run running",
        "load starting",
        "load#1 running",
        "load succeeded",
    ] {
        assert!(
            said.iter().any(|said| said == line),
            "{line} is not in {said:?}"
        );
    }
    assert_eq!(
        events.last(),
        Some(&RunEvent::End(End {
            state: RunState::Succeeded
        }))
    );
    server.stop().await;
}

#[tokio::test]
async fn one_who_comes_back_hears_only_what_is_new() {
    let server = TestServer::new();
    let run = server.start(json!({"load": task()})).await;
    let all: Vec<RunEvent> = soon(server.client.events(run.id, None).try_collect())
        .await
        .unwrap();
    let rest: Vec<RunEvent> = soon(server.client.events(run.id, Some(3)).try_collect())
        .await
        .unwrap();
    let changes = |events: &[RunEvent]| {
        let change =
            |event: &RunEvent| matches!(event, RunEvent::Change { .. }).then(|| event.clone());
        events.iter().filter_map(change).collect::<Vec<_>>()
    };
    assert_eq!(changes(&rest), changes(&all)[3..]);
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_hears_of_a_change_while_the_run_goes_on() {
    let server = TestServer::new();
    server.program("load", program(60_000, b""));
    let run = server.start(json!({"load": task()})).await;
    let mut events = server.client.events(run.id, None);
    let running = async {
        while let Some(event) = events.next().await {
            if let RunEvent::Change { change, .. } = event.unwrap()
                && change.attempt == Some(1)
                && change.state == "running"
            {
                return true;
            }
        }
        false
    };
    assert!(soon(running).await);
    server.client.cancel(run.id).await.unwrap();
    let rest: Vec<_> = soon(events.try_collect()).await.unwrap();
    assert_eq!(
        rest.last(),
        Some(&RunEvent::End(End {
            state: RunState::Cancelled
        }))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_ends_cuts_its_streams_and_the_watcher_can_tell() {
    let server = TestServer::new();
    server.program("load", program(60_000, b""));
    let run = server.start(json!({"load": task()})).await;
    let mut events = server.client.events(run.id, None);
    assert!(soon(events.next()).await.unwrap().is_ok());
    server.stop().await;
    let rest: Result<Vec<_>, _> = soon(events.try_collect()).await;
    assert!(
        matches!(rest, Err(Error::Unreachable(_) | Error::Problem(_))),
        "{rest:?}"
    );
}

#[tokio::test]
async fn a_run_that_is_not_there_has_no_events() {
    let server = TestServer::new();
    let events: Result<Vec<_>, _> =
        soon(server.client.events(uuid::Uuid::nil(), None).try_collect()).await;
    assert!(events.unwrap_err().is_not_found());
    server.stop().await;
}

#[tokio::test]
async fn a_run_whose_driver_failed_is_said_to_be_interrupted() {
    let surroundings = Surroundings::new();
    surroundings.program("load", program(200, b""));
    let server = surroundings.server();
    let run = server.start(json!({"load": task()})).await;
    let mut events = server.client.events(run.id, None);
    assert!(soon(events.next()).await.unwrap().is_ok());
    surroundings.mine_the_store();
    let rest: Result<Vec<_>, _> = soon(events.try_collect()).await;
    let error = rest.unwrap_err();
    assert_eq!(
        error.problem().map(Problem::word),
        Some("interrupted"),
        "{error}"
    );
    assert!(
        server
            .client
            .run(&RunRef::Id(run.id))
            .await
            .unwrap()
            .interrupted
    );
    server.stop().await;
}
