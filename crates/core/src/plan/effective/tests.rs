use super::*;
use crate::definition::Json;
use serde_json::json;

fn merged(defaults: Json, task: Json) -> Container {
    let defaults: Defaults = serde_json::from_value(defaults).unwrap();
    effective(Some(&defaults), &serde_json::from_value(task).unwrap())
}

fn said(value: Json) -> Container {
    serde_json::from_value(value).unwrap()
}

#[test]
fn env_files_and_volumes_merge_by_name_and_the_task_wins() {
    assert_eq!(
        merged(
            json!({"env": {"A": "1", "B": "2"}, "files": {"/a": "1", "/b": "2"},
                   "volumes": {"/v": {"scratch": "one"}, "/w": {"scratch": "w"}}}),
            json!({"env": {"B": "3", "C": "4"}, "files": {"/b": "3"}, "volumes": {"/v": {"persistent": "two"}}}),
        ),
        said(json!({
            "env": {"A": "1", "B": "3", "C": "4"}, "files": {"/a": "1", "/b": "3"},
            "volumes": {"/v": {"persistent": "two"}, "/w": {"scratch": "w"}},
        }))
    );
}

#[test]
fn all_else_is_replaced_whole() {
    let base = json!({
        "image": "x", "user": "a", "working_dir": "/a", "read_only": true, "pull": "always",
        "resources": {"cpu": "1", "memory": "1G"}, "stop_grace": "1m", "api_token": true,
        "registry": {"username": "u", "password": {"secret": "s"}},
    });
    let own = json!({
        "image": "y", "user": "b", "working_dir": "/b", "read_only": false, "pull": "never",
        "resources": {"cpu": "2"}, "stop_grace": "2s", "api_token": false,
        "registry": {"username": "v", "password": {"secret": "t"}},
    });
    assert_eq!(merged(base.clone(), own.clone()), said(own));
    assert_eq!(merged(base.clone(), json!({})), said(base));
}

#[test]
fn a_script_command_or_entrypoint_of_its_own_replaces_all_three() {
    let base = || json!({"command": ["a"], "entrypoint": ["b"]});
    for own in [
        json!({"script": "x"}),
        json!({"command": ["c"]}),
        json!({"entrypoint": ["d"]}),
    ] {
        assert_eq!(merged(base(), own.clone()), said(own));
    }
    assert_eq!(
        merged(base(), json!({"image": "x"})),
        said(json!({"image": "x", "command": ["a"], "entrypoint": ["b"]}))
    );
    assert_eq!(
        merged(json!({"script": "x"}), json!({"command": ["c"]})),
        said(json!({"command": ["c"]}))
    );
}
