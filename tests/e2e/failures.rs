//! What can be wrong with an engine or a container, and what is said about it.

mod full;
mod reach;

use crate::harness::Project;
use serde_json::Value;

/// One task that fails, and why.
struct Case {
    name: &'static str,
    /// Keys of the task.
    keys: &'static str,
    state: &'static str,
    reason: &'static str,
    code: Option<i32>,
    /// What the sentence has to say.
    words: &'static [&'static str],
}

const DEMO: &str = "image = \"gofer-demo:1\"\n";

const CASES: &[Case] = &[
    Case {
        name: "image_missing_and_never_pulled",
        keys: "image = \"nosuch:1\"\npull = \"never\"\nscript = \"true\"",
        state: "failed",
        reason: "image_not_found",
        code: None,
        words: &["nosuch:1", "pull", "never"],
    },
    Case {
        name: "registry_does_not_answer",
        keys: "image = \"localhost:1/nosuch:1\"\nscript = \"true\"",
        state: "failed",
        reason: "image_not_found",
        code: None,
        words: &["localhost:1/nosuch:1", "registry does not answer"],
    },
    Case {
        name: "bad_command",
        keys: "command = [\"nosuch\", \"--flag\"]",
        state: "failed",
        reason: "bad_command",
        code: Some(127),
        words: &["does not have the command", "nosuch"],
    },
    Case {
        name: "not_executable",
        keys: "command = [\"/etc/passwd\"]",
        state: "failed",
        reason: "bad_command",
        code: Some(126),
        words: &["not executable", "/etc/passwd"],
    },
    Case {
        name: "command_not_found_in_script",
        keys: "script = \"nosuchcommand\"",
        state: "failed",
        reason: "exit_code",
        code: Some(127),
        words: &["code 127"],
    },
    Case {
        name: "out_of_memory",
        keys: "resources = { memory = \"16Mi\" }\nscript = \"tail /dev/zero\"",
        state: "failed",
        reason: "out_of_memory",
        code: Some(137),
        words: &["memory"],
    },
    Case {
        name: "no_such_user",
        keys: "user = \"nobody-here\"\nscript = \"true\"",
        state: "failed",
        reason: "start_failed",
        code: None,
        words: &["user", "/etc/passwd"],
    },
    Case {
        name: "no_gpu",
        keys: "resources = { gpu = 1 }\nscript = \"true\"",
        state: "failed",
        reason: "start_failed",
        code: None,
        words: &["GPU"],
    },
    Case {
        name: "folder_that_cannot_be",
        keys: "working_dir = \"/etc/passwd/inside\"\nscript = \"true\"",
        state: "failed",
        reason: "start_failed",
        code: None,
        words: &["/etc/passwd/inside"],
    },
    Case {
        name: "bad_outputs",
        keys: "script = 'echo nonsense >> \"$GOFER_OUTPUT\"'",
        state: "failed",
        reason: "bad_outputs",
        code: Some(0),
        words: &["GOFER_OUTPUT"],
    },
    Case {
        name: "killed_by_its_own_signal",
        keys: "script = \"kill -SEGV $$\"",
        state: "failed",
        reason: "exit_code",
        code: Some(139),
        words: &["139"],
    },
];

fn task<'a>(run: &'a Value, name: &str) -> &'a Value {
    let tasks = run["tasks"].as_array().expect("tasks");
    tasks
        .iter()
        .find(|task| task["name"] == name)
        .expect("the task")
}

#[test]
fn each_failure_of_a_container_has_its_reason_and_its_sentence() {
    let tasks = CASES.iter().map(|case| {
        let image = if case.keys.contains("image") {
            ""
        } else {
            DEMO
        };
        format!("[tasks.{}]\n{image}{}\n", case.name, case.keys)
    });
    let project = Project::new(&format!("name = \"wrong\"\n{}", tasks.collect::<String>()));
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let mut wrong = Vec::new();
    for case in CASES {
        let task = task(&run, case.name);
        let attempt = &task["attempts"][0];
        let message = task["message"].as_str().unwrap_or_default();
        println!(
            "{:32} {} ({}): {message}",
            case.name, task["state"], task["reason"]
        );
        let is_right = task["state"] == case.state
            && task["reason"] == case.reason
            && attempt["exit_code"] == Value::from(case.code)
            && case.words.iter().all(|word| message.contains(word));
        if !is_right {
            wrong.push(format!("{}: {task:#}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The init's own words are no output of the job.
    assert_eq!(project.logs("wrong/1/bad_command"), b"");
    let log = project.logs("wrong/1/command_not_found_in_script");
    assert!(String::from_utf8_lossy(&log).contains("nosuchcommand: not found"));
    project.assert_nothing_left();
}

#[test]
fn an_image_without_a_shell_says_to_use_a_command() {
    let project = Project::new(
        r#"
name = "shell"
[tasks.first]
image = "gofer-demo:1"
script = "true"
"#,
    );
    // A run has made sure that the smallest image of all is there.
    project.gofer(&["run"]).assert_code(0);
    let images = project.docker().cli(&[
        "images",
        "gofer/holder",
        "--format",
        "{{.Repository}}:{{.Tag}}",
    ]);
    let holder = images.lines().next().expect("the holder's image");
    project.write(
        "gofer.toml",
        &format!("name = \"shell\"\n[tasks.only]\nimage = \"{holder}\"\nscript = \"true\"\n"),
    );
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let only = task(&run, "only");
    assert_eq!(only["reason"], "bad_command", "{only:#}");
    let message = only["message"].as_str().unwrap();
    assert!(
        message.contains("no /bin/sh") && message.contains("command"),
        "{message}"
    );
    project.assert_nothing_left();
}
