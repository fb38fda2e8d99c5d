//! Trying again.

use super::{Ran, assert_says, file, span, verdict::lose};
use crate::harness::{IMAGE, Project};
use serde_json::Value;
use std::time::Duration;

#[test]
fn s38_a_limit_of_3_starts_at_most_four_containers_and_validate_says_so() {
    let tasks = "[tasks.work]\nretry = { limit = 3, delay = \"0s\" }\nscript = \"exit 4\"\n";
    let ran = Ran::of(tasks);
    ran.assert_run("failed (task_failed)");
    assert_eq!(ran.attempts("work"), ["failed (exit_code)"; 4]);
    let said = ran.project.gofer(&["validate"]);
    assert_says(&(said.out() + &said.err()), &["up to 4 attempts"]);
}

/// How long was waited before each attempt but the first.
fn pauses(task: &Value) -> Vec<Duration> {
    let spans: Vec<_> = task["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(span)
        .collect();
    let pairs = spans.windows(2);
    pairs
        .map(|pair| pair[1].0.saturating_sub(pair[0].1))
        .collect()
}

#[test]
fn s39_pauses_double_up_to_max_delay_and_with_fixed_are_all_alike() {
    let ran = Ran::of(
        r#"
[tasks.doubles]
retry = { limit = 3, delay = "200ms", max_delay = "500ms" }
script = "exit 4"
[tasks.fixed]
retry = { limit = 3, delay = "200ms", backoff = "fixed" }
script = "exit 4"
"#,
    );
    let [doubles, fixed] = ["doubles", "fixed"].map(|name| pauses(ran.task(name)));
    for (found, at_least) in [(&doubles, [200, 400, 500]), (&fixed, [200, 200, 200])] {
        assert_eq!(found.len(), 3, "{found:?}");
        for (pause, least) in found.iter().zip(at_least) {
            // What comes after the pause is the machine's.
            assert!(
                *pause >= Duration::from_millis(least),
                "{found:?} {at_least:?}"
            );
            assert!(*pause < Duration::from_secs(10), "{found:?} {at_least:?}");
        }
    }
}

const CODES: &str = r#"
[tasks.named]
retry = { limit = 1, delay = "0s", POLICY }
script = "exit 7"
[tasks.other]
retry = { limit = 1, delay = "0s", POLICY }
script = "exit 8"
[tasks.slow]
retry = { limit = 1, delay = "0s", POLICY }
timeout = "1s"
stop_grace = "0s"
script = "sleep 60"
[tasks.gone]
retry = { limit = 1, delay = "0s", POLICY }
script = 'if [ "$GOFER_ATTEMPT" = 1 ]; then echo begun; sleep 60; fi'
"#;

fn with_policy(policy: &str) -> Ran {
    let project = Project::new(&file("", &CODES.replace("POLICY", policy)));
    lose(project, &["gone"])
}

#[test]
fn s40_with_exit_codes_only_those_are_tried_again_and_no_timeout_and_nothing_lost() {
    let ran = with_policy("exit_codes = [7]");
    assert_eq!(ran.attempts("named"), ["failed (exit_code)"; 2]);
    assert_eq!(ran.attempts("other"), ["failed (exit_code)"]);
    assert_eq!(ran.attempts("slow"), ["timed_out (timeout)"]);
    assert_eq!(ran.attempts("gone"), ["lost (container_vanished)"]);
}

#[test]
fn s41_with_final_exit_codes_all_but_those_are_tried_again_a_timeout_and_lost_included() {
    let ran = with_policy("final_exit_codes = [7]");
    assert_eq!(ran.attempts("named"), ["failed (exit_code)"]);
    assert_eq!(ran.attempts("other"), ["failed (exit_code)"; 2]);
    assert_eq!(ran.attempts("slow"), ["timed_out (timeout)"; 2]);
    assert_eq!(
        ran.attempts("gone"),
        ["lost (container_vanished)", "succeeded"]
    );
}

#[test]
fn s42_what_would_come_to_the_same_is_never_tried_again() {
    let ran = Ran::with(
        "[params.image]\ndefault = \"Not an image!\"",
        r#"
[tasks.writes]
script = 'echo "text=word" >> "$GOFER_OUTPUT"'
[tasks.missing]
retry = { limit = 2, delay = "0s" }
depends_on = ["writes"]
env = { V = { output = "writes.nothing" } }
script = "true"
[tasks.asks]
retry = { limit = 2, delay = "0s" }
depends_on = ["writes"]
when = "outputs.writes.text | int > 1"
script = "true"
[tasks.lists]
retry = { limit = 2, delay = "0s" }
depends_on = ["writes"]
for_each = { output = "writes.text" }
script = "true"
[tasks.refused]
retry = { limit = 2, delay = "0s" }
image = { param = "image" }
script = "true"
"#,
        &[],
    );
    for (name, reason) in [
        ("missing", "missing_value"),
        ("asks", "when_error"),
        ("lists", "not_a_list"),
        ("refused", "image_not_found"),
    ] {
        let state = super::ended(ran.task(name));
        assert_eq!(state, format!("failed ({reason})"), "{name}");
        let attempts = ran.attempts(name);
        assert!(attempts.len() <= 1, "{name}: {attempts:?}");
    }
}

#[test]
fn s43_a_retry_uses_the_image_of_the_first_attempt_and_so_do_all_tasks_that_name_the_same_tag() {
    let tag = format!("gofer-e2e-s43-{}:1", std::process::id());
    let tasks = format!(
        r#"
[tasks.first]
image = "{tag}"
retry = {{ limit = 1, delay = "2s" }}
script = '[ "$GOFER_ATTEMPT" = 2 ] && echo "mark=$MARK"'
[tasks.second]
depends_on = ["first"]
image = "{tag}"
script = 'echo "mark=$MARK"'
"#
    );
    let project = Project::new(&file("", &tasks));
    let docker = project.docker().clone();
    let container = docker.cli(&["create", IMAGE, "true"]);
    let other = docker.cli(&["commit", "--change", "ENV MARK=new", &container]);
    docker.cli(&["rm", &container]);
    docker.cli(&["tag", IMAGE, &tag]);
    let mut live = project.spawn(&["run", "-o", "json"]);
    live.until_it_says("retrying");
    docker.cli(&["tag", &other, &tag]);
    let done = live.done();
    docker.cli(&["rmi", &tag]);
    done.assert_code(0);
    let run = done.json();
    let [first, second] = ["first", "second"].map(|name| &super::task(&run, name)["attempts"]);
    assert_eq!(first.as_array().unwrap().len(), 2);
    for attempt in [&first[1], &second[0]] {
        assert_eq!(attempt["image_digest"], first[0]["image_digest"]);
    }
    for name in ["first", "second"] {
        assert_eq!(project.logs(&format!("p/1/{name}")), b"mark=\n", "{name}");
    }
}

#[test]
fn s44_a_dependant_of_a_task_in_retrying_waits_and_never_sees_an_intermediate_failure() {
    let ran = Ran::of(
        r#"
[tasks.work]
retry = { limit = 2, delay = "0s" }
script = 'test "$GOFER_ATTEMPT" = 3'
[tasks.handler]
depends_on = { work = "failure" }
script = "true"
[tasks.after]
depends_on = { work = "any" }
env = { STATE = { task = "work.state" }, CODE = { task = "work.exit_code" } }
script = 'echo "$STATE $CODE"'
"#,
    );
    ran.assert_run("succeeded").assert_tasks(&[
        ("work", "succeeded"),
        ("handler", "skipped (upstream_succeeded)"),
        ("after", "succeeded"),
    ]);
    let failed = "failed (exit_code)";
    assert_eq!(ran.attempts("work"), [failed, failed, "succeeded"]);
    let (_, over) = span(&ran.task("work")["attempts"][2]);
    let (began, _) = span(&ran.task("after")["attempts"][0]);
    assert!(began >= over, "{began:?} {over:?}");
    assert_eq!(ran.log("after"), "succeeded 0\n");
}

#[test]
fn s45_outputs_of_an_earlier_attempt_are_never_seen_by_dependants() {
    let ran = Ran::of(
        r#"
[tasks.work]
retry = { limit = 1, delay = "0s" }
script = '''
echo "both=$GOFER_ATTEMPT" >> "$GOFER_OUTPUT"
if [ "$GOFER_ATTEMPT" = 1 ]; then echo "early=1" >> "$GOFER_OUTPUT"; exit 4; fi
'''
[tasks.reads]
depends_on = ["work"]
env = { BOTH = { output = "work.both" }, EARLY = { output = "work.early", default = "none" } }
script = 'echo "$BOTH $EARLY"'
"#,
    );
    ran.assert_run("succeeded");
    assert_eq!(ran.log("reads"), "2 none\n");
    assert_eq!(
        ran.task("work")["outputs"],
        serde_json::json!({ "both": "2" })
    );
}
