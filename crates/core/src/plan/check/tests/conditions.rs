use super::*;

fn with(when: &str) -> Json {
    json!({
        "params": {"n": {"type": "int", "default": 1}, "day": {"default": ""}, "flags": {"type": "json", "default": {}}},
        "tasks": {
            "list": {}, "map": {"for_each": ["a"]}, "other": {},
            "z": {"depends_on": {"list": "success", "map": "any"}, "when": when},
        },
    })
}

/// The message of the only error, and the piece of the expression it points at.
fn pointed(value: Json, when: &str) -> (String, String) {
    let mut problems = found(value, Severity::Error);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = problems.remove(0);
    (problem.message, when[problem.within.unwrap()].to_owned())
}

#[test]
fn a_misspelt_param_task_or_run_name_in_when_is_refused_before_anything_runs() {
    for (when, at, expected) in [
        (
            "params.dya == \"x\"",
            "params.dya",
            "there is no param `dya`, did you mean `day`?",
        ),
        (
            "true and outputs.lits.x == \"x\"",
            "outputs.lits.x",
            "there is no task `lits`, did you mean `list`?",
        ),
        (
            "tasks.lits.state == \"x\"",
            "tasks.lits.state",
            "did you mean `list`?",
        ),
        (
            "run.triger == \"x\"",
            "run.triger",
            "did you mean `trigger`?",
        ),
        (
            "outputs.other.x == \"x\"",
            "outputs.other.x",
            "`other` is not upstream of `z`",
        ),
        (
            "outputs.list.a.b == \"x\"",
            "outputs.list.a.b",
            "calls no pipeline",
        ),
        (
            "run.state == \"failed\"",
            "run.state",
            "only to finally tasks",
        ),
        ("event.ref == \"x\"", "event.ref", "does not see the event"),
        ("item == \"x\"", "item", "`z` has no items"),
        ("params.n ==", "", "the expression ends"),
    ] {
        let (message, piece) = pointed(with(when), when);
        assert!(message.contains(expected), "{when}: {message}");
        assert_eq!(piece, at, "{when}");
    }
    for when in [
        "params.n == 1",
        "outputs.list.x == \"\"",
        "tasks.map.state == \"failed\"",
        "run.trigger == \"manual\"",
    ] {
        accepted(with(when));
    }
}

#[test]
fn an_output_that_may_be_missing_needs_a_default_in_when_too() {
    let value = |when: &str| {
        let mut value = with(when);
        value["tasks"]["z"]["depends_on"]["list"] = json!("not_failed");
        value
    };
    let when = "outputs.list.rows | int > 1";
    let (message, piece) = pointed(value(when), when);
    assert_eq!(
        message,
        "output list.rows can be missing: list may not have succeeded. Add a default: outputs.list.rows | default(\"0\")"
    );
    assert_eq!(piece, "outputs.list.rows");
    accepted(value("outputs.list.rows | default(\"0\") | int > 1"));
    let (message, _) = pointed(
        with("outputs.map.x | length > 1"),
        "outputs.map.x | length > 1",
    );
    assert!(
        message.ends_with("outputs.map.x | default(\"\")"),
        "{message}"
    );
    accepted(with("outputs.map.x | default(\"\") | length > 1"));
}

#[test]
fn types_are_checked_with_what_the_file_says() {
    for (when, expected) in [
        ("params.n == \"1\"", "write the number without quotes"),
        ("outputs.list.x > 1", "write `| int`"),
        (
            "outputs.map.x | default(\"\") == 1",
            "can never be compared",
        ),
        ("params.day", "not true or false"),
        ("tasks.list.exit_code == 0", "write `| int`"),
        ("run.trigger", "not true or false"),
    ] {
        let (message, _) = pointed(with(when), when);
        assert!(message.contains(expected), "{when}: {message}");
    }
    accepted(with("params.flags == 1"));
}

#[test]
fn what_follows_from_a_wrong_name_is_not_said_besides() {
    pointed(with("outputs.lits.x > 1"), "outputs.lits.x > 1");
}

#[test]
fn a_finally_task_asks_about_the_run_and_every_ordinary_task() {
    let value = |when: &str| tasks(json!({"load": {}, "clean": {"finally": true, "when": when}}));
    accepted(value(
        "run.state == \"failed\" and tasks.load.state == \"failed\"",
    ));
    let when = "outputs.load.x == \"\"";
    assert!(pointed(value(when), when).0.contains("can be missing"));
}

#[test]
fn the_items_of_a_matrix_have_its_keys() {
    let value = |when: &str| tasks(json!({"a": {"matrix": {"os": ["x"]}, "when": when}}));
    accepted(value("item.os == \"x\""));
    let when = "item.so == \"x\"";
    assert!(pointed(value(when), when).0.contains("did you mean `os`?"));
}
