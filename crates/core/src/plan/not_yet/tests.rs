use super::*;
use crate::definition::Json;
use serde_json::json;

fn refused(tasks: Json, defaults: Json) -> Vec<String> {
    let pipeline = Json::from_iter([
        ("name", "p".into()),
        ("tasks", tasks),
        ("defaults", defaults),
    ]);
    let found = not_yet(&serde_json::from_value(pipeline).unwrap());
    found
        .into_iter()
        .map(|problem| format!("{}: {}", problem.path, problem.message))
        .collect()
}

#[test]
fn what_gofer_run_cannot_do_yet_is_refused_with_a_plain_sentence() {
    assert_eq!(
        refused(json!({"ask": {"approval": {"message": "?"}}}), json!({})),
        [
            "tasks.ask.approval: `approval` is not available in `gofer run` yet; remove it or run this task another way"
        ]
    );
    let refused = refused(
        json!({
            "a": {"cache": {"ttl": "1h"}, "api_token": true},
            "c": {"image": "x", "script": "true", "api_token": false},
        }),
        json!({"api_token": true}),
    );
    let places: Vec<&str> = refused
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["defaults.api_token", "tasks.a.cache", "tasks.a.api_token",]
    );
}

#[test]
fn what_gofer_run_can_do_is_not_refused() {
    let tasks = json!({"a": {
        "image": "x", "script": "#!/bin/sh", "env": {"X": {"secret": "s"}}, "retry": {"limit": 1},
        "matrix": {"os": ["a"]}, "resources": {"cpu": "1"}, "read_only": true,
        "services": {"db": {"image": "db"}}, "registry": {"username": "u", "password": {"secret": "s"}},
        "files": {"/etc/a": "b"}, "volumes": {"/w": {"scratch": "w"}}, "objects": ["x"],
        "inputs": ["b"],
    }, "b": {"image": {"object": "image"}, "env": {"X": {"object": "k"}}}, "c": {
        "pipeline": {"name": "other", "params": {"x": {"object": "k"}}},
    }});
    assert!(refused(tasks, json!({"image": "y"})).is_empty());
}
