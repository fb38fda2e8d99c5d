//! Files that tasks leave, fetch and hand to those behind them; and objects that outlive runs.

use crate::harness::{Live, Project, sha256};
use serde_json::Value;
use std::fs;

fn task<'a>(run: &'a Value, name: &str) -> &'a Value {
    let tasks = run["tasks"].as_array().expect("tasks");
    let found = tasks.iter().find(|task| task["name"] == name);
    found.unwrap_or_else(|| panic!("no task {name}: {run}"))
}

const HANDED: &str = r#"
name = "files"
[defaults]
image = "gofer-demo:1"
[tasks.build]
script = '''
mkdir -p "$GOFER_ARTIFACTS/bin" && cd "$GOFER_ARTIFACTS"
printf '#!/bin/sh\necho built\n' > bin/tool && chmod 700 bin/tool
printf 'no newline' > data && ln -s ../data bin/link && ln data same
'''
[tasks.map]
for_each = ["x", "y", "z"]
script = '[ "$GOFER_ITEM" = y ] || echo "$GOFER_ITEM" > "$GOFER_ARTIFACTS/item"'
[tasks.quiet]
script = 'mkdir "$GOFER_ARTIFACTS/empty"'
[tasks.use]
depends_on = ["build", "map", "quiet"]
inputs = ["build", "map", "quiet"]
user = "4711"
script = '''
cd "$GOFER_INPUTS"
ls build map; build/bin/tool; cat build/bin/link build/same; echo
cat map/0/item map/2/item
[ ! -e map/1 ] && [ ! -e quiet ] && echo "nothing from those that left nothing"
'''
"#;

#[test]
fn artifacts_of_a_task_are_inputs_of_another_and_of_a_fan_out_by_index() {
    let project = Project::new(HANDED);
    let (done, run) = project.run(&[]);
    done.assert_code(0);
    let log = String::from_utf8(project.logs("files/1/use")).unwrap();
    assert_eq!(
        log,
        "build:\nbin\ndata\nsame\n\nmap:\n0\n2\nbuilt\nno newlineno newline\nx\nz\n\
         nothing from those that left nothing\n"
    );
    let left = &task(&run, "build")["artifacts"];
    assert_eq!(
        (&left["files"], left["bytes"].as_u64()),
        (&4.into(), Some(31))
    );
    assert_eq!(task(&run, "quiet")["artifacts"], Value::Null);
    assert_eq!(task(&run, "map")["items"][2]["artifacts"]["files"], 1);
    project.assert_nothing_left();
}

#[test]
fn artifacts_are_listed_fetched_and_printed() {
    let project = Project::new(HANDED);
    project.run(&[]).0.assert_code(0);
    let listed = project.gofer(&["artifacts", "files/1", "-o", "json"]);
    let listed = listed.assert_code(0).json();
    let paths: Vec<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["kind"] != "folder")
        .map(|row| {
            format!(
                "{} {} {}",
                row["task"].as_str().unwrap(),
                row["item"],
                row["path"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        paths,
        [
            "build null bin/link",
            "build null bin/tool",
            "build null data",
            "build null same",
            "map 0 item",
            "map 2 item",
        ]
    );
    let shown = project.gofer(&["show", "files/1"]);
    let sentence = "6 artifacts, 35 B: gofer artifacts files/1";
    assert!(shown.out().contains(sentence), "{}", shown.out());

    let one = project.gofer(&["artifacts", "files/1/build", "same"]);
    assert_eq!(one.assert_code(0).stdout, b"no newline");
    let none = project.gofer(&["artifacts", "files/1/build", "nope"]);
    assert!(
        none.assert_code(1)
            .err()
            .contains("build left no file \"nope\"")
    );

    project
        .gofer(&["artifacts", "files/1", "--to", "out"])
        .assert_code(0);
    let out = project.folder.join("out");
    assert_eq!(fs::read(out.join("build/bin/link")).unwrap(), b"no newline");
    assert_eq!(fs::read(out.join("map/2/item")).unwrap(), b"z\n");
    fs::write(out.join("build/data"), "mine").unwrap();
    let again = project.gofer(&["artifacts", "files/1", "--to", "out"]);
    let err = again.assert_code(1).err();
    assert!(err.contains("nothing was fetched"), "{err}");
    assert_eq!(fs::read(out.join("build/data")).unwrap(), b"mine");
    project
        .gofer(&["artifacts", "files/1", "--to", "out", "--overwrite"])
        .assert_code(0);
    assert_eq!(fs::read(out.join("build/data")).unwrap(), b"no newline");
}

#[test]
fn a_failed_attempts_artifacts_are_kept_for_its_handlers() {
    let project = Project::new(
        r#"
name = "failed"
[defaults]
image = "gofer-demo:1"
[tasks.a]
retry = { limit = 1, delay = "0s" }
script = 'echo "try $GOFER_ATTEMPT" > "$GOFER_ARTIFACTS/why"; exit 3'
[tasks.b]
depends_on = { a = "failure" }
inputs = ["a"]
script = 'cat "$GOFER_INPUTS/a/why"'
"#,
    );
    project.run(&[]).0.assert_code(2);
    assert_eq!(project.logs("failed/1/b"), b"try 2\n");
    let first = project.gofer(&["artifacts", "failed/1/a", "why", "--attempt", "1"]);
    assert_eq!(first.assert_code(0).stdout, b"try 1\n");
}

#[test]
fn of_a_failed_task_it_is_said_too_what_cannot_be_kept() {
    let project = Project::new(
        r#"
name = "odd"
[defaults]
image = "gofer-demo:1"
[tasks.a]
script = 'mkfifo "$GOFER_ARTIFACTS/p"; exit 3'
"#,
    );
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    let task = task(&run, "a");
    assert_eq!(task["reason"], "exit_code", "{task}");
    let message = task["message"].as_str().unwrap_or_default();
    let said = "it exited with code 3; its $GOFER_ARTIFACTS cannot be kept: p is a pipe";
    assert!(message.starts_with(said), "{message}");
    project.assert_nothing_left();
}

#[test]
fn what_leads_out_of_the_folder_is_refused_and_nothing_is_written_outside() {
    for (script, sentence) in [
        (
            "ln -s /etc/passwd link",
            r#"the link "link" leads to "/etc/passwd": that is an absolute path"#,
        ),
        (
            "ln -s ../../outside link",
            r#"the link "link" leads to "../../outside": that is outside"#,
        ),
        (
            "mkdir d && ln -s .. d/up && ln -s d/up/../x link",
            "climbs after it has gone down",
        ),
        ("mkfifo pipe", "pipe is a pipe"),
        ("mknod device c 1 3", "device is a device"),
    ] {
        let project = Project::new(&format!(
            r#"
name = "hostile"
[tasks.a]
image = "gofer-demo:1"
retry = {{ limit = 2, delay = "0s" }}
script = 'cd "$GOFER_ARTIFACTS" && echo fine > fine && {script}'
"#
        ));
        let (done, run) = project.run(&[]);
        done.assert_code(2);
        let a = task(&run, "a");
        assert_eq!(a["reason"], "bad_outputs", "{a}");
        let message = a["message"].as_str().unwrap();
        assert!(message.contains(sentence), "{message}");
        assert_eq!(
            a["attempts"].as_array().unwrap().len(),
            1,
            "never tried again"
        );
        let objects = project.data.join("objects");
        let kept = walk(&objects);
        assert!(kept.is_empty(), "{kept:?}");
        let listed = project.gofer(&["artifacts", "hostile/1", "-o", "json"]);
        assert_eq!(listed.json(), Value::Array(Vec::new()));
    }
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(walk(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

#[test]
fn more_files_than_are_kept_fail_the_task() {
    let project = Project::new(
        r#"
name = "many"
[tasks.a]
image = "gofer-demo:1"
script = 'cd "$GOFER_ARTIFACTS" && seq 1 100001 | xargs touch'
"#,
    );
    let (done, run) = project.run(&[]);
    done.assert_code(2);
    assert_eq!(task(&run, "a")["reason"], "artifacts_too_large");
    let message = task(&run, "a")["message"].as_str().unwrap();
    assert!(message.contains("more than 100000 files"), "{message}");
}

/// The most memory that a process has held, in KiB.
fn peak(live: &Live) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", live.pid())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_gibibyte_in_and_out_takes_little_memory() {
    let measured = |size: &str| -> (u64, Value) {
        let project = Project::new(&format!(
            r#"
name = "large"
[defaults]
image = "gofer-demo:1"
[tasks.a]
script = 'dd if=/dev/zero bs=1M count={size} 2> /dev/null | tr "\\0" "x" > "$GOFER_ARTIFACTS/large"'
[tasks.b]
depends_on = ["a"]
inputs = ["a"]
script = 'sha256sum < "$GOFER_INPUTS/a/large" | cut -d " " -f 1; sleep 1'
"#
        ));
        let mut live = project.spawn(&["run", "-o", "json"]);
        let mut most = 0;
        while live.is_going() {
            most = most.max(peak(&live).unwrap_or(0));
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let done = live.done();
        done.assert_code(0);
        let bytes = size.parse::<usize>().unwrap() << 20;
        let log = String::from_utf8(project.logs("large/1/b")).unwrap();
        assert_eq!(log.trim(), sha256(&vec![b'x'; bytes]));
        (most, done.json())
    };
    let (small, _) = measured("1");
    let (large, run) = measured("1024");
    let grown = large.saturating_sub(small) >> 10;
    println!("peak: {small} KiB with 1 MiB, {large} KiB with 1 GiB");
    assert_eq!(task(&run, "a")["artifacts"]["bytes"], 1_u64 << 30);
    assert!(grown <= 64, "1 GiB takes {grown} MiB more than 1 MiB");
}

#[test]
fn objects_outlive_the_run_that_kept_them() {
    let project = Project::new(
        r#"
name = "cursor"
[tasks.next]
image = "gofer-demo:1"
env = { LAST = { object = "cursor", default = "0" } }
objects = ["cursor"]
script = 'echo "from $LAST"; echo "cursor=$((LAST + 1))" >> "$GOFER_OUTPUT"'
"#,
    );
    for nth in 0..2 {
        project.run(&[]).0.assert_code(0);
        let log = project.logs("cursor/latest/next");
        assert_eq!(String::from_utf8(log).unwrap(), format!("from {nth}\n"));
    }
    let get = || project.gofer(&["object", "get", "cursor", "cursor"]).out();
    assert_eq!(get(), "2");
    project
        .gofer(&["object", "put", "cursor", "cursor", "41"])
        .assert_code(0);
    project.run(&[]).0.assert_code(0);
    assert_eq!(get(), "42");
    let listed = project.gofer(&["object", "list", "cursor", "-q"]).out();
    assert_eq!(listed, "cursor\n");
    project
        .gofer(&["object", "delete", "cursor", "cursor"])
        .assert_code(0);
    let gone = project.gofer(&["object", "get", "cursor", "cursor"]);
    assert!(
        gone.assert_code(1)
            .err()
            .contains("keeps no object `cursor`")
    );
}
