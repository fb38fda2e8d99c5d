//! The binary on a machine without a container engine: what it says, and what it leaves behind.
#![expect(
    clippy::expect_used,
    reason = "a world that cannot be made fails its test"
)]

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const PIPELINE: &str = r#"
name = "etl"
[tasks.load]
image = "demo:1"
command = ["load"]
env = { TOKEN = { secret = "token" } }
"#;

/// A project, a home, and an engine that is not there.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        fs::create_dir(machine.project()).expect("a project");
        fs::write(machine.project().join("gofer.toml"), PIPELINE).expect("a file");
        fs::write(machine.project().join("values"), "token=swordfish\n").expect("a file");
        machine
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gofer"));
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.state())
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        command
    }

    fn gofer(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary")
    }
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_look_at_no_runs_needs_no_engine_and_makes_no_data_directory() {
    let machine = Machine::new();
    let runs = machine.gofer(&["runs", "-o", "json"]);
    assert_eq!(code(&runs), Some(0), "{runs:?}");
    let page: Value = serde_json::from_slice(&runs.stdout).unwrap();
    assert_eq!(page["items"], Value::Array(Vec::new()));
    for arguments in [
        &["show", "etl/1"][..],
        &["logs", "etl/1/load"],
        &["cancel", "latest"],
    ] {
        let output = machine.gofer(arguments);
        assert_eq!(code(&output), Some(1), "{arguments:?}: {output:?}");
        assert!(text(&output.stderr).starts_with("error:"), "{output:?}");
    }
    assert!(!machine.state().exists());
}

#[test]
fn a_run_without_an_engine_says_what_to_do_and_starts_nothing() {
    let machine = Machine::new();
    let run = machine.gofer(&["run", "--secrets", "values"]);
    assert_eq!(code(&run), Some(1), "{run:?}");
    let said = text(&run.stderr);
    assert!(said.contains("/nonexistent/docker.sock"), "{said}");
    assert!(
        said.contains("DOCKER_HOST") && said.contains("gofer doctor"),
        "{said}"
    );
    assert!(!said.contains("swordfish"));
    let runs = machine.gofer(&["runs", "--quiet"]);
    assert_eq!((code(&runs), text(&runs.stdout)), (Some(0), String::new()));
}

#[test]
fn kept_data_is_for_its_user_alone_and_not_in_the_project() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let before = names(&machine.project());
    machine.gofer(&["run", "--secrets", "values"]);
    assert_eq!(names(&machine.project()), before);
    let projects = machine.state().join("gofer/projects");
    let [data] = &names(&projects)[..] else {
        panic!("{:?}", names(&projects))
    };
    assert!(data.starts_with("project-"), "{data}");
    let data = projects.join(data);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&data), 0);
    assert!(data.join("gofer.db").exists());
    for name in names(&data) {
        assert_eq!(mode(&data.join(&name)), 0, "{name}");
    }
    assert_eq!(
        names(&data.join("s")),
        Vec::<String>::new(),
        "sockets go with their process"
    );
}

#[test]
fn the_variable_moves_the_data_directory() {
    let machine = Machine::new();
    let moved = machine.folder.path().join("elsewhere");
    let run = machine
        .command(&["run", "--secrets", "values"])
        .env("GOFER_DATA_DIR", &moved)
        .output();
    assert_eq!(code(&run.unwrap()), Some(1));
    assert!(moved.join("gofer.db").exists() && !machine.state().exists());
}

#[test]
fn a_data_directory_with_a_very_long_path_works() {
    let machine = Machine::new();
    let long = machine.folder.path().join("x".repeat(150));
    let look = || {
        let mut command = machine.command(&["runs"]);
        command.env("GOFER_DATA_DIR", &long).output().unwrap()
    };
    assert_eq!(code(&look()), Some(0));
    machine
        .command(&["run", "--secrets", "values"])
        .env("GOFER_DATA_DIR", &long)
        .output()
        .unwrap();
    assert!(long.join("gofer.db").exists());
    let kept = look();
    assert_eq!(code(&kept), Some(0), "{kept:?}");
}

#[test]
fn a_home_that_cannot_be_written_is_said_with_the_way_out() {
    let machine = Machine::new();
    let file = machine.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let run = machine
        .command(&["run", "--secrets", "values"])
        .env("XDG_STATE_HOME", &file)
        .output();
    let run = run.unwrap();
    assert_eq!(code(&run), Some(1), "{run:?}");
    let said = text(&run.stderr);
    assert!(
        said.contains("Not a directory") && said.contains("GOFER_DATA_DIR"),
        "{said}"
    );
}

#[test]
fn doctor_names_the_problem_and_its_remedy() {
    let machine = Machine::new();
    let doctor = machine.gofer(&["doctor", "-o", "json"]);
    assert_eq!(code(&doctor), Some(1), "{doctor:?}");
    let diagnosis: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    assert_eq!(diagnosis["ok"], false);
    let checks = diagnosis["checks"].as_array().unwrap();
    let problem = checks
        .iter()
        .find(|check| check["verdict"] == "problem")
        .unwrap();
    assert_eq!(problem["name"], "engine");
    assert!(problem["remedy"].as_str().unwrap().contains("DOCKER_HOST"));
    assert!(!machine.state().exists());
}

#[test]
fn many_processes_open_one_new_data_directory_at_once() {
    let machine = Machine::new();
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = machine.command(&["run", "--secrets", "values"]);
            command
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = text(&output.stderr);
        // The engine is not there; the store was no hindrance.
        assert!(said.contains("/nonexistent/docker.sock"), "{said}");
    }
}
