//! An engine in a machine of its own, as on a desktop: its socket is here, its folders are not.

use crate::harness::{Done, Live, Project, gofer};
use std::process::Command;

const BOTH: &str = r#"
name = "elsewhere"
[defaults]
image = "gofer-demo:1"
script = '''
stat -c "%a %n" /gofer /gofer/artifacts
cat /gofer/inputs/*/said 2> /dev/null || :
echo said > "$GOFER_ARTIFACTS/said"
echo "who=$(id -u)" > "$GOFER_OUTPUT"
'''
[tasks.root]
[tasks.worker]
user = "4711"
[tasks.reader]
user = "4712"
depends_on = ["root", "worker"]
inputs = ["root"]
env = { WHO = { output = "worker.who" } }
"#;

/// `gofer` where an empty folder lies over the engine's.
fn without_the_folders(project: &Project, args: &[&str]) -> Done {
    let root = project
        .docker()
        .cli(&["info", "--format", "{{.DockerRootDir}}"]);
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-ec"])
        .arg("mount -t tmpfs none \"$0\"; exec \"$@\"")
        .args([root.trim().as_ref(), gofer().as_os_str()])
        .args(args);
    project.settle(&mut command);
    Live::new(command).done()
}

fn reach(project: &Project) -> String {
    let kept = std::fs::read(project.data.join("engine.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    kept["reach"].as_str().unwrap().to_owned()
}

fn assert_all_well(project: &Project, run: u32, done: &Done) {
    done.assert_code(0);
    let log = |task: &str| {
        let log = project.logs(&format!("elsewhere/{run}/{task}"));
        String::from_utf8(log).unwrap()
    };
    assert_eq!(log("root"), OPEN, "run {run}");
    assert_eq!(log("worker"), OPEN, "run {run}");
    assert_eq!(log("reader"), format!("{OPEN}said\n"), "run {run}");
    let said = project.gofer(&["show", &format!("elsewhere/{run}"), "-o", "json"]);
    let said = said.json();
    let who = |task: usize| said["tasks"][task]["outputs"]["who"].clone();
    assert_eq!([who(0), who(1), who(2)], ["4712", "0", "4711"], "{said}");
    project.assert_nothing_left();
}

const OPEN: &str = "1777 /gofer\n1777 /gofer/artifacts\n";

#[test]
fn where_the_engines_folders_are_not_here_all_goes_through_the_engine() {
    let project = Project::new(BOTH);
    for run in [1, 2] {
        let done = without_the_folders(&project, &["run"]);
        assert_all_well(&project, run, &done);
        assert_eq!(reach(&project), "elsewhere");
    }
}

#[test]
fn where_they_are_here_they_are_used_until_they_are_not() {
    let project = Project::new(BOTH);
    let storage = project.docker().cli(&["info", "--format", "{{.Driver}}"]);
    let known = match storage.trim() {
        "overlay2" => "layers",
        _ => "here",
    };
    for run in [1, 2] {
        let done = project.gofer(&["run"]);
        assert_all_well(&project, run, &done);
        assert_eq!(reach(&project), known);
    }
    // What was made for our hands is furnished by the engine.
    let done = without_the_folders(&project, &["run"]);
    assert_all_well(&project, 3, &done);
    assert_eq!(reach(&project), "elsewhere");
}
