use crate::{
    Attempt, Item, LogFrame, LogStream, Run, RunState, SecretValue, StartRun, Task, TaskState,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn run() -> Run {
    let attempt = Attempt {
        number: 1,
        state: TaskState::Succeeded,
        reason: None,
        message: None,
        exit_code: Some(0),
        started_at: None,
        ended_at: None,
        image_digest: None,
        node: None,
        child: None,
    };
    let item = Item {
        index: 0,
        item: json!({"n": 1}),
        state: TaskState::Succeeded,
        reason: None,
        message: None,
        allow_failure: false,
        outputs: BTreeMap::new(),
        artifacts: None,
        attempts: vec![attempt.clone()],
    };
    let task = Task {
        name: "load".into(),
        state: TaskState::Succeeded,
        reason: None,
        message: None,
        allow_failure: false,
        outputs: BTreeMap::new(),
        artifacts: None,
        services: Vec::new(),
        attempts: vec![attempt],
        items: vec![item],
    };
    Run {
        id: uuid::Uuid::nil(),
        namespace: "default".into(),
        pipeline: "etl".into(),
        number: 42,
        version: 1,
        state: RunState::Succeeded,
        reason: None,
        message: None,
        kept: Vec::new(),
        interrupted: false,
        trigger: "manual".into(),
        called_by: None,
        params: BTreeMap::new(),
        created_at: "2026-11-24T10:00:00.25Z".parse().unwrap(),
        started_at: None,
        ended_at: None,
        mounts: Vec::new(),
        partial: None,
        tasks: vec![task],
    }
}

#[test]
fn the_document_of_a_run_has_its_fields_in_the_published_order() {
    let document = serde_json::to_value(run()).unwrap();
    assert_eq!(
        keys(&document),
        [
            "id",
            "namespace",
            "pipeline",
            "number",
            "version",
            "state",
            "reason",
            "message",
            "trigger",
            "params",
            "created_at",
            "started_at",
            "ended_at",
            "tasks",
        ]
    );
    assert_eq!(document["created_at"], "2026-11-24T10:00:00.25Z");
    assert_eq!(serde_json::from_value::<Run>(document).unwrap(), run());
}

#[test]
fn so_have_its_tasks_items_and_attempts() {
    let document = serde_json::to_value(run()).unwrap();
    let task = &document["tasks"][0];
    assert_eq!(
        keys(task),
        [
            "name",
            "state",
            "reason",
            "message",
            "allow_failure",
            "outputs",
            "attempts",
            "items"
        ]
    );
    assert_eq!(
        keys(&task["items"][0]),
        [
            "index",
            "item",
            "state",
            "reason",
            "message",
            "allow_failure",
            "outputs",
            "attempts"
        ]
    );
    assert_eq!(
        keys(&task["attempts"][0]),
        [
            "number",
            "state",
            "reason",
            "message",
            "exit_code",
            "started_at",
            "ended_at",
            "image_digest",
            "node",
        ]
    );
}

#[test]
fn interrupted_is_only_there_when_it_is_true() {
    let document = serde_json::to_value(Run {
        interrupted: true,
        ..run()
    })
    .unwrap();
    assert_eq!(document["interrupted"], true);
}

#[test]
fn every_state_is_its_word() {
    for state in RunState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        assert_eq!(state.as_str().parse(), Ok(*state));
    }
    for state in TaskState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        assert_eq!(state.as_str().parse(), Ok(*state));
    }
    assert!(
        "done"
            .parse::<RunState>()
            .unwrap_err()
            .to_string()
            .contains("succeeded")
    );
}

#[test]
fn a_secret_is_not_printed() {
    let start = StartRun {
        secrets: BTreeMap::from([("token".into(), SecretValue("hunter2".into()))]),
        ..StartRun::default()
    };
    assert!(!format!("{start:?}").contains("hunter2"));
}

#[test]
fn an_unknown_field_of_a_request_is_refused() {
    let body = json!({"version": 1, "param": {}});
    let error = serde_json::from_value::<StartRun>(body)
        .unwrap_err()
        .to_string();
    assert!(error.contains("unknown field `param`"), "{error}");
}

#[test]
fn a_piece_of_log_says_what_it_is() {
    let frame = LogFrame::Bytes {
        at: "2026-11-24T10:00:00Z".parse().unwrap(),
        stream: LogStream::Stderr,
        text: Some("x\n".into()),
        base64: None,
    };
    assert_eq!(
        serde_json::to_value(frame).unwrap(),
        json!({"kind": "bytes", "at": "2026-11-24T10:00:00Z", "stream": "stderr", "text": "x\n"})
    );
}
