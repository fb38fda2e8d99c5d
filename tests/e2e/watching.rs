//! `gofer run --watch`.

use crate::harness::{Live, Project, Since, number, wait_for};
use rustix::process::Signal;
use std::time::Duration;

const FILE: &str = r#"
name = "watched"
[defaults]
image = "gofer-demo:1"
[tasks.a]
script = 'echo "a says one"; echo "v=1" >> "$GOFER_OUTPUT"'
[tasks.b]
depends_on = ["a"]
env = { V = { output = "a.v" } }
script = 'echo "b says one, a gave $V"'
"#;

fn begin(project: &Project) -> Live {
    let mut live = project.spawn(&["run", "--watch"]);
    live.until_it_says("watching gofer.toml; Ctrl-C ends it");
    live
}

fn times(live: &Live, words: &str) -> usize {
    live.said().matches(words).count()
}

fn until_times(live: &Live, words: &str, wanted: usize) {
    wait_for(words, Duration::from_mins(1), || {
        (times(live, words) >= wanted).then_some(())
    });
}

fn leave(live: Live) -> crate::harness::Done {
    live.signal(Signal::INT);
    live.done()
}

#[test]
fn a_save_runs_what_changed_and_what_depends_on_it() {
    let project = Project::new(FILE);
    let mut live = begin(&project);
    project.write("gofer.toml", &FILE.replace("b says one", "b says two"));
    live.until_it_says("b says two, a gave 1");
    until_times(&live, "watching gofer.toml", 2);
    assert!(
        live.said().contains("outputs of a from watched/1"),
        "{}",
        live.said()
    );
    assert_eq!(times(&live, "| a says one"), 1, "{}", live.said());
    project.write("gofer.toml", &FILE.replace("a says one", "a says three"));
    live.until_it_says("| a says three");
    until_times(&live, "watching gofer.toml", 3);
    assert_eq!(times(&live, "b says one"), 2, "{}", live.said());
    // The same again.
    project.write("gofer.toml", &FILE.replace("a says one", "a says three"));
    live.until_it_says("nothing changed");
    leave(live).assert_code(0);
    project.assert_nothing_left();
}

#[test]
fn a_file_with_mistakes_is_shown_and_watched_on_and_a_failed_task_runs_again() {
    let project = Project::new(FILE);
    let mut live = begin(&project);
    project.write("gofer.toml", &FILE.replace("depends_on", "depend_on"));
    live.until_it_says("did you mean `depends_on`?");
    project.write(
        "gofer.toml",
        &FILE.replace("echo \"b says one", "exit 3; echo \"b says one"),
    );
    live.until_it_says("it exited with code 3");
    until_times(&live, "watching gofer.toml", 3);
    // Another editor: a new file in the place of the old one.
    let new = project.write("gofer.toml.new", FILE);
    std::fs::rename(new, project.folder.join("gofer.toml")).unwrap();
    until_times(&live, "b says one, a gave 1", 2);
    assert_eq!(times(&live, "| a says one"), 1, "{}", live.said());
    until_times(&live, "watching gofer.toml", 4);
    leave(live).assert_code(0);
}

#[test]
fn a_watch_over_one_task_runs_no_other() {
    let project = Project::new(FILE);
    let mut live = project.spawn(&["run", "--watch", "--task", "b", "--output", "a.v=7"]);
    live.until_it_says("watching gofer.toml; Ctrl-C ends it");
    assert!(
        live.said().contains("b says one, a gave 7"),
        "{}",
        live.said()
    );
    project.write("gofer.toml", &FILE.replace("a says one", "a says two"));
    live.until_it_says("b says one, a gave 7");
    until_times(&live, "watching gofer.toml", 2);
    let edited = FILE.replace("b says one", "b says two");
    project.write("gofer.toml", &edited.replace("a says one", "a says two"));
    live.until_it_says("b says two, a gave 7");
    until_times(&live, "watching gofer.toml", 3);
    assert_eq!(times(&live, "| a says"), 0, "{}", live.said());
    leave(live).assert_code(0);
    project.assert_nothing_left();
}

#[test]
fn a_save_during_a_run_cancels_it_and_starts_again() {
    let project = Project::new(FILE);
    let mut live = begin(&project);
    project.write(
        "gofer.toml",
        &FILE.replace("b says one, a gave $V", "slow\"; sleep 60; echo \""),
    );
    live.until_it_says("| slow");
    project.write("gofer.toml", &FILE.replace("b says one", "b says four"));
    live.until_it_says("saved: watched/2 is stopped");
    live.until_it_says("b says four, a gave 1");
    until_times(&live, "watching gofer.toml", 2);
    let runs = project.gofer(&["runs"]).out();
    assert!(runs.contains("cancelled"), "{runs}");
    // Ctrl-C in a run cancels it and ends the watch.
    project.write(
        "gofer.toml",
        &FILE.replace("b says one, a gave $V", "slow again\"; sleep 60; echo \""),
    );
    live.until_it_says("| slow again");
    leave(live).assert_code(3);
    project.assert_nothing_left();
}

#[test]
fn a_program_is_watched_with_its_sources() {
    let project = Project::new("");
    std::fs::remove_file(project.folder.join("gofer.toml")).unwrap();
    let program = "import json, words\nprint(json.dumps({'name': 'made', 'tasks': {'a': {'image': 'gofer-demo:1', 'script': 'echo ' + words.WORD}}}))\n";
    project.write("words.py", "WORD = 'first'\n");
    project.write("gofer.config.py", program);
    let mut live = project.spawn(&["run", "--watch"]);
    live.until_it_says("| first");
    live.until_it_says("watching gofer.config.py");
    // Python takes a module for the same that has the same size and time.
    project.write("words.py", "WORD = 'another'\n");
    live.until_it_says("| another");
    until_times(&live, "watching gofer.config.py", 2);
    leave(live).assert_code(0);
    project.assert_nothing_left();
}

/// `SAVES=20` for the figures of the issue.
#[test]
fn from_a_save_to_the_first_line() {
    let project = Project::new(FILE);
    let mut live = begin(&project);
    let mut took = Vec::new();
    for nth in 0..number("SAVES", 3) {
        let words = format!("save {nth}");
        let begun = Since::now();
        project.write("gofer.toml", &FILE.replace("b says one", &words));
        live.until_it_says(&format!("{words}, a gave"));
        took.push(begun.elapsed());
        until_times(&live, "watching gofer.toml", nth + 2);
    }
    took.sort();
    let half = took[took.len() / 2];
    println!(
        "from a save to the first line: p50 {half:?}, worst {:?}",
        took.last().unwrap()
    );
    assert!(half < Duration::from_secs(5), "{took:?}");
    leave(live).assert_code(0);
}
