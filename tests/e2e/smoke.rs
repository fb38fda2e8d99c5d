//! A run from the file to its exit code.

use crate::harness::Project;
use serde_json::{Value, json};

/// Tasks `first` (hands on a list), `each` (one per element), `last` (gathers).
const HANDING_ON: &str = r#"
name = "handing-on"
[params.word]
default = "hello"
[defaults]
image = "gofer-demo:1"
[tasks.first]
script = 'echo "files=[\"a\",\"b\",\"c\"]" >> "$GOFER_OUTPUT"'
[tasks.each]
depends_on = ["first"]
for_each = { output = "first.files" }
max_parallel = 2
script = 'echo "size=$GOFER_ITEM$GOFER_ITEM_INDEX" >> "$GOFER_OUTPUT"; echo "item $GOFER_ITEM"'
[tasks.last]
depends_on = ["each"]
env = { SIZES = { output = "each.size" }, WORD = { param = "word" } }
script = 'echo "$WORD $SIZES"'
"#;

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

#[test]
fn the_document_has_exactly_the_keys_that_were_promised_in_their_order() {
    let project = Project::new(HANDING_ON);
    let (done, run) = project.run(&["--param", "word=good day"]);
    done.assert_code(0);
    let promised = "id namespace pipeline number version state reason message trigger params \
        created_at started_at ended_at tasks";
    assert_eq!(keys(&run), promised.split_whitespace().collect::<Vec<_>>());
    let task = "name state reason message allow_failure outputs attempts items";
    let attempt = "number state reason message exit_code started_at ended_at image_digest node";
    let item = "index item state reason message allow_failure outputs attempts";
    for found in run["tasks"].as_array().unwrap() {
        assert_eq!(keys(found), task.split_whitespace().collect::<Vec<_>>());
        for found in found["attempts"].as_array().unwrap() {
            assert_eq!(keys(found), attempt.split_whitespace().collect::<Vec<_>>());
        }
        for found in found["items"].as_array().unwrap() {
            assert_eq!(keys(found), item.split_whitespace().collect::<Vec<_>>());
        }
    }
    assert_eq!(run["params"], json!({ "word": "good day" }));
    assert_eq!(run["state"], "succeeded");
    assert_eq!(run["number"], 1);
    assert_eq!(run["trigger"], "manual");
    let names: Vec<&Value> = run["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["name"])
        .collect();
    assert_eq!(names, ["each", "first", "last"]);
    project.assert_nothing_left();
}

#[test]
fn outputs_are_handed_on_and_gathered_in_order() {
    let project = Project::new(HANDING_ON);
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let each = &run["tasks"][0];
    assert_eq!(each["outputs"], json!({ "size": r#"["a0","b1","c2"]"# }));
    assert_eq!(each["items"].as_array().unwrap().len(), 3);
    assert_eq!(each["items"][1]["item"], "b");
    assert_eq!(each["items"][1]["outputs"], json!({ "size": "b1" }));
    assert_eq!(
        project.logs("handing-on/1/last"),
        b"hello [\"a0\",\"b1\",\"c2\"]\n"
    );
    assert_eq!(project.logs("handing-on/latest/each/2"), b"item c\n");
    let digest = run["tasks"][1]["attempts"][0]["image_digest"]
        .as_str()
        .unwrap();
    assert!(digest.starts_with("local:sha256:"), "{digest}");
    project.assert_nothing_left();
}

#[test]
fn exit_codes_say_how_it_went() {
    let project = Project::new(
        r#"
name = "codes"
[params.exit]
default = "0"
[params.on]
type = "bool"
default = "true"
[tasks.only]
image = "gofer-demo:1"
when = "params.on"
env = { EXIT = { param = "exit" } }
script = 'echo leaving; exit "$EXIT"'
"#,
    );
    let codes = |args: &[&str]| project.gofer(args).code;
    project.gofer(&["validate"]);
    assert_eq!(codes(&["run"]), Some(0));
    assert_eq!(codes(&["run", "--param", "exit=7"]), Some(2));
    let (done, run) = project.run(&["--param", "exit=7"]);
    assert_eq!(done.code, Some(2));
    assert_eq!(
        (&run["state"], &run["reason"]),
        (&json!("failed"), &json!("task_failed"))
    );
    let attempt = &run["tasks"][0]["attempts"][0];
    assert_eq!(attempt["exit_code"], 7);
    assert_eq!(attempt["reason"], "exit_code");
    assert_eq!(codes(&["run", "nowhere.toml"]), Some(1));
    assert_eq!(codes(&["run", "--param", "nosuch=1"]), Some(1));
    assert_eq!(codes(&["run", "--param", "word"]), Some(64));
    assert_eq!(codes(&["run", "--nosuch"]), Some(64));
    assert_eq!(codes(&["nosuch"]), Some(64));
    assert_eq!(codes(&["show", "codes/99"]), Some(1));
    project.assert_nothing_left();
}

#[test]
fn a_run_in_which_there_was_nothing_to_do_is_skipped_and_well() {
    let project = Project::new(
        r#"
name = "quiet"
[tasks.only]
image = "not-there:9"
when = "1 == 2"
script = "exit 1"
"#,
    );
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    assert_eq!(
        (&run["state"], &run["reason"]),
        (&json!("skipped"), &json!("nothing_to_do"))
    );
    assert_eq!(run["tasks"][0]["reason"], "condition_false");
    assert_eq!(run["tasks"][0]["attempts"], json!([]));
}

#[test]
fn what_is_missing_is_said_all_at_once_before_anything_starts() {
    let project = Project::new(
        r#"
name = "wants"
[params.day]
type = "date"
[params.size]
type = "int"
max = 5
[tasks.only]
image = "gofer-demo:1"
env = { A = { secret = "alpha" }, B = { secret = "beta" }, D = { param = "day" }, S = { param = "size" } }
script = "true"
"#,
    );
    let done = project.gofer(&["run", "--param", "size=9", "--param", "colour=red"]);
    done.assert_code(1);
    let err = done.err();
    for word in ["alpha", "beta", "day", "size", "colour"] {
        assert!(err.contains(word), "{word} is not named:\n{err}");
    }
    assert!(done.stdout.is_empty());
    assert!(!project.data.join("gofer.db").exists() || project.records().runs().0 == 0);
    let secrets = project.write("secrets", "alpha=aaaaaaaa\n# no beta\n");
    let done = project.gofer(&[
        "run",
        "-p",
        "size=2",
        "-p",
        "day=2026-11-24",
        "-s",
        secrets.to_str().unwrap(),
    ]);
    done.assert_code(1);
    assert!(
        done.err().contains("beta") && !done.err().contains("alpha"),
        "{}",
        done.err()
    );
    let mut command = project.command(&[
        "run",
        "-p",
        "size=2",
        "-p",
        "day=2026-11-24",
        "--secrets-from-env",
        "E2E_",
    ]);
    command
        .env("E2E_alpha", "aaaaaaaa")
        .env("E2E_beta", "bbbbbbbb");
    crate::harness::Live::new(command).done().assert_code(0);
    project.assert_nothing_left();
}

#[test]
fn a_task_is_tried_again_as_its_file_says() {
    let project = Project::new(
        r#"
name = "tries"
[defaults]
image = "gofer-demo:1"
[tasks.third]
retry = { limit = 3, delay = "0s" }
script = 'echo "try $GOFER_ATTEMPT"; echo "n=$GOFER_ATTEMPT" >> "$GOFER_OUTPUT"; test "$GOFER_ATTEMPT" -eq 3'
[tasks.never]
retry = { limit = 5, delay = "0s", final_exit_codes = [9] }
allow_failure = true
script = "exit 9"
"#,
    );
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let [never, third] = [&run["tasks"][0], &run["tasks"][1]];
    assert_eq!(never["state"], "failed");
    assert_eq!(never["attempts"].as_array().unwrap().len(), 1);
    let states: Vec<&Value> = third["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["failed", "failed", "succeeded"]);
    assert_eq!(third["outputs"], json!({ "n": "3" }));
    let first = project.gofer(&["logs", "tries/1/third", "--attempt", "1"]);
    assert_eq!(first.out(), "try 1\n");
    project.assert_nothing_left();
}

#[test]
fn a_timeout_stops_the_task_and_the_finally_task_still_runs() {
    let project = Project::new(
        r#"
name = "late"
[defaults]
image = "gofer-demo:1"
[tasks.slow]
timeout = "1s"
script = "echo begun; sleep 60; echo never"
[tasks.tidy]
finally = true
script = 'echo "$GOFER_RUN_STATE $GOFER_FAILED_TASKS"'
"#,
    );
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let slow = &run["tasks"][0];
    assert_eq!(
        (&slow["state"], &slow["reason"]),
        (&json!("timed_out"), &json!("timeout"))
    );
    assert_eq!(project.logs("late/1/slow"), b"begun\n");
    assert_eq!(project.logs("late/1/tidy"), b"failed [\"slow\"]\n");
    project.assert_nothing_left();
}

#[test]
fn plain_lines_have_the_task_in_front() {
    let project = Project::new(HANDING_ON);
    let done = project.gofer(&["run"]);
    done.assert_code(0);
    let out = done.out();
    assert!(!out.contains('\x1b'), "no colours into a pipe: {out:?}");
    for line in [
        "handing-on/1",
        "each[2]",
        "| item c",
        "last",
        "| hello [\"a0\"",
    ] {
        assert!(out.contains(line), "{line} is not in\n{out}");
    }
}
