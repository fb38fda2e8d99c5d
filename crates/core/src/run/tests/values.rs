//! Values: sentences 56 to 62.

use super::world::{World, exits, writes};
use crate::{
    container::{Exec, Text},
    run::{Reason, TaskState::*},
};
use serde_json::json;

#[test]
fn s56_no_value_is_ever_part_of_a_scripts_text() {
    let nasty = "$(exit 9);reboot";
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {"a": {"script": "echo \"$X\"", "env": {"X": {"param": "x"}}}}}),
        &[("x", nasty)],
    )
    .run();
    let main = &world.begun("a")[0].container.main;
    assert_eq!(main.exec, Exec::Script("echo \"$X\"".to_owned()));
    assert_eq!(world.env("a", "X").as_deref(), Some(nasty));
}

#[test]
fn s58_an_output_that_was_not_written_fails_its_reader_before_a_container_starts() {
    let world = World::new(json!({"tasks": {
        "a": {}, "b": {"depends_on": {"a": "success"}, "env": {"N": {"output": "a.rows"}}, "retry": {"limit": 3}},
    }}))
    .script("a", [writes(&[("size", "1")])])
    .run();
    assert_eq!(world.state("b"), (Failed, Some(Reason::MissingValue)));
    assert_eq!(
        world.message("b"),
        "env.N: a (succeeded) wrote no output rows; it wrote size"
    );
    assert_eq!((world.starts("b"), world.unit("b").attempts.len()), (0, 0));
}

#[test]
fn s59_true_arrives_as_true_and_a_number_as_it_is_written() {
    let world =
        World::new(json!({"tasks": {"a": {"env": {"T": true, "N": 5, "V": "1.10"}}}})).run();
    let env = ["T", "N", "V"].map(|name| world.env("a", name).unwrap());
    assert_eq!(env, ["true", "5", "1.10"]);
}

#[test]
fn s61_files_arrive_byte_for_byte() {
    let world = World::new(json!({"tasks": {"a": {"files": {"/etc/a": "one\ntwo"}}}})).run();
    let files = &world.begun("a")[0].container.main.files;
    assert_eq!(
        files,
        &[("/etc/a".to_owned(), Text::Plain("one\ntwo".to_owned()))]
    );
}

#[test]
fn s62_a_value_over_128_kib_in_env_fails_with_the_remedy() {
    let long = "x".repeat(128 * 1024 + 1);
    let world = World::with_params(
        json!({"params": {"x": {}}, "tasks": {"a": {"env": {"X": {"param": "x"}}}}}),
        &[("x", &long)],
    )
    .run();
    assert_eq!(world.state("a").0, Failed);
    assert!(
        world.message("a").ends_with("Use `files`"),
        "{}",
        world.message("a")
    );
    assert_eq!(world.starts("a"), 0);
}

#[test]
fn a_secret_stays_a_name_in_the_rule_book() {
    let world = World::new(json!({"tasks": {"a": {"env": {"S": {"secret": "db_url"}}}}})).run();
    assert_eq!(world.env("a", "S").as_deref(), Some("secret:db_url"));
}

#[test]
fn ours_is_weaker_than_defaults_and_defaults_than_the_task() {
    let world = World::new(json!({
        "defaults": {"image": "i", "env": {"GOFER_RUN": "mine", "A": "default", "B": "default"}},
        "tasks": {"a": {"env": {"B": "task"}}},
    }))
    .run();
    let env = ["GOFER_RUN", "A", "B"].map(|name| world.env("a", name).unwrap());
    assert_eq!(env, ["mine", "default", "task"]);
}

#[test]
fn a_tasks_own_command_replaces_the_script_of_the_defaults() {
    let world = World::new(json!({
        "defaults": {"image": "i", "script": "exit 1"},
        "tasks": {"a": {"command": ["true"]}, "b": {}},
    }))
    .run();
    let exec = |task: &str| world.begun(task)[0].container.main.exec.clone();
    assert_eq!(
        exec("a"),
        Exec::Argv {
            entrypoint: None,
            command: Some(vec!["true".to_owned()])
        }
    );
    assert_eq!(exec("b"), Exec::Script("exit 1".to_owned()));
}

#[test]
fn a_task_knows_who_it_is() {
    let world = World::new(json!({"tasks": {"a": {"retry": {"limit": 1}}}}))
        .script("a", [exits(1), exits(0)])
        .run();
    for (name, value) in [
        ("GOFER_NAMESPACE", "default"),
        ("GOFER_PIPELINE", "p"),
        ("GOFER_VERSION", "3"),
        ("GOFER_RUN", "42"),
        ("GOFER_TASK", "a"),
        ("GOFER_ATTEMPT", "2"),
        ("GOFER_TRIGGER", "manual"),
        ("GOFER_SCHEDULED_AT", "2026-11-24T08:00:00Z"),
    ] {
        assert_eq!(world.env("a", name).as_deref(), Some(value), "{name}");
    }
    let trace = world.env("a", "TRACEPARENT").unwrap();
    assert_eq!((trace.len(), &trace[..3]), (55, "00-"));
    assert_eq!(world.env("a", "GOFER_RUN_STATE"), None);
}

#[test]
fn how_a_task_ended_can_be_handed_on() {
    let world = World::new(json!({"tasks": {
        "a": {"allow_failure": true}, "s": {"when": "run.trigger == 'x'"},
        "b": {"depends_on": {"a": "any", "s": "any"}, "env": {
            "STATE": {"task": "a.state"}, "CODE": {"task": "a.exit_code"}, "WHY": {"task": "a.reason"},
            "NONE": {"task": "s.exit_code"}}},
    }}))
    .script("a", [exits(7)])
    .run();
    let env = ["STATE", "CODE", "WHY", "NONE"].map(|name| world.env("b", name).unwrap());
    assert_eq!(env, ["failed", "7", "exit_code", ""]);
}

#[test]
fn a_field_that_an_item_does_not_have_fails_only_that_item() {
    let world = World::new(json!({"tasks": {
        "m": {"for_each": [{"n": "x"}, {"k": 1}], "env": {"N": {"item": "n"}}},
    }}))
    .run();
    assert_eq!(world.state("m/1"), (Failed, Some(Reason::MissingValue)));
    assert_eq!(
        world.message("m/1"),
        r#"env.N: this item has no field n: "{\"k\":1}""#
    );
    assert_eq!(world.env("m/0", "N").as_deref(), Some("x"));
}
