//! Each rule with what it says and where; a pipeline that keeps them all is the counterpart.

mod conditions;
mod containers;
mod dependencies;
mod shapes;
mod top;
mod triggers;
mod values;

use super::check;
use crate::{
    Problem,
    definition::{Json, Pipeline},
    problem::Severity,
};
use serde_json::json;

fn pipeline(mut value: Json) -> Pipeline {
    let table = value.as_object_mut().unwrap();
    table.entry("name").or_insert_with(|| "etl".into());
    table
        .entry("defaults")
        .or_insert_with(|| json!({"image": "x"}));
    table.entry("tasks").or_insert_with(|| json!({"a": {}}));
    serde_json::from_value(value).unwrap()
}

fn found(value: Json, severity: Severity) -> Vec<Problem> {
    let problems = check(&pipeline(value));
    problems
        .into_iter()
        .filter(|problem| problem.severity == severity)
        .collect()
}

fn errors(value: Json) -> Vec<String> {
    let line = |problem: Problem| format!("{}: {}", problem.path, problem.message);
    found(value, Severity::Error)
        .into_iter()
        .map(line)
        .collect()
}

/// There is exactly one error, at `path`, and it says `part`.
#[track_caller]
fn refused(value: Json, path: &str, part: &str) {
    let text = value.to_string();
    let errors = errors(value);
    let fits = |line: &String| line.starts_with(&format!("{path}: ")) && line.contains(part);
    assert!(
        errors.len() == 1 && errors.iter().all(fits),
        "{text}\n{path}: …{part}…\n{errors:#?}"
    );
}

#[track_caller]
fn accepted(value: Json) {
    let text = value.to_string();
    let errors = errors(value);
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
}

/// A pipeline with these tasks.
fn tasks(tasks: Json) -> Json {
    Json::from_iter([("tasks", tasks)])
}

#[test]
fn a_sound_pipeline_has_nothing_to_be_said() {
    let value = json!({
        "params": {"day": {"type": "date"}},
        "triggers": {"nightly": {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin", "params": {"day": {"event": "date"}}}},
        "concurrency": {"limit": 2, "key": {"param": "day"}},
        "defaults": {"image": "etl:1", "timeout": "20m", "env": {"DAY": {"param": "day"}}},
        "tasks": {
            "list": {"script": "python list.py >> \"$GOFER_OUTPUT\""},
            "load": {"depends_on": {"list": "success"}, "for_each": {"output": "list.files"}, "max_parallel": 4,
                     "retry": {"limit": 3, "delay": "90s", "final_exit_codes": [65]},
                     "command": ["python", "load.py"], "env": {"DB_URL": {"secret": "warehouse_url"}}},
            "approve": {"depends_on": {"list": "success", "load": "not_failed"}, "when": "outputs.list.files != \"[]\"",
                        "approval": {"message": "Publish this day?", "roles": ["analyst"]}},
            "publish": {"depends_on": {"approve": "not_failed"}, "script": "python publish.py"},
            "clean_up": {"finally": true, "allow_failure": true, "script": "./clean.sh"},
        },
        "notify": [{"events": ["failed", "recovered"], "slack": {"secret": "slack_webhook"}}],
    });
    assert_eq!(check(&pipeline(value)), []);
}

#[test]
fn all_problems_of_a_pipeline_are_said_at_once() {
    let errors = errors(json!({
        "pools": ["db", "db"],
        "tasks": {
            "a": {"depends_on": {"b": "success", "nobody": "success"}, "when": "params.x ==", "max_parallel": 2},
            "b": {"depends_on": {"a": "success"}, "env": {"X": {"param": "none"}}},
        },
    }));
    assert_eq!(errors.len(), 6, "{errors:#?}");
}
