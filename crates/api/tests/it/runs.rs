use crate::server::{Surroundings, TestServer, nowhere, program, soon, task, until};
use futures_util::TryStreamExt;
use gofer_scheduler::fake::Program;
use gofer_sdk::{
    Client, Error, LogQuery, RunRef,
    types::{ResumeHow, ResumeRun, Run, RunState, RunsQuery, SecretValue, StartRun, TaskState},
};
use serde_json::json;
use std::collections::BTreeMap;

async fn ended(server: &TestServer, run: &Run) -> Run {
    soon(server.client.events(run.id, None).try_collect::<Vec<_>>())
        .await
        .unwrap();
    server.client.run(&RunRef::Id(run.id)).await.unwrap()
}

#[tokio::test]
async fn a_run_is_started_and_comes_to_its_end() {
    let server = TestServer::new();
    let run = server.start(json!({"load": task(), "report": {"image": "demo:1", "command": ["go"], "depends_on": {"load": "success"}, "allow_failure": true}})).await;
    assert_eq!(run.reference(), "etl/1");
    assert_eq!(run.trigger, "manual");

    let run = ended(&server, &run).await;
    assert_eq!(run.state, RunState::Succeeded);
    assert!(run.ended_at.is_some() && !run.interrupted);
    let names: Vec<_> = run.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["load", "report"]);
    let allowed: Vec<_> = run.tasks.iter().map(|task| task.allow_failure).collect();
    assert_eq!(allowed, [false, true]);
    assert_eq!(run.tasks[0].attempts[0].exit_code, Some(0));
    server.stop().await;
}

#[tokio::test]
async fn a_fan_out_has_an_item_for_each_value() {
    let server = TestServer::new();
    let output = Some(b"rows=7\n".to_vec());
    server.program(
        "load",
        Program {
            output,
            ..program(5, b"hello")
        },
    );
    let fan_out = json!({"image": "demo:1", "command": ["go"], "for_each": ["a", {"n": 2}]});
    let run = server.start(json!({"load": fan_out})).await;
    let run = ended(&server, &run).await;
    let items = &run.tasks[0].items;
    assert_eq!(
        items.iter().map(|item| item.index).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(items[1].item, json!({"n": 2}));
    assert_eq!(items[1].outputs["rows"], "7");
    assert_eq!(run.tasks[0].outputs["rows"], r#"["7","7"]"#);
    assert!(run.tasks[0].attempts.is_empty());
    assert_eq!(items[1].attempts.len(), 1);
    let log = LogQuery {
        task: "load".into(),
        item: Some(1),
        ..LogQuery::default()
    };
    let log: Vec<_> = soon(server.client.logs(run.id, &log).try_collect())
        .await
        .unwrap();
    assert_eq!(log.concat(), b"hello");
    server.stop().await;
}

#[tokio::test]
async fn runs_are_found_by_number_by_place_and_by_id() {
    let server = TestServer::new();
    for _ in 0..3 {
        let run = server.start(json!({"load": task()})).await;
        ended(&server, &run).await;
    }
    let find = async |reference: &str| {
        let found = server.client.run(&reference.parse().unwrap()).await;
        found.map(|run| run.number)
    };
    for (reference, number) in [
        ("etl/2", 2),
        ("etl/latest", 3),
        ("etl/-1", 3),
        ("etl/-3", 1),
        ("latest", 3),
        ("-2", 2),
    ] {
        assert_eq!(find(reference).await, Ok(number), "{reference}");
    }
    for reference in ["etl/4", "etl/-4", "-4", "other/1", "other/latest"] {
        let error = find(reference).await.unwrap_err();
        assert!(error.is_not_found(), "{reference}: {error}");
        assert!(
            error.to_string().contains("there is no run"),
            "{reference}: {error}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_list_comes_newest_first_a_part_at_a_time() {
    let server = TestServer::new();
    for _ in 0..5 {
        let run = server.start(json!({"load": task()})).await;
        ended(&server, &run).await;
    }
    let mut query = RunsQuery {
        limit: Some(2),
        ..RunsQuery::default()
    };
    let mut numbers = Vec::new();
    loop {
        let page = server.client.runs(&query).await.unwrap();
        assert!(page.items.len() <= 2);
        numbers.extend(page.items.iter().map(|run| run.number));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);

    let failed = RunsQuery::default().in_states(&[RunState::Failed, RunState::Cancelled]);
    assert_eq!(server.client.runs(&failed).await.unwrap().items, []);
    let of = |pipeline: &str| RunsQuery {
        pipeline: Some(pipeline.into()),
        ..RunsQuery::default()
    };
    assert_eq!(server.client.runs(&of("etl")).await.unwrap().items.len(), 5);
    assert_eq!(server.client.runs(&of("other")).await.unwrap().items, []);
    server.stop().await;
}

#[tokio::test]
async fn a_cancelled_run_ends_cancelled_and_a_run_that_is_over_stays_as_it_is() {
    let server = TestServer::new();
    server.program("load", program(60_000, b""));
    let run = server.start(json!({"load": task()})).await;
    until(async || {
        let run = server.client.run(&RunRef::Id(run.id)).await.unwrap();
        (run.tasks[0].state == TaskState::Running).then_some(())
    })
    .await;
    let cancelling = server.client.cancel(run.id).await.unwrap();
    assert!(matches!(
        cancelling.state,
        RunState::Cancelling | RunState::Cancelled
    ));
    assert_eq!(ended(&server, &run).await.state, RunState::Cancelled);
    assert_eq!(
        server.client.cancel(run.id).await.unwrap().state,
        RunState::Cancelled
    );
    server.stop().await;
}

#[tokio::test]
async fn the_definition_of_a_run_is_that_of_its_version() {
    let server = TestServer::new();
    let run = server.start(json!({"load": task()})).await;
    let document = server.client.config(run.id).await.unwrap();
    assert_eq!(document, json!({"name": "etl", "tasks": {"load": task()}}));
    server.stop().await;
}

#[tokio::test]
async fn the_same_document_is_the_same_version() {
    let server = TestServer::new();
    let document = json!({"name": "etl", "tasks": {"load": task()}});
    let other = json!({"name": "etl", "tasks": {"load": task(), "more": task()}});
    let mut numbers = Vec::new();
    for document in [&document, &document, &other] {
        numbers.push(
            server
                .client
                .apply("default", "etl", document)
                .await
                .unwrap()
                .number,
        );
    }
    assert_eq!(numbers, [1, 1, 2]);
    server.stop().await;
}

#[tokio::test]
async fn an_interrupted_run_says_so_and_is_resumed_by_another_process() {
    let surroundings = Surroundings::new();
    surroundings.program("load", program(300, b"x"));
    let first = surroundings.server();
    let run = first.start(json!({"load": task()})).await;
    until(async || {
        let run = first.client.run(&RunRef::Id(run.id)).await.unwrap();
        (run.tasks[0].state == TaskState::Running).then_some(())
    })
    .await;
    first.stop().await;

    let second = surroundings.server();
    let found = second.client.run(&RunRef::Id(run.id)).await.unwrap();
    assert!(found.interrupted && found.state == RunState::Running);
    assert!(
        second
            .client
            .runs(&RunsQuery::default())
            .await
            .unwrap()
            .items[0]
            .interrupted
    );
    let events = soon(second.client.events(run.id, None).try_collect::<Vec<_>>()).await;
    let problem = events.unwrap_err();
    assert_eq!(
        problem.problem().map(gofer_sdk::types::Problem::word),
        Some("interrupted")
    );

    let resumed = second
        .client
        .resume_run("default", "etl", &ResumeRun::default())
        .await
        .unwrap();
    assert_eq!(resumed.how, ResumeHow::Driving);
    assert_eq!(resumed.run.unwrap().id, run.id);
    assert_eq!(ended(&second, &run).await.state, RunState::Succeeded);
    let resumed = second
        .client
        .resume_run("default", "etl", &ResumeRun::default())
        .await
        .unwrap();
    assert_eq!((resumed.how, resumed.run), (ResumeHow::Nothing, None));
    second.stop().await;
}

#[tokio::test]
async fn a_run_of_another_process_is_followed_from_the_store() {
    let surroundings = Surroundings::new();
    surroundings.program("load", program(300, b"x"));
    let (owner, other) = (surroundings.server(), surroundings.server());
    let run = owner.start(json!({"load": task()})).await;
    let resumed = other
        .client
        .resume_run("default", "etl", &ResumeRun::default())
        .await
        .unwrap();
    assert_eq!(resumed.how, ResumeHow::Following);
    let run = ended(&other, &run).await;
    assert_eq!(run.state, RunState::Succeeded);
    owner.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn all_that_is_missing_is_said_before_anything_starts() {
    let server = TestServer::new();
    let task = json!({"image": "demo:1", "command": ["go"], "env": {"A": {"secret": "a"}, "B": {"secret": "b"}}});
    let document =
        json!({"name": "etl", "params": {"day": {"type": "date"}}, "tasks": {"load": task}});
    server
        .client
        .apply("default", "etl", &document)
        .await
        .unwrap();
    let start = StartRun {
        version: 1,
        params: BTreeMap::from([("night".into(), "x".into())]),
        secrets: BTreeMap::from([("a".into(), SecretValue("swordfish".into()))]),
        ..StartRun::default()
    };
    let error = server
        .client
        .start_run("default", "etl", &start)
        .await
        .unwrap_err();
    let Error::Problem(problem) = error else {
        panic!("{error}")
    };
    assert_eq!((problem.word(), problem.status), ("refused", 422));
    for part in ["`day`", "`night`", "`b`"] {
        assert!(
            problem.problems.iter().any(|text| text.contains(part)),
            "{part}: {problem:?}"
        );
    }
    assert!(!format!("{problem:?}").contains("swordfish"));
    assert_eq!(
        server
            .client
            .runs(&RunsQuery::default())
            .await
            .unwrap()
            .items,
        []
    );
    server.stop().await;
}

#[tokio::test]
async fn nobody_at_the_socket_is_said_in_words() {
    let error = Client::unix(nowhere())
        .runs(&RunsQuery::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable(why) if why.contains("No such file")),
        "{error}"
    );
}
