//! One pipeline in four forms.

use crate::harness::Project;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const TOML: &str = r#"
name = "forms"
[params.day]
type = "date"
default = "2026-11-24"
[defaults]
image = "gofer-demo:1"
env = { DAY = { param = "day" }, FLAG = true, COUNT = 3 }
[tasks.grid]
matrix = { colour = ["red", "blue"], size = [1, 2] }
script = 'echo "cell=$GOFER_ITEM" >> "$GOFER_OUTPUT"; echo "$DAY $FLAG $COUNT $GOFER_ITEM"'
[tasks.gather]
depends_on = { grid = "not_failed" }
env = { CELLS = { output = "grid.cell", default = "none" } }
script = 'echo "$CELLS"'
[tasks.tidy]
finally = true
script = 'echo "$GOFER_RUN_STATE"'
"#;

const YAML: &str = r#"
name: forms
params:
  day: { type: date, default: 2026-11-24 }
defaults: &shared
  image: gofer-demo:1
  env: { DAY: { param: day }, FLAG: true, COUNT: 3 }
tasks:
  tidy:
    finally: true
    script: echo "$GOFER_RUN_STATE"
  gather:
    script: echo "$CELLS"
    env: { CELLS: { output: grid.cell, default: none } }
    depends_on: { grid: not_failed }
  grid:
    script: echo "cell=$GOFER_ITEM" >> "$GOFER_OUTPUT"; echo "$DAY $FLAG $COUNT $GOFER_ITEM"
    matrix:
      size: [1, 2]
      colour: [red, blue]
"#;

fn document() -> Value {
    json!({
        "name": "forms",
        "params": { "day": { "type": "date", "default": "2026-11-24" } },
        "defaults": {
            "image": "gofer-demo:1",
            "env": { "DAY": { "param": "day" }, "FLAG": true, "COUNT": 3 },
        },
        "tasks": {
            "gather": {
                "depends_on": { "grid": "not_failed" },
                "env": { "CELLS": { "output": "grid.cell", "default": "none" } },
                "script": "echo \"$CELLS\"",
            },
            "grid": {
                "matrix": { "size": [1, 2], "colour": ["red", "blue"] },
                "script": "echo \"cell=$GOFER_ITEM\" >> \"$GOFER_OUTPUT\"; echo \"$DAY $FLAG $COUNT $GOFER_ITEM\"",
            },
            "tidy": { "finally": true, "script": "echo \"$GOFER_RUN_STATE\"" },
        },
    })
}

/// A run without what differs each time: ids and times.
fn normalised(mut value: Value) -> Value {
    match &mut value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                let differs =
                    ["id", "created_at", "started_at", "ended_at"].contains(&key.as_str());
                *inner = if differs && !inner.is_null() {
                    Value::from("…")
                } else {
                    normalised(inner.take())
                };
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|inner| *inner = normalised(inner.take())),
        _ => {}
    }
    value
}

#[test]
fn toml_yaml_json_and_a_program_give_identical_runs() {
    let mut runs = Vec::new();
    let program = format!(
        "#!/usr/bin/env python3\nimport json\nprint(json.dumps({}))\n",
        {
            // JSON's words for Python.
            document().to_string().replace("true", "True")
        }
    );
    let forms = [
        ("gofer.toml", TOML.to_owned()),
        ("gofer.yaml", YAML.to_owned()),
        ("gofer.json", document().to_string()),
        ("gofer.config.py", program),
    ];
    for (name, text) in forms {
        let project = Project::new("");
        std::fs::remove_file(project.folder.join("gofer.toml")).unwrap();
        let path = project.write(name, &text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (done, run) = project.run(&[]);
        done.assert_code(0);
        let config = project.gofer(&["show", "forms/1", "--config"]);
        config.assert_code(0);
        let logs: Vec<Vec<u8>> = ["grid/0", "grid/3", "gather", "tidy"]
            .iter()
            .map(|part| project.logs(&format!("forms/1/{part}")))
            .collect();
        project.assert_nothing_left();
        runs.push((name, normalised(run), config.out(), logs));
    }
    let (_, run, config, logs) = &runs[0];
    assert_eq!(run["state"], "succeeded");
    assert_eq!(
        String::from_utf8_lossy(&logs[1]),
        "2026-11-24 true 3 {\"colour\":\"blue\",\"size\":2}\n"
    );
    for (name, other, other_config, other_logs) in &runs[1..] {
        assert_eq!(other, run, "{name}");
        assert_eq!(other_config, config, "{name}");
        assert_eq!(other_logs, logs, "{name}");
    }
}
