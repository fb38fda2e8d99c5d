//! The sentences of the pipeline language that concern one run, each on a real engine.

mod conditions;
mod ends;
mod fan_out;
mod retry;
mod said_before;
mod timeouts;
mod values;
mod verdict;

use crate::harness::{Done, Project};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// Sentences that are shown under other names, and where.
const ELSEWHERE: &[(u8, &str, &[&str])] = &[
    (
        27,
        "signals.rs",
        &["a_second_signal_ends_the_finally_tasks_too"],
    ),
    (
        51,
        "forms.rs",
        &["toml_yaml_json_and_a_program_give_identical_runs"],
    ),
    (
        61,
        "files.rs",
        &["files_arrive_byte_for_byte_with_no_newline_added"],
    ),
    (
        75,
        "services.rs",
        &[
            "a_task_does_not_start_before_every_service_is_ready",
            "a_service_that_ends_before_that_fails_it_with_service_failed_and_its_last_lines",
        ],
    ),
    (
        76,
        "services.rs",
        &["two_tasks_of_one_run_may_both_have_a_service_on_port_5432"],
    ),
    (
        77,
        "services.rs",
        &["a_service_that_ends_after_the_task_started_does_not_fail_it_and_its_log_is_kept"],
    ),
    (
        82,
        "files.rs",
        &[
            "a_scratch_volume_is_empty_at_the_start_of_a_run_and_gone_after_its_end",
            "a_scratch_volume_is_gone_after_a_run_that_was_cancelled_too",
        ],
    ),
];

/// A pipeline named `p`: what stands at the top of it, and its tasks in the demo image.
fn file(top: &str, tasks: &str) -> String {
    format!("name = \"p\"\n{top}\n[defaults]\nimage = \"gofer-demo:1\"\n{tasks}\n")
}

/// A run of it to its end.
struct Ran {
    project: Project,
    done: Done,
    run: Value,
}

impl Ran {
    fn of(tasks: &str) -> Self {
        Self::with("", tasks, &[])
    }

    fn with(top: &str, tasks: &str, args: &[&str]) -> Self {
        let project = Project::new(&file(top, tasks));
        let (done, run) = project.run(args);
        Self { project, done, run }
    }

    fn task(&self, name: &str) -> &Value {
        task(&self.run, name)
    }

    /// The tasks and how each ended: `succeeded`, `skipped (condition_false)` …
    fn assert_tasks(&self, expected: &[(&str, &str)]) -> &Self {
        let said = self.done.err();
        let tasks = self.run["tasks"].as_array().unwrap();
        let found = tasks.iter().map(|task| (text(&task["name"]), ended(task)));
        let found: BTreeMap<&str, String> = found.collect();
        let expected: BTreeMap<&str, String> = expected
            .iter()
            .map(|(name, state)| (*name, (*state).to_owned()))
            .collect();
        assert_eq!(found, expected, "\n{said}");
        self
    }

    fn assert_run(&self, expected: &str) -> &Self {
        assert_eq!(ended(&self.run), expected, "\n{}", self.done.err());
        self
    }

    /// How each item of a fan-out ended.
    fn items(&self, name: &str) -> Vec<String> {
        let items = self.task(name)["items"].as_array().expect("items");
        items.iter().map(ended).collect()
    }

    fn attempts(&self, name: &str) -> Vec<String> {
        attempts(self.task(name))
    }

    /// The run, the task or the task's newest attempt says this.
    fn message(&self, name: &str) -> &str {
        text(&self.task(name)["message"])
    }

    fn log(&self, name: &str) -> String {
        let log = self.project.logs(&format!("p/latest/{name}"));
        String::from_utf8(log).expect("UTF-8")
    }
}

/// A file that is refused by `validate` and by `run`, and what both say.
fn refused(top: &str, tasks: &str) -> String {
    let project = Project::new(&file(top, tasks));
    let validate = project.gofer(&["validate"]);
    validate.assert_code(1);
    let run = project.gofer(&["run"]);
    run.assert_code(1);
    assert!(
        !project.data.join("gofer.db").exists() || project.records().runs().0 == 0,
        "no run was made"
    );
    validate.out() + &validate.err()
}

fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in:\n{said}");
    }
}

fn task<'a>(run: &'a Value, name: &str) -> &'a Value {
    let tasks = run["tasks"].as_array().expect("tasks");
    let found = tasks.iter().find(|task| task["name"] == name);
    found.unwrap_or_else(|| panic!("no task {name}: {run:#}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `failed (exit_code)`, or the state alone.
fn ended(of: &Value) -> String {
    match of["reason"].as_str() {
        Some(reason) => format!("{} ({reason})", text(&of["state"])),
        None => text(&of["state"]).to_owned(),
    }
}

/// How each attempt of a task or an item ended.
fn attempts(of: &Value) -> Vec<String> {
    let attempts = of["attempts"].as_array().expect("attempts");
    attempts.iter().map(ended).collect()
}

fn moment(value: &Value) -> Duration {
    let at: jiff::Timestamp = text(value).parse().expect("a moment");
    let since = at.duration_since(jiff::Timestamp::UNIX_EPOCH);
    since.try_into().expect("after 1970")
}

/// When an attempt's container began and ended.
fn span(attempt: &Value) -> (Duration, Duration) {
    (moment(&attempt["started_at"]), moment(&attempt["ended_at"]))
}

/// What stands in front of the other in what was said.
fn assert_order(said: &str, first: &str, second: &str) {
    let at = |words: &str| {
        said.find(words)
            .unwrap_or_else(|| panic!("{words:?} is not in:\n{said}"))
    };
    assert!(
        at(first) < at(second),
        "{second:?} before {first:?}:\n{said}"
    );
}

mod each_once {
    use super::ELSEWHERE;
    use std::{
        collections::{BTreeMap, BTreeSet},
        fs,
        path::Path,
    };

    /// In which files there are tests that are named `sNN_…`.
    fn numbered(folder: &Path, into: &mut BTreeMap<u8, BTreeSet<String>>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                numbered(&path, into);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let names = text.lines().filter_map(|line| line.strip_prefix("fn s"));
            for number in names.filter_map(|name| name.get(..2)?.parse().ok()) {
                let file = path.display().to_string();
                into.entry(number).or_default().insert(file);
            }
        }
    }

    #[test]
    fn every_sentence_about_one_run_is_shown_in_one_place() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/e2e"));
        let mut shown = BTreeMap::new();
        numbered(folder, &mut shown);
        for (number, file, names) in ELSEWHERE {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            for name in *names {
                assert!(text.contains(&format!("fn {name}()")), "{file}: {name}");
            }
            let files = shown.entry(*number).or_default();
            files.insert(format!("{file}, under another name"));
        }
        let expected: BTreeSet<u8> = (1..=63).chain([75, 76, 77, 81, 82]).collect();
        assert_eq!(shown.keys().copied().collect::<BTreeSet<u8>>(), expected);
        for (number, files) in shown {
            assert_eq!(files.len(), 1, "sentence {number}: {files:?}");
        }
    }
}
