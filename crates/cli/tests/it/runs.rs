//! Commands about runs, with a server that says what it is told.

use crate::{
    host::World,
    server::{Script, Server},
};
use serde_json::{Value, json};

const FILE: &str = "name = \"etl\"\n[tasks.load]\nimage = \"i\"\n[tasks.report]\nimage = \"i\"\ndepends_on = [\"load\"]\n";

fn attempt(number: u32, state: &str, exit_code: Option<i32>) -> Value {
    json!({
        "number": number, "state": state, "reason": null, "message": null, "exit_code": exit_code,
        "started_at": "2026-11-24T11:59:00Z", "ended_at": "2026-11-24T11:59:02Z",
        "image_digest": null, "node": null,
    })
}

fn task(name: &str, state: &str, message: Option<&str>, attempts: &[Value]) -> Value {
    json!({
        "name": name, "state": state, "reason": null, "message": message, "allow_failure": false,
        "outputs": {}, "attempts": attempts, "items": [],
    })
}

fn run(state: &str, message: Option<&str>, tasks: &[Value]) -> Value {
    json!({
        "id": "019ab3f0-0000-7000-8000-000000000001", "namespace": "default", "pipeline": "etl",
        "number": 42, "version": 1, "state": state, "reason": (state == "failed").then_some("task_failed"), "message": message,
        "trigger": "manual", "params": {}, "created_at": "2026-11-24T11:59:00Z",
        "started_at": "2026-11-24T11:59:00Z", "ended_at": "2026-11-24T11:59:03Z", "tasks": tasks,
    })
}

fn change(task: &str, attempt: Option<u32>, state: &str) -> Value {
    json!({ "at": "2026-11-24T11:59:00Z", "task": task, "attempt": attempt, "state": state })
}

fn failed() -> Script {
    let tries = [attempt(1, "failed", Some(7)), attempt(2, "failed", Some(7))];
    let load = task(
        "load",
        "failed",
        Some("the command exited with code 7"),
        &tries,
    );
    let report = task("report", "skipped", Some("load failed"), &[]);
    Script {
        run: run("failed", Some("load failed"), &[load, report]),
        changes: vec![
            change("load", Some(1), "running"),
            change("load", Some(1), "failed"),
            change("load", None, "failed"),
            change("report", None, "skipped"),
        ],
        logs: [("load".to_owned(), b"one\n\x1b[2Jtwo\n".to_vec())].into(),
        ..Script::default()
    }
}

fn ended(state: &str) -> Script {
    Script {
        run: run(state, None, &[task("load", state, None, &[])]),
        ..Script::default()
    }
}

fn world(script: Script) -> (World, Server) {
    let server = Server::start(script);
    let mut world = World::with(&[("gofer.toml", FILE)]);
    world.socket = Some(server.socket.clone());
    (world, server)
}

#[test]
fn a_failed_run_says_why_and_what_to_type_next() {
    let (world, _server) = world(failed());
    let answer = world.gofer("run");
    assert_eq!((answer.code, answer.stderr.as_str()), (2, ""));
    insta::assert_snapshot!(answer.stdout, @"
    etl/42
    load   ● running
    load   | one
    load   | two
    load   ✗ failed after 2.0s: the command exited with code 7
    report ⊘ skipped: load failed

    ✗ load failed: the command exited with code 7 (after 2 attempts)
      │ one
      │ two

      all that load wrote  gofer logs etl/42/load
      what it led to       gofer explain etl/42
      what failed, again   gofer rerun etl/42 --failed

    ✗ etl/42 failed after 3.0s (1 failed, 1 skipped)
    ");
}

#[test]
fn what_a_task_wrote_stands_before_what_began_after_its_end() {
    let done = |name: &str| task(name, "succeeded", None, &[attempt(1, "succeeded", Some(0))]);
    let through = |name: &str| ["running", "succeeded"].map(|state| change(name, Some(1), state));
    let (world, _server) = world(Script {
        run: run("succeeded", None, &[done("load"), done("report")]),
        changes: [through("load"), through("report")].concat(),
        logs: ["load", "report"]
            .map(|name| (name.to_owned(), format!("of {name}\n").into_bytes()))
            .into(),
        late: Some("load"),
        ..Script::default()
    });
    let answer = world.gofer("run");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    let at = |what: &str| answer.stdout.find(what).unwrap();
    assert!(at("of load") < at("of report"), "{}", answer.stdout);
}

#[test]
fn what_is_missing_of_a_log_is_said_beside_it_and_never_among_its_bytes() {
    let at = "2026-11-24T11:59:01Z";
    let hole = json!({ "kind": "hole", "at": at, "certain": true, "bytes": 1_500, "message": "the disk was full" });
    let cap = json!({ "kind": "dropped", "at": at, "bytes": 12 });
    let (world, _server) = world(Script {
        missing: vec![hole, cap],
        ..failed()
    });
    let answer = world.gofer("logs etl/42/load");
    assert_eq!(answer.bytes, b"one\n\x1b[2Jtwo\n");
    insta::assert_snapshot!(answer.stderr, @"
    note: etl/42/load: 1.5 kB of the log are missing here: the disk was full; only a rerun writes it again
    note: etl/42/load: the log ends here, the last 12 B were not kept: it has reached its cap, which GOFER_LOG_CAP sets
    ");
    let all = world.gofer("logs etl/42");
    assert_eq!(all.stderr, answer.stderr);
    let followed = world.gofer("logs etl/42/load -f");
    assert_eq!(
        (followed.bytes, &followed.stderr),
        (answer.bytes, &answer.stderr)
    );
    let run = world.gofer("run");
    let said: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.contains('!'))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    load   ! 1.5 kB of the log are missing here: the disk was full; only a rerun writes it again
    load   ! the log ends here, the last 12 B were not kept: it has reached its cap, which GOFER_LOG_CAP sets
    ");
}

#[test]
fn the_exit_code_is_the_runs() {
    for (state, code) in [
        ("succeeded", 0),
        ("skipped", 0),
        ("cancelled", 3),
        ("failed", 2),
    ] {
        let (world, _server) = world(ended(state));
        assert_eq!(world.gofer("run").code, code, "{state}");
    }
}

#[test]
fn as_json_a_run_is_exactly_one_document_on_standard_output() {
    let script = failed();
    let (world, _server) = world(script.clone());
    let answer = world.gofer("run -o json");
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((answer.code, document), (2, script.run));
    assert!(answer.stderr.contains("load   | one"), "{}", answer.stderr);
}

#[test]
fn quiet_prints_the_runs_name_alone() {
    let (world, _server) = world(ended("succeeded"));
    let answer = world.gofer("run -q");
    assert_eq!(
        (answer.stdout.as_str(), answer.stderr.as_str()),
        ("etl/42\n", "")
    );
}

#[test]
fn a_reader_that_has_gone_changes_nothing_about_the_run() {
    let (mut world, _server) = world(failed());
    world.is_reader_gone = true;
    let answer = world.gofer("run");
    assert_eq!((answer.code, answer.stderr.as_str()), (2, ""));
}

#[test]
fn a_resume_without_an_unfinished_run_starts_one_and_says_so() {
    let (world, server) = world(ended("succeeded"));
    let answer = world.gofer("run --resume");
    assert_eq!(answer.code, 0);
    assert_eq!(
        answer.stderr,
        "no run of etl is unfinished; starting a new one\n"
    );
    assert_eq!(server.heard().len(), 2, "a resume and a start");
}

#[test]
fn a_resume_says_who_drives_the_run() {
    for (how, words) in [
        ("driving", "goes on where it was"),
        ("following", "is driven by another gofer"),
    ] {
        let (world, server) = world(Script {
            resumed: Some(how),
            ..ended("succeeded")
        });
        let answer = world.gofer("run --resume");
        assert!(
            answer.stdout.starts_with(&format!("etl/42 {words}")),
            "{}",
            answer.stdout
        );
        assert_eq!(server.heard().len(), 1);
    }
}

#[test]
fn only_the_secrets_that_the_pipeline_names_are_sent() {
    let (mut world, server) = world(ended("succeeded"));
    let file = format!("{FILE}env = {{ K = {{ secret = \"key\" }} }}\n");
    std::fs::write(world.folder.path().join("gofer.toml"), file).unwrap();
    world.vars.extend([
        ("S_key".into(), "value-1".into()),
        ("S_other".into(), "value-2".into()),
    ]);
    assert_eq!(world.gofer("run --secrets-from-env S_").code, 0);
    assert!(server.heard()[0].contains("value-1"));
    assert!(!server.heard()[0].contains("value-2"));
}

#[test]
fn a_log_is_its_bytes_and_nothing_else() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut script = failed();
    script.logs.insert("load".into(), bytes.clone());
    let (world, _server) = world(script);
    let answer = world.gofer("logs etl/42/load");
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""));
    assert!(
        answer.bytes == bytes,
        "{} bytes of {}",
        answer.bytes.len(),
        bytes.len()
    );
}

#[test]
fn the_logs_of_a_run_have_their_tasks_in_front() {
    let (world, _server) = world(failed());
    assert_eq!(
        world.gofer("logs etl/latest").stdout,
        "load | one\nload | \u{1b}[2Jtwo\n"
    );
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let (world, _server) = world(failed());
    for (typed, code, said) in [
        (
            "logs etl/42/laod",
            64,
            "etl/42 has no task `laod`, did you mean `load`?",
        ),
        (
            "logs etl/42/load/3",
            64,
            "load of etl/42 has no items, so no item 3",
        ),
        (
            "logs etl/42/load --attempt 9",
            64,
            "etl/42/load has 2 attempts: there is no 9",
        ),
        (
            "logs etl/42/report",
            1,
            "etl/42/report has no log: it never started (load failed)",
        ),
        (
            "show etl/99",
            1,
            "there is no run etl/99; the newest is etl/42",
        ),
        (
            "show elt/1",
            1,
            "no run of elt is kept here, did you mean `etl`?",
        ),
    ] {
        let answer = world.gofer(typed);
        assert_eq!(answer.code, code, "{typed}: {}", answer.stderr);
        assert!(answer.stderr.contains(said), "{typed}: {}", answer.stderr);
    }
}

#[test]
fn explain_tells_cause_effect_and_the_next_command() {
    let (world, _server) = world(failed());
    insta::assert_snapshot!(world.gofer("explain etl/42").stdout, @"
    ✗ etl/42 failed after 3.0s: load failed

    ✗ load failed: the command exited with code 7 (after 2 attempts)
      │ one
      │ two

    did not run to its end
      report  ⊘ skipped  load failed

      all that load wrote  gofer logs etl/42/load
      every attempt        gofer show etl/42
    ");
    let newest = world.gofer("explain").stdout;
    assert_eq!(newest, world.gofer("explain etl/42").stdout);
    let document: Value =
        serde_json::from_str(&world.gofer("explain etl/42 -o json").stdout).unwrap();
    assert_eq!(document["causes"][0]["task"], "load");
    assert_eq!(document["effects"][0]["task"], "report");
    assert_eq!(document["next"][0]["command"], "gofer logs etl/42/load");
}

#[test]
fn a_run_is_shown_with_its_tasks_and_their_attempts() {
    let (world, _server) = world(failed());
    insta::assert_snapshot!(world.gofer("show etl/42").stdout, @"
    etl/42  ✗ failed: load failed
    started 1m ago by manual, took 3.0s, version 1
    id      019ab3f0-0000-7000-8000-000000000001

    TASK    STATE      TOOK  TRIES  WHY
    load    ✗ failed   2.0s  2      the command exited with code 7
    report  ⊘ skipped               load failed
    ");
    insta::assert_snapshot!(world.gofer("show etl/42/load --utc").stdout, @"
    load  ✗ failed: the command exited with code 7
      ATTEMPT  STATE     STARTED               TOOK  EXIT
      1        ✗ failed  2026-11-24T11:59:00Z  2.0s  7
      2        ✗ failed  2026-11-24T11:59:00Z  2.0s  7
    ");
    let document: Value = serde_json::from_str(&world.gofer("show etl/42 -o json").stdout).unwrap();
    assert_eq!(document, failed().run);
}

#[test]
fn runs_are_listed_and_named() {
    let (world, _server) = world(failed());
    assert_eq!(world.gofer("runs -q").stdout, "etl/42\n");
    assert!(
        world
            .gofer("runs")
            .stdout
            .contains("etl/42  ✗ failed  1m ago   3.0s  manual   load failed")
    );
    assert!(
        world
            .gofer("runs nothing")
            .stderr
            .contains("no run of nothing is kept here yet")
    );
}

#[test]
fn a_cancel_of_what_is_over_is_no_error() {
    let (world, _server) = world(failed());
    let answer = world.gofer("cancel etl/42");
    assert_eq!(
        (answer.code, answer.stderr.as_str()),
        (0, "etl/42 is over already: failed\n")
    );
}
