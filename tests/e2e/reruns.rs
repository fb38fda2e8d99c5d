//! Doing a run again.

use crate::harness::Project;
use serde_json::{Value, json};

/// Item 1 of `each` fails at its first attempt.
const ITEMS: &str = r#"
name = "items"
[defaults]
image = "gofer-demo:1"
[tasks.each]
for_each = ["a", "b", "c"]
script = '''
echo "v=$GOFER_ITEM$GOFER_ATTEMPT" >> "$GOFER_OUTPUT"
[ "$GOFER_ITEM_INDEX" != 1 ] || [ "$GOFER_ATTEMPT" -gt 1 ]
'''
[tasks.gather]
depends_on = ["each"]
env = { ALL = { output = "each.v" } }
script = 'echo "$ALL"'
"#;

fn attempts(unit: &Value) -> usize {
    unit["attempts"].as_array().expect("a list").len()
}

fn rerun(project: &Project, args: &[&str]) -> Value {
    let done = project.gofer(&[&["rerun", "-o", "json"], args].concat());
    done.assert_code(0);
    done.json()
}

#[test]
fn s46_rerun_failed_runs_only_the_items_that_failed_and_the_gathered_list_then_holds_old_and_new_values_in_item_order()
 {
    let project = Project::new(ITEMS);
    let (done, first) = project.run(&[]);
    done.assert_code(2);
    assert!(
        done.err().contains("gofer rerun items/1 --failed"),
        "{}",
        done.err()
    );
    let again = rerun(&project, &["items/1", "--failed"]);
    assert_eq!((&again["id"], &again["number"]), (&first["id"], &json!(1)));
    assert_eq!(again["state"], "succeeded");
    let items = again["tasks"][0]["items"].as_array().unwrap();
    assert_eq!(items.iter().map(attempts).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(
        items[1]["attempts"][0],
        first["tasks"][0]["items"][1]["attempts"][0]
    );
    assert_eq!(project.logs("items/1/gather"), b"[\"a1\",\"b2\",\"c1\"]\n");
    let one = rerun(&project, &["items/1", "--from", "each/2"]);
    let items = one["tasks"][0]["items"].as_array().unwrap();
    assert_eq!(items.iter().map(attempts).collect::<Vec<_>>(), [1, 2, 2]);
    assert_eq!(project.logs("items/1/gather"), b"[\"a1\",\"b2\",\"c2\"]\n");
    let nothing = project.gofer(&["rerun", "items/1", "--failed"]);
    nothing.assert_code(1);
    assert!(
        nothing.err().contains("nothing of it failed"),
        "{}",
        nothing.err()
    );
    project.assert_nothing_left();
}

#[test]
fn s37_a_rerun_has_its_full_timeouts_again() {
    let project = Project::new(
        r#"
name = "slow"
timeout = "8s"
[defaults]
image = "gofer-demo:1"
[tasks.work]
timeout = "5s"
stop_grace = "0s"
script = 'if [ "$GOFER_ATTEMPT" = 1 ]; then sleep 60; else sleep 4; fi'
"#,
    );
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    assert_eq!(run["tasks"][0]["state"], "timed_out");
    let again = rerun(&project, &["slow/latest"]);
    assert_eq!(again["state"], "succeeded");
    assert_eq!(attempts(&again["tasks"][0]), 2);
    project.assert_nothing_left();
}

#[test]
fn a_rerun_is_seen_live_and_only_what_is_new_of_it() {
    let project = Project::new(ITEMS);
    project.gofer(&["run"]).assert_code(2);
    let done = project.gofer(&["rerun", "items/1", "--failed"]);
    done.assert_code(0);
    let said = done.out();
    assert!(
        said.starts_with("items/1 runs again: what failed\n"),
        "{said}"
    );
    assert!(said.contains("gather | [\"a1\",\"b2\",\"c1\"]"), "{said}");
    assert!(!said.contains("each[0]"), "{said}");
    assert!(said.trim_end().ends_with("(2 succeeded)"), "{said}");
}

#[test]
fn a_rerun_uses_the_runs_own_version_and_says_if_the_file_has_changed() {
    let project = Project::new(ITEMS);
    project.gofer(&["run"]).assert_code(2);
    let same = project.gofer(&["rerun", "items/1", "--from", "gather"]);
    assert!(!same.err().contains("has changed"), "{}", same.err());
    project.write(
        "gofer.toml",
        &ITEMS.replace("echo \"$ALL\"", "echo new \"$ALL\""),
    );
    let done = project.gofer(&["rerun", "items/1", "--failed"]);
    done.assert_code(0);
    assert!(
        done.err()
            .contains("note: gofer.toml has changed since; this runs version 1 again"),
        "{}",
        done.err()
    );
    assert_eq!(project.logs("items/1/gather"), b"[\"a1\",\"b2\",\"c1\"]\n");
    let done = project.gofer(&["rerun", "items/1", "--file", "gofer.toml"]);
    done.assert_code(2);
    assert!(
        done.out()
            .starts_with("items/2 (version 2) is a new run, made from items/1\n"),
        "{}",
        done.out()
    );
    let done = project.gofer(&["rerun", "items/2", "--version", "1"]);
    assert!(
        done.out()
            .starts_with("items/3 is a new run, made from items/2\n"),
        "{}",
        done.out()
    );
}

#[test]
fn a_new_run_like_another_has_its_params_but_for_those_that_are_said() {
    let project = Project::new(
        r#"
name = "params"
[params.day]
[params.n]
type = "int"
default = 1
[tasks.say]
image = "gofer-demo:1"
env = { DAY = { param = "day" }, N = { param = "n" } }
script = 'echo "$DAY $N"'
"#,
    );
    project
        .gofer(&["run", "--param", "day=monday", "--param", "n=2"])
        .assert_code(0);
    let new = rerun(&project, &["params/1", "--param", "n=3"]);
    assert_eq!(
        (&new["number"], &new["params"]),
        (&json!(2), &json!({ "day": "monday", "n": "3" }))
    );
    assert_eq!(project.logs("params/2/say"), b"monday 3\n");
    let wrong = project.gofer(&["rerun", "params/1", "--param", "n=x", "--param", "m=1"]);
    wrong.assert_code(1);
    assert!(
        wrong.err().contains("`n`") && wrong.err().contains("`m`"),
        "{}",
        wrong.err()
    );
}

#[test]
fn secrets_are_asked_for_again() {
    let project = Project::new(
        r#"
name = "sealed"
[tasks.use]
image = "gofer-demo:1"
env = { P = { secret = "p" }, Q = { secret = "q" } }
script = 'echo "${#P} ${#Q}"; [ "$GOFER_ATTEMPT" -gt 1 ]'
"#,
    );
    project.write("s.env", "p=one-one-one\nq=two-two\n");
    project.gofer(&["run", "--secrets", "s.env"]).assert_code(2);
    let refused = project.gofer(&["rerun", "sealed/1"]);
    refused.assert_code(1);
    let said = refused.err();
    assert!(
        said.contains("secret `p`") && said.contains("secret `q`"),
        "{said}"
    );
    assert!(said.contains("--secrets FILE"), "{said}");
    project
        .gofer(&["rerun", "sealed/1", "--secrets", "s.env"])
        .assert_code(0);
    assert_eq!(project.logs("sealed/1/use"), b"11 7\n");
}

#[test]
fn a_run_with_a_scratch_volume_is_rerun_with_all_its_writers_or_not() {
    let project = Project::new(
        r#"
name = "scratchy"
[defaults]
image = "gofer-demo:1"
volumes = { "/work" = { scratch = "work" } }
[tasks.build]
script = 'echo "$GOFER_ATTEMPT" > /work/built'
[tasks.test]
depends_on = ["build"]
volumes = { "/work" = { scratch = "work", read_only = true } }
script = 'cat /work/built; [ "$GOFER_ATTEMPT" -gt 1 ]'
"#,
    );
    project.gofer(&["run"]).assert_code(2);
    let refused = project.gofer(&["rerun", "scratchy/1", "--failed"]);
    refused.assert_code(1);
    let said = refused.err();
    assert!(
        said.contains("scratch volume work") && said.contains("--from build"),
        "{said}"
    );
    let again = rerun(&project, &["scratchy/1", "--from", "build"]);
    assert_eq!(again["state"], "succeeded");
    assert_eq!(project.logs("scratchy/1/test"), b"2\n");
    project.assert_nothing_left();
}

#[test]
fn a_run_that_is_not_over_is_not_rerun_and_a_rerun_that_was_killed_goes_on() {
    let project = Project::new(
        r#"
name = "long"
[tasks.work]
image = "gofer-demo:1"
script = 'echo "begun $GOFER_ATTEMPT"; [ "$GOFER_ATTEMPT" -gt 1 ] || exit 1; sleep 5; echo done'
"#,
    );
    project.gofer(&["run"]).assert_code(2);
    let mut live = project.spawn(&["rerun", "long/1"]);
    live.until_it_says("begun 2");
    let refused = project.gofer(&["rerun", "long/1"]);
    refused.assert_code(1);
    assert!(
        refused.err().contains("long/1 is not over yet"),
        "{}",
        refused.err()
    );
    live.kill();
    let refused = project.gofer(&["rerun", "long/1"]);
    refused.assert_code(1);
    assert!(
        refused.err().contains("gofer run --resume goes on with it"),
        "{}",
        refused.err()
    );
    let (done, run) = project.run(&["--resume"]);
    done.assert_code(0);
    assert_eq!(
        (&run["state"], attempts(&run["tasks"][0])),
        (&json!("succeeded"), 2)
    );
    assert_eq!(project.logs("long/1/work"), b"begun 2\ndone\n");
    project.assert_nothing_left();
}
