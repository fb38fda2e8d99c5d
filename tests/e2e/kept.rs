//! Runs that are over stay, and can be looked at without an engine.

use crate::harness::{Live, Project};
use serde_json::json;

const TWO: &str = r#"
name = "kept"
[defaults]
image = "gofer-demo:1"
[tasks.good]
script = "echo one; echo two; printf three"
[tasks.bad]
script = "echo 'the disk said no'; exit 4"
[tasks.after]
depends_on = ["bad"]
script = "true"
"#;

/// As `gofer` answers where no engine is.
fn without_engine(project: &Project, args: &[&str]) -> crate::harness::Done {
    let mut command = project.command(args);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    Live::new(command).done()
}

#[test]
fn kept_runs_are_read_without_an_engine() {
    let project = Project::new(TWO);
    project.gofer(&["run"]).assert_code(2);
    let ask = |args: &[&str]| {
        let done = without_engine(&project, args);
        done.assert_code(0);
        done
    };
    assert_eq!(ask(&["logs", "kept/1/good"]).out(), "one\ntwo\nthree");
    assert_eq!(
        ask(&["logs", "kept/-1/good", "-n", "2"]).out(),
        "two\nthree"
    );
    let timed = ask(&["logs", "kept/latest/good", "--timestamps"]).out();
    assert!(
        timed
            .lines()
            .all(|line| line.contains('T') && line.contains("Z ")),
        "{timed}"
    );
    let list = ask(&["runs"]).out();
    assert!(list.contains("kept/1") && list.contains("failed"), "{list}");
    let shown = ask(&["show", "kept/1", "-o", "json"]).json();
    assert_eq!(shown["tasks"][0]["reason"], "upstream_failed");
    assert_eq!(
        ask(&["show", "kept/1", "-o", "json"]).json()["id"],
        shown["id"]
    );
    let by_id = ask(&["show", shown["id"].as_str().unwrap(), "-o", "json"]).json();
    assert_eq!(by_id, shown);
    assert_eq!(ask(&["show", "-o", "json"]).json(), shown, "the newest");
    let explained = ask(&["explain", "kept/1"]).out();
    for word in ["bad", "4", "the disk said no", "gofer logs"] {
        assert!(explained.contains(word), "{word} is not in\n{explained}");
    }
    let all = ask(&["logs", "kept/1"]).out();
    assert!(
        all.contains("bad") && all.contains("| the disk said no"),
        "{all}"
    );
    let quiet = ask(&["runs", "--quiet"]).out();
    assert_eq!(quiet.trim(), "kept/1");
}

#[test]
fn a_failed_run_shows_its_last_words_and_what_to_type_next() {
    let project = Project::new(TWO);
    let done = project.gofer(&["run"]);
    done.assert_code(2);
    let text = done.out() + &done.err();
    for word in [
        "bad",
        "code 4",
        "the disk said no",
        "gofer explain kept/1",
        "gofer logs kept/1/bad",
    ] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let project = Project::new(TWO);
    project.gofer(&["run"]).assert_code(2);
    let said = |args: &[&str], code, words: &str| {
        let done = project.gofer(args);
        done.assert_code(code);
        assert!(
            done.err().contains(words),
            "{words} is not in\n{}",
            done.err()
        );
    };
    said(&["show", "kep/1"], 1, "kept");
    said(&["show", "kept/7"], 1, "kept/1");
    said(&["logs", "kept/1/god"], 64, "good");
    said(&["logs", "kept/1/after"], 1, "never started");
    said(&["logs", "kept/1/good", "--attempt", "3"], 64, "1 attempt");
    said(&["cancel", "kept/1"], 0, "over already: failed");
    let empty = Project::new(TWO);
    let done = empty.gofer(&["runs"]);
    done.assert_code(0);
    assert_eq!(
        empty.gofer(&["runs", "-o", "json"]).json()["items"],
        json!([])
    );
}
