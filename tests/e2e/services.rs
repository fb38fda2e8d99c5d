//! Containers beside a task's, and registries that ask who we are.

use crate::harness::{Project, Since, wait_for};
use serde_json::Value;
use std::time::Duration;

fn task<'a>(run: &'a Value, name: &str) -> &'a Value {
    let tasks = run["tasks"].as_array().expect("tasks");
    let found = tasks.iter().find(|task| task["name"] == name);
    found.unwrap_or_else(|| panic!("no task {name}: {run}"))
}

const READY: &str = r#"
name = "ready"
[tasks.load]
image = "gofer-demo:1"
script = 'nc db 5432 < /dev/null; nc localhost 5432 < /dev/null; test -e /tmp/nothing || echo own root'
[tasks.load.services.db]
image = "gofer-demo:1"
script = 'echo warming up; sleep 1; exec nc -ll -p 5432 -e echo hello'
ready = { tcp = 5432 }
[tasks.load.services.cache]
image = "gofer-demo:1"
env = { WORD = "warm" }
files = { "/etc/cache.conf" = "size=1" }
script = 'sleep 1; echo "$WORD $(cat /etc/cache.conf)" > /tmp/state; sleep 300'
ready = { command = ["grep", "-q", "warm size=1", "/tmp/state"] }
"#;

/// Sentence 75, first half.
#[test]
fn a_task_does_not_start_before_every_service_is_ready() {
    let project = Project::new(READY);
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let log = String::from_utf8(project.logs("ready/1/load")).unwrap();
    assert_eq!(log, "hello\nhello\nown root\n", "at once, by both names");
    assert_eq!(
        task(&run, "load")["services"],
        serde_json::json!(["cache", "db"])
    );
    project.assert_nothing_left();
}

const EARLY: &str = r#"
name = "early"
[tasks.load]
image = "gofer-demo:1"
retry = { limit = 1, delay = "10ms" }
script = "echo never"
[tasks.load.services.db]
image = "gofer-demo:1"
env = { PASSWORD = { secret = "password" } }
script = 'echo "starting with $PASSWORD"; echo "no room for data" >&2; exit 7'
ready = { tcp = 5432 }
"#;

/// Sentence 75, second half.
#[test]
fn a_service_that_ends_before_that_fails_it_with_service_failed_and_its_last_lines() {
    let project = Project::new(EARLY);
    let secrets = project.write("secrets.env", "password=not-to-be-seen\n");
    let done = project.gofer(&["run", "--secrets", secrets.to_str().unwrap()]);
    done.assert_code(2);
    let shown = done.out() + &done.err();
    for words in [
        "db",
        "exit code 7",
        "before it was ready",
        "no room for data",
    ] {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
    assert!(!shown.contains("not-to-be-seen"), "{shown}");
    let run = project.gofer(&["show", "early/1", "-o", "json"]).json();
    let load = task(&run, "load");
    assert_eq!(
        (&load["state"], &load["reason"]),
        (&"failed".into(), &"service_failed".into())
    );
    let attempts = load["attempts"].as_array().unwrap();
    assert_eq!(
        attempts.len(),
        2,
        "it is tried again as `retry` says: {load}"
    );
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt["started_at"].is_null()),
        "{load}"
    );
    let log = project.gofer(&["logs", "early/1/load", "--service", "db", "--attempt", "1"]);
    assert!(log.out().contains("no room for data\n"), "{}", log.out());
    assert!(!log.out().contains("not-to-be-seen"), "{}", log.out());
    project.assert_nothing_left();
}

#[test]
fn a_service_that_is_not_ready_in_time_fails_its_task_and_a_cancel_does_not_wait_for_it() {
    let file = |timeout: &str| {
        format!(
            r#"
name = "late"
[tasks.load]
image = "gofer-demo:1"
script = "echo never"
[tasks.load.services.db]
image = "gofer-demo:1"
script = 'echo thinking; sleep 300'
ready = {{ tcp = 5432, timeout = "{timeout}" }}
"#
        )
    };
    let project = Project::new(&file("1s"));
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let load = task(&run, "load");
    assert_eq!(load["reason"], "service_failed");
    let message = load["message"].as_str().unwrap();
    for words in ["db", "1s", "5432", "thinking"] {
        assert!(message.contains(words), "{message}");
    }
    project.write("gofer.toml", &file("5m"));
    let mut live = project.spawn(&["run"]);
    live.until_it_says("waiting for service db");
    let begun = Since::now();
    project.gofer(&["cancel", "late/2"]).assert_code(0);
    live.done().assert_code(3);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    project.assert_nothing_left();
}

const SAME_PORT: &str = r#"
name = "same-port"
[defaults]
image = "gofer-demo:1"
[tasks.a]
script = "sleep 1; nc db 5432 < /dev/null"
[tasks.a.services.db]
image = "gofer-demo:1"
script = "exec nc -ll -p 5432 -e echo of a"
ready = { tcp = 5432 }
[tasks.b]
script = "sleep 1; nc db 5432 < /dev/null"
[tasks.b.services.db]
image = "gofer-demo:1"
script = "exec nc -ll -p 5432 -e echo of b"
ready = { tcp = 5432 }
"#;

/// Sentence 76.
#[test]
fn two_tasks_of_one_run_may_both_have_a_service_on_port_5432() {
    let project = Project::new(SAME_PORT);
    project.run(&[]).0.assert_code(0);
    assert_eq!(project.logs("same-port/1/a"), b"of a\n");
    assert_eq!(project.logs("same-port/1/b"), b"of b\n");
    project.assert_nothing_left();
}

const AFTER: &str = r#"
name = "after"
[tasks.load]
image = "gofer-demo:1"
script = "sleep 2; echo done"
[tasks.load.services.db]
image = "gofer-demo:1"
script = 'echo up; nc -l -p 5432; echo crashed; exit 3'
ready = { tcp = 5432 }
[tasks.load.services.tidy]
image = "gofer-demo:1"
script = '''
trap 'echo saving; sleep 1; echo saved; exit 0' TERM
echo up
while :; do sleep 0.1; done
'''
"#;

/// Sentence 77.
#[test]
fn a_service_that_ends_after_the_task_started_does_not_fail_it_and_its_log_is_kept() {
    let project = Project::new(AFTER);
    project.run(&[]).0.assert_code(0);
    assert_eq!(project.logs("after/1/load"), b"done\n");
    let of = |name: &str| project.gofer(&["logs", "after/1/load", "--service", name]);
    assert_eq!(of("db").out(), "up\ncrashed\n");
    assert_eq!(
        of("tidy").out(),
        "up\nsaving\nsaved\n",
        "it is asked to end, and has its grace"
    );
    let unknown = of("nosuch");
    assert_ne!(unknown.code, Some(0));
    assert!(
        unknown.err().contains("its services are db, tidy"),
        "{}",
        unknown.err()
    );
    let shown = project.gofer(&["show", "after/1/load"]).out();
    assert!(shown.contains("services db, tidy"), "{shown}");
    project.assert_nothing_left();
}

#[test]
fn services_end_with_their_task_although_gofer_was_killed_meanwhile() {
    let project = Project::new(
        r#"
name = "killed"
[tasks.load]
image = "gofer-demo:1"
script = "nc db 5432 < /dev/null; sleep 3; nc db 5432 < /dev/null"
[tasks.load.services.db]
image = "gofer-demo:1"
script = "echo up; exec nc -ll -p 5432 -e echo hello"
ready = { tcp = 5432 }
"#,
    );
    let store = project.store();
    let live = project.spawn(&["run"]);
    let docker = project.docker();
    wait_for("the task to run", Duration::from_mins(1), || {
        let id = docker.container_of(&store, "load")?;
        let found = docker.inspect(&id)?;
        (found["State"]["Running"] == true).then_some(())
    });
    live.kill();
    let (done, _) = project.run(&["--resume"]);
    done.assert_code(0);
    assert_eq!(project.logs("killed/1/load"), b"hello\nhello\n");
    let log = project.gofer(&["logs", "killed/1/load", "--service", "db"]);
    assert_eq!(log.out(), "up\n", "every byte once");
    project.assert_nothing_left();
}
