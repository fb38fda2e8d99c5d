//! The engine ends under running jobs, and comes back.

use crate::harness::{Private, Project, Since, Stage, wait_for};
use rustix::process::Signal;
use serde_json::Value;
use std::time::Duration;

/// The jobs differ in what they make of a signal. Each says at its end that it came there.
const JOBS: &str = r#"
name = "jobs"
[defaults]
image = "gofer-demo:1"
[tasks.obedient]
script = "trap 'exit 0' TERM; echo begun; sleep 12 & wait $!; echo done"
[tasks.plain]
script = "echo begun; sleep 12; echo done"
[tasks.deaf]
script = "trap '' TERM; echo begun; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1; done; echo done"
[tasks.short]
script = "echo begun; sleep 3; echo done"
[tasks.failing]
script = "echo begun; sleep 3; exit 7"
"#;

const TASKS: [&str; 5] = ["deaf", "failing", "obedient", "plain", "short"];

/// Ends the engine under the jobs and starts it again; returns the run's tasks at the end.
fn restarted(signal: Signal, live_restore: bool) -> Vec<Value> {
    let options: &[&str] = if live_restore {
        &["--live-restore"]
    } else {
        &[]
    };
    let mut engine = Private::new(options, None);
    let project = Project::on(&engine.docker());
    project.write("gofer.toml", JOBS);
    let mut live = project.spawn(&["run", "-o", "json"]);
    for task in TASKS {
        live.until_it_says(&format!("{task:8} | begun"));
    }
    engine.end(signal);
    std::thread::sleep(Duration::from_millis(500));
    assert!(live.is_going(), "{}", live.said());
    engine.start();
    let back = Since::now();
    if !live_restore {
        // No job can have outlived its engine: all is known soon.
        wait_for("the truth", Duration::from_mins(1), || {
            let rows = project.records().attempts();
            rows.iter()
                .all(|row| row.stage >= Stage::Ended)
                .then_some(())
        });
        let took = back.elapsed();
        println!("the truth came {took:?} after the engine");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    let done = live.done();
    let run = done.json();
    println!("{}", done.out());
    for task in run["tasks"].as_array().unwrap() {
        assert_honest(&project, task);
    }
    let left = project.left();
    assert!(left.is_empty(), "{left:#?}");
    run["tasks"].as_array().unwrap().clone()
}

/// Only what came to its end has succeeded; a code that is shown is one that a job can have.
fn assert_honest(project: &Project, task: &Value) {
    let name = task["name"].as_str().unwrap();
    let log = project.logs(&format!("jobs/1/{name}"));
    let log = String::from_utf8_lossy(&log);
    let attempts = task["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{task:#}");
    assert!(log.starts_with("begun\n"), "{name}: {log:?}");
    match task["state"].as_str().unwrap() {
        // What a job writes while no engine is there to take it up is nowhere.
        "succeeded" if name == "short" => assert_eq!(attempts[0]["exit_code"], 0),
        "succeeded" => {
            assert_eq!(
                log, "begun\ndone\n",
                "{name} cannot have succeeded: {task:#}"
            );
            assert_eq!(attempts[0]["exit_code"], 0);
        }
        "lost" => {
            assert_eq!(task["reason"], "engine_restarted", "{task:#}");
            assert!(
                task["message"]
                    .as_str()
                    .is_some_and(|words| !words.is_empty())
            );
        }
        "failed" => {
            let reason = task["reason"].as_str().unwrap();
            let is_true = match reason {
                "exit_code" => name == "failing" && attempts[0]["exit_code"] == 7,
                "stopped_outside" => true,
                _ => false,
            };
            assert!(is_true, "{task:#}");
        }
        other => panic!("{name} is {other}: {task:#}"),
    }
}

fn states(tasks: &[Value]) -> Vec<(&str, &str)> {
    tasks
        .iter()
        .map(|task| {
            (
                task["name"].as_str().unwrap(),
                task["state"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn an_engine_that_is_told_to_end_takes_its_jobs_along_and_none_succeeds() {
    let tasks = restarted(Signal::TERM, false);
    for (name, state) in states(&tasks) {
        assert_ne!(state, "succeeded", "{name}");
    }
}

#[test]
fn an_engine_that_is_killed_takes_its_jobs_along_and_none_succeeds() {
    let tasks = restarted(Signal::KILL, false);
    for (name, state) in states(&tasks) {
        // A code that no dying engine gives is the job's own.
        let states: &[&str] = if name == "failing" {
            &["lost", "failed"]
        } else {
            &["lost"]
        };
        assert!(states.contains(&state), "{name} is {state}");
    }
}

#[test]
fn jobs_outlive_an_engine_with_live_restore_that_is_told_to_end() {
    let tasks = restarted(Signal::TERM, true);
    for (name, state) in states(&tasks) {
        if ["deaf", "obedient", "plain"].contains(&name) {
            assert_eq!(state, "succeeded", "{name}");
        }
    }
}

#[test]
fn jobs_outlive_an_engine_with_live_restore_that_is_killed() {
    let tasks = restarted(Signal::KILL, true);
    for (name, state) in states(&tasks) {
        if ["deaf", "obedient", "plain"].contains(&name) {
            assert_eq!(state, "succeeded", "{name}");
        }
    }
}
