//! `gofer clean` of every project of a user, and engines that are not there.

use crate::harness::{Docker, Done, Live, Project, Records};
use serde_json::Value;
use std::{path::PathBuf, process::Command};

const FAILS: &str = "name = \"etl\"\n[tasks.a]\nimage = \"gofer-demo:1\"\nscript = \"exit 1\"\n\
                     volumes = { \"/shared\" = { scratch = \"s\" } }\n";

/// A user with two projects, each of which has kept something.
struct User {
    state: tempfile::TempDir,
    projects: [Project; 2],
}

impl User {
    fn new() -> Self {
        let user = Self {
            state: tempfile::tempdir().unwrap(),
            projects: [Project::new(FAILS), Project::new(FAILS)],
        };
        for nth in 0..2 {
            user.gofer(nth, &["run"]).assert_code(2);
        }
        user
    }

    /// `gofer …` in one of the projects, whose data is where users have it.
    fn gofer(&self, nth: usize, args: &[&str]) -> Done {
        let mut command: Command = self.projects[nth].command(args);
        command
            .env_remove("GOFER_DATA_DIR")
            .env("XDG_STATE_HOME", self.state.path());
        Live::new(command).done()
    }

    fn data(&self) -> Vec<PathBuf> {
        let folder = self.state.path().join("gofer/projects");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut all: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    /// How much each has kept, and what of it is on the engine.
    fn kept(&self) -> Vec<(usize, usize)> {
        let docker = Docker::shared();
        let of = |data: &PathBuf| {
            let records = Records::open(data).unwrap();
            let label = format!("gofer.store={}", records.store().unwrap());
            let there = docker.containers(&label).len() + docker.leftovers(&label, &[]).len();
            (records.kept().len(), there)
        };
        self.data().iter().map(of).collect()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        for data in self.data() {
            if let Some(store) = Records::open(&data).and_then(|records| records.store()) {
                Docker::shared().sweep(&format!("gofer.store={store}"));
            }
        }
    }
}

#[test]
fn all_projects_of_a_user_are_looked_at_and_cleaned_together() {
    let user = User::new();
    assert_eq!(user.data().len(), 2);
    let before = user.kept();
    assert!(before.iter().all(|(kept, there)| *kept == 1 && *there > 1));

    let dry = user.gofer(0, &["clean", "--all-projects", "--dry-run", "-o", "json"]);
    let found = dry.assert_code(0).json();
    let projects = found.as_array().expect("one for each project");
    let things = |project: &Value| project["things"].as_array().unwrap().len();
    assert_eq!(projects.iter().map(things).collect::<Vec<_>>(), [1, 1]);
    assert_ne!(projects[0]["project"], projects[1]["project"]);
    assert_eq!(user.kept(), before, "nothing was removed");

    let one = user.gofer(0, &["clean", "--yes"]);
    assert!(one.assert_code(0).err().contains("removed 1 thing"));
    assert_eq!(user.kept().iter().filter(|it| **it == (0, 0)).count(), 1);

    let all = user.gofer(0, &["clean", "--all-projects", "--yes"]);
    assert!(
        all.assert_code(0).err().contains("removed 1 thing"),
        "{}",
        all.err()
    );
    assert_eq!(
        user.kept(),
        [(0, 0), (0, 0)],
        "and the volumes are gone, too"
    );
    let nothing = user.gofer(1, &["clean", "--all-projects"]);
    assert!(nothing.assert_code(0).err().contains("nothing to clean"));
}

#[test]
fn a_podman_that_does_not_run_is_said_with_how_it_is_started() {
    let project = Project::new("name = \"p\"\n[tasks.a]\nimage = \"gofer-demo:1\"\n");
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    for host in [Some(format!("unix://{}", socket.display())), None] {
        let mut command = project.command(&["run", "--scheduler", "podman"]);
        match &host {
            Some(host) => command.env("CONTAINER_HOST", host),
            None => command.env_remove("CONTAINER_HOST"),
        };
        command.env("XDG_RUNTIME_DIR", folder.path());
        if host.is_none() && std::path::Path::new("/run/podman/podman.sock").exists() {
            continue;
        }
        let said = Live::new(command).done();
        let said = said.assert_code(1).err();
        for word in ["systemctl --user start podman.socket", "CONTAINER_HOST"] {
            assert!(said.contains(word), "{word:?}: {said}");
        }
        assert!(!said.contains("start docker"), "{said}");
    }
    project.assert_nothing_left();
}
