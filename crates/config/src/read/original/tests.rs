use crate::{Format, Source, read};
use serde_json::{Value, json};

/// What it comes to in our words; and what is said of it.
fn read_original(document: &Value) -> (Option<Value>, Vec<String>) {
    let reading = read(&Source {
        name: "gofer.json".to_owned(),
        text: serde_json::to_string_pretty(document).unwrap(),
        format: Format::Json,
    });
    let said = reading.findings.iter().map(|finding| {
        let kind = format!("{:?}", finding.severity).to_lowercase();
        format!("{kind} {}: {}", finding.path, finding.message)
    });
    let said = said.collect();
    let canonical = reading.pipeline.map(|pipeline| {
        let text = pipeline.canonical().unwrap();
        serde_json::from_str(&text).unwrap()
    });
    (canonical, said)
}

fn pipeline(tasks: &Value) -> Value {
    json!({
        "id": "simple", "name": "", "description": null, "parallelism": 0, "tasks": tasks,
    })
}

/// As the SDKs print a task that says nothing.
#[expect(clippy::needless_pass_by_value, reason = "reads better in a table")]
fn task(id: &str, more: Value) -> Value {
    let mut task = json!({
        "id": id, "description": null, "image": "ubuntu:latest", "registry_auth": null,
        "depends_on": {}, "variables": {}, "entrypoint": null, "command": ["echo", "hello"],
        "inject_api_token": false, "always_pull_newest_image": false,
    });
    for (key, value) in more.as_object().unwrap() {
        task[key] = value.clone();
    }
    task
}

fn one(more: Value) -> Value {
    pipeline(&json!([task("only", more)]))
}

/// Documents that are carried over: what they come to, and the notes besides the first.
#[expect(clippy::too_many_lines, reason = "a table")]
fn carried_over() -> Vec<(&'static str, Value, Value, Vec<&'static str>)> {
    let plain = json!({"image": "ubuntu:latest", "command": ["echo", "hello"]});
    let with = |key: &str, value: Value| {
        let mut task = plain.clone();
        task[key] = value;
        json!({"name": "simple", "tasks": {"only": task}})
    };
    vec![
        (
            "the smallest one",
            one(json!({})),
            json!({"name": "simple", "tasks": {"only": plain}}),
            vec![],
        ),
        (
            "a name, a description and a limit",
            json!({
                "id": "simple", "name": "Simple Pipeline", "description": "It shows one task.",
                "parallelism": 2, "tasks": [task("only", json!({"description": "Prints."}))],
            }),
            json!({
                "name": "simple", "description": "Simple Pipeline: It shows one task.",
                "concurrency": {"limit": 2},
                "tasks": {"only": {
                    "description": "Prints.", "image": "ubuntu:latest", "command": ["echo", "hello"],
                }},
            }),
            vec!["description", "concurrency"],
        ),
        (
            "all three states of a parent",
            pipeline(&json!([
                task("one", json!({})),
                task("two", json!({"depends_on": {"one": "Any"}})),
                task(
                    "three",
                    json!({"depends_on": {"one": "Success", "two": "Failure"}})
                ),
            ])),
            json!({"name": "simple", "tasks": {
                "one": plain,
                "two": {"image": "ubuntu:latest", "command": ["echo", "hello"], "depends_on": {"one": "any"}},
                "three": {
                    "image": "ubuntu:latest", "command": ["echo", "hello"],
                    "depends_on": {"one": "success", "two": "failure"},
                },
            }}),
            vec!["tasks.two.depends_on", "tasks.three.depends_on"],
        ),
        (
            "plain variables, in capital letters",
            one(json!({"variables": {"app_mode": "fast", "LEVEL": "1.10"}})),
            with("env", json!({"APP_MODE": "fast", "LEVEL": "1.10"})),
            vec!["tasks.only.env.APP_MODE"],
        ),
        (
            "secrets of both kinds, with single braces and capital letters too",
            one(json!({"variables": {
                "A": "pipeline_secret{{logs_key}}", "B": "Global_Secret{{ token }}", "C": "pipeline_secret{old}",
            }})),
            with(
                "env",
                json!({"A": {"secret": "logs_key"}, "B": {"secret": "token"}, "C": {"secret": "old"}}),
            ),
            vec!["tasks.only.env.A", "tasks.only.env.B", "tasks.only.env.C"],
        ),
        (
            "objects of the pipeline and of the run",
            one(json!({"variables": {"P": "pipeline_object{{last}}", "R": "run_object{{rows}}"}})),
            with(
                "env",
                json!({"P": {"object": "last"}, "R": {"object": "rows", "scope": "run"}}),
            ),
            vec!["tasks.only.env.P", "tasks.only.env.R"],
        ),
        (
            "a placeholder inside of longer text is none",
            one(json!({"variables": {"URL": "http://pipeline_secret{{host}}/"}})),
            with("env", json!({"URL": "http://pipeline_secret{{host}}/"})),
            vec!["tasks.only.env.URL"],
        ),
        (
            "an entrypoint, and an empty command",
            one(json!({"entrypoint": ["printenv"], "command": []})),
            json!({"name": "simple", "tasks": {"only": {"image": "ubuntu:latest", "entrypoint": ["printenv"]}}}),
            vec![],
        ),
        (
            "a script as the SDK wraps it",
            one(json!({"command": ["bash", "-c", "set -e\necho one | cat"]})),
            json!({"name": "simple", "tasks": {"only": {
                "image": "ubuntu:latest", "command": ["bash", "-c", "set -e\necho one | cat"],
            }}}),
            vec![],
        ),
        (
            "the newest image each time, and a token",
            one(json!({"always_pull_newest_image": true, "inject_api_token": true})),
            json!({"name": "simple", "tasks": {"only": {
                "image": "ubuntu:latest", "command": ["echo", "hello"], "api_token": true, "pull": "always",
            }}}),
            vec!["tasks.only.api_token", "tasks.only.pull"],
        ),
        (
            "a registry whose password is a secret",
            one(json!({"registry_auth": {"user": "me", "pass": "pipeline_secret{{registry}}"}})),
            with(
                "registry",
                json!({"username": "me", "password": {"secret": "registry"}}),
            ),
            vec!["tasks.only.registry"],
        ),
        (
            "names with capital letters",
            json!({"id": "Simple", "name": "Simple", "parallelism": 0, "tasks": [
                task("First", json!({})), task("second", json!({"depends_on": {"First": "Success"}})),
            ]}),
            json!({"name": "simple", "tasks": {
                "first": plain,
                "second": {
                    "image": "ubuntu:latest", "command": ["echo", "hello"], "depends_on": {"first": "success"},
                },
            }}),
            vec!["id", "tasks.first", "tasks.second.depends_on"],
        ),
    ]
}

#[test]
fn what_the_originals_sdks_print_is_read_with_a_note_on_each_part() {
    for (what, document, expected, notes) in carried_over() {
        let (pipeline, said) = read_original(&document);
        let pipeline = pipeline.unwrap_or_else(|| panic!("{what}: {said:#?}"));
        assert_eq!(pipeline, expected, "{what}");
        assert!(
            said.iter().all(|line| line.starts_with("note ")),
            "{what}: {said:#?}"
        );
        for path in &notes {
            let head = format!("note {path}: ");
            assert!(
                said.iter().any(|line| line.starts_with(&head)),
                "{what}: {path}: {said:#?}"
            );
        }
        let about_reading = said
            .iter()
            .filter(|line| !line.contains("a default is advised"));
        assert_eq!(about_reading.count(), notes.len() + 1, "{what}: {said:#?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_cannot_be_carried_over_is_refused_with_the_remedy() {
    let documents = [
        (
            "a password in clear",
            one(json!({"registry_auth": {"user": "me", "pass": "hunter2"}})),
            "error tasks.only.registry: a password in clear cannot be carried over: write \"pipeline_secret{{NAME}}\"",
        ),
        (
            "no password at all",
            one(json!({"registry_auth": {"user": "me"}})),
            "error tasks.only.registry: a password in clear",
        ),
        (
            "a key that it does not have",
            one(json!({"timeout": "1h"})),
            "error tasks.only.timeout: `timeout` is no key of the original's configuration",
        ),
        (
            "the same at the top",
            json!({"id": "simple", "tasks": [task("only", json!({}))], "triggers": []}),
            "error triggers: `triggers` is no key",
        ),
        (
            "a state that is none",
            pipeline(&json!([
                task("one", json!({})),
                task("two", json!({"depends_on": {"one": "Unknown"}}))
            ])),
            "error tasks.two.depends_on.one: the state of a parent is",
        ),
        (
            "a parent that is not there",
            one(json!({"depends_on": {"first": "Success"}})),
            "error tasks.only.depends_on.first: there is no task `first`",
        ),
        (
            "two tasks of one name",
            pipeline(&json!([task("one", json!({})), task("One", json!({}))])),
            "error tasks[1]: `one` is the name of tasks[0] too",
        ),
        (
            "variables of one name",
            one(json!({"variables": {"a": "1", "A": "2"}})),
            "error tasks.only.env.A: `A` is there twice",
        ),
        (
            "a negative limit",
            json!({"id": "simple", "parallelism": -1, "tasks": [task("only", json!({}))]}),
            "error concurrency: `parallelism` is how many runs",
        ),
        (
            "a task without an id",
            pipeline(&json!([{"image": "x"}])),
            "error tasks[0]: a task with an `id` is expected",
        ),
        (
            "a value that is no text",
            one(json!({"variables": {"N": 1.5}})),
            "error tasks.only.env.N: ",
        ),
        (
            "a name that none can be here",
            pipeline(&json!([task("1st", json!({}))])),
            "error tasks.1st: ",
        ),
    ];
    for (what, document, expected) in documents {
        let (pipeline, said) = read_original(&document);
        assert!(pipeline.is_none(), "{what}");
        assert!(
            said.iter().any(|line| line.starts_with(expected)),
            "{what}: {said:#?}"
        );
    }
}

#[test]
fn a_finding_points_into_the_text_that_was_printed() {
    let text = "{\"id\": \"simple\", \"tasks\": [\n  {\"id\": \"only\", \"image\": \"x\", \"command\": [\"true\"],\n   \"depends_on\": {\"nothing\": \"Any\"}}]}";
    let reading = read(&Source {
        name: "output of ./pipeline".to_owned(),
        text: text.to_owned(),
        format: Format::Json,
    });
    let found = reading
        .findings
        .iter()
        .find(|finding| finding.message.contains("no task"))
        .unwrap();
    assert_eq!((found.line, found.column), (3, 30));
}

#[test]
fn our_own_json_is_not_taken_for_the_originals() {
    let (pipeline, said) = read_original(&json!({
        "name": "simple", "tasks": {"id": {"image": "x", "command": ["true"]}},
    }));
    assert!(pipeline.is_some(), "{said:#?}");
    let (_, said) = read_original(&json!({"name": "simple", "id": "simple", "tasks": {}}));
    assert!(
        said.iter().any(|line| line.contains("unknown key `id`")),
        "{said:#?}"
    );
}
