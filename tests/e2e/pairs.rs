//! Two at once in one folder.

use crate::harness::{Project, Since, number};
use std::time::Duration;

const QUICK: &str = r#"
name = "quick"
[tasks.only]
image = "gofer-demo:1"
script = "echo hello"
"#;

#[test]
fn pairs_started_at_once_in_an_empty_folder_both_succeed() {
    for pair in 0..number("GOFER_E2E_PAIRS", 20) {
        let project = Project::new(QUICK);
        let both = [(); 2].map(|()| project.spawn(&["run", "-o", "json"]));
        let both = both.map(crate::harness::Live::done);
        let mut numbers: Vec<i64> = both
            .iter()
            .map(|done| {
                assert_eq!(
                    done.code,
                    Some(0),
                    "pair {pair}: {}{}",
                    done.out(),
                    done.err()
                );
                done.json()["number"].as_i64().unwrap()
            })
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2], "pair {pair}");
        assert_eq!(project.records().runs(), (2, 0));
        project.assert_nothing_left();
    }
}

#[test]
fn neither_waits_for_the_others_run() {
    let project = Project::new(QUICK);
    project.write(
        "slow.toml",
        &QUICK
            .replace("quick", "slow")
            .replace("echo hello", "echo begun; sleep 30"),
    );
    let mut slow = project.spawn(&["run", "slow.toml"]);
    slow.until_it_says("| begun");
    let begun = Since::now();
    project.gofer(&["run"]).assert_code(0);
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(15),
        "it took {took:?} beside another run"
    );
    assert!(slow.is_going());
    let shown = project.gofer(&["show", "slow/1", "-o", "json"]).json();
    assert_eq!(shown["state"], "running");
    assert!(shown.get("interrupted").is_none(), "{shown:#}");
    slow.signal(rustix::process::Signal::INT);
    slow.done().assert_code(3);
    project.assert_nothing_left();
}
