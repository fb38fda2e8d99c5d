//! Timeouts.

use super::{Ran, assert_says, attempts, ended, file, span};
use crate::harness::Project;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

#[test]
fn s33_a_tasks_timeout_counts_from_the_start_of_its_container_and_not_in_a_queue_or_a_pool() {
    let ran = Ran::with(
        "max_parallel = 2",
        r#"
[tasks.a_holds]
pools = ["only"]
script = "sleep 3"
[tasks.b_fills]
script = "sleep 3"
[tasks.c_waits_for_the_pool]
pools = ["only"]
timeout = "3s"
script = "sleep 0.5"
[tasks.d_waits_for_a_place]
timeout = "3s"
script = "sleep 0.5"
"#,
        &[],
    );
    ran.assert_run("succeeded");
    let created = super::moment(&ran.run["created_at"]);
    for name in ["c_waits_for_the_pool", "d_waits_for_a_place"] {
        let (_, ended) = span(&ran.task(name)["attempts"][0]);
        assert!(
            ended.saturating_sub(created) > Duration::from_secs(3),
            "{name} waited"
        );
    }
    pulling();
}

/// A registry that answers slowly, and has nothing.
fn pulling() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in socket.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                std::thread::sleep(Duration::from_millis(1200));
                let _ = stream.write_all(
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                );
            });
        }
    });
    let top = "[params.image]";
    let tasks =
        "[tasks.pulls]\nimage = { param = \"image\" }\ntimeout = \"1s\"\nscript = \"true\"\n";
    let image = format!("image=127.0.0.1:{port}/nothing:1");
    let ran = Ran::with(top, tasks, &["--param", &image]);
    let created = super::moment(&ran.run["created_at"]);
    let over = super::moment(&ran.run["ended_at"]);
    assert!(
        over.saturating_sub(created) > Duration::from_secs(1),
        "pulling took long"
    );
    let pulls = ended(ran.task("pulls"));
    assert!(pulls.starts_with("failed"), "{pulls}");
}

#[test]
fn s34_each_attempt_has_the_whole_timeout() {
    let ran = Ran::of(
        r#"
[tasks.work]
timeout = "2s"
stop_grace = "0s"
retry = { limit = 1, delay = "0s" }
script = 'if [ "$GOFER_ATTEMPT" = 1 ]; then sleep 60; else sleep 0.7; fi'
"#,
    );
    ran.assert_run("succeeded");
    assert_eq!(ran.attempts("work"), ["timed_out (timeout)", "succeeded"]);
    let (began, over) = span(&ran.task("work")["attempts"][0]);
    assert!(
        over.saturating_sub(began) >= Duration::from_millis(1900),
        "{:?}",
        over.saturating_sub(began)
    );
}

#[test]
fn s35_the_runs_timeout_counts_queues_for_pools_and_pauses_between_tries() {
    let ran = Ran::with(
        "timeout = \"2s\"",
        r#"
[tasks.a_holds]
pools = ["only"]
stop_grace = "0s"
script = "sleep 60"
[tasks.b_waits]
pools = ["only"]
script = "true"
[tasks.c_pauses]
retry = { limit = 3, delay = "1h" }
script = "exit 4"
"#,
        &[],
    );
    ran.done.assert_code(2);
    ran.assert_run("failed (timed_out)").assert_tasks(&[
        ("a_holds", "cancelled (run_timed_out)"),
        ("b_waits", "cancelled (run_timed_out)"),
        ("c_pauses", "cancelled (run_timed_out)"),
    ]);
    assert_eq!(ran.task("b_waits")["attempts"], json!([]));
    assert_eq!(ran.attempts("c_pauses").len(), 1);

    // Nothing but a pause between tries is left to count.
    let alone = Ran::with(
        "timeout = \"2s\"",
        "[tasks.work]\nretry = { limit = 1, delay = \"1h\" }\nscript = \"exit 4\"\n",
        &[],
    );
    alone.assert_run("failed (timed_out)");
    let [began, over] = ["started_at", "ended_at"].map(|key| super::moment(&alone.run[key]));
    assert!(
        over.saturating_sub(began) >= Duration::from_millis(1900),
        "{:?}",
        over.saturating_sub(began)
    );
}

#[test]
fn s36_at_the_runs_timeout_running_tasks_get_their_grace_and_end_cancelled_and_the_run_is_failed() {
    let project = Project::new(&file(
        "timeout = \"2s\"",
        r#"
[tasks.work]
script = "trap 'echo saving; sleep 0.3; echo saved; exit 0' TERM; echo begun; sleep 60 & wait"
"#,
    ));
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    assert_eq!(ended(&run), "failed (timed_out)");
    let work = super::task(&run, "work");
    assert_eq!(ended(work), "cancelled (run_timed_out)");
    assert_eq!(attempts(work), ["cancelled (run_timed_out)"]);
    let log = String::from_utf8(project.logs("p/1/work")).unwrap();
    assert_eq!(log, "begun\nsaving\nsaved\n");
    assert_says(super::text(&run["message"]), &["timeout"]);
}
