//! Images from a registry that asks who we are, by way of the command line.

mod registry;

use crate::harness::{Done, Live, Project};
use registry::{BASIC, PASSWORD, Registry, USER};
use serde_json::Value;
use std::{os::unix::fs::PermissionsExt, path::Path};

/// `gofer …` of a user who has this folder for what the Docker client keeps.
fn with(project: &Project, config: &Path, args: &[&str]) -> Done {
    let mut command = project.command(args);
    command.env("DOCKER_CONFIG", config);
    let done = Live::new(command).done();
    for secret in [PASSWORD, BASIC] {
        for said in [done.out(), done.err()] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    done
}

fn task<'a>(run: &'a Value, name: &str) -> &'a Value {
    let tasks = run["tasks"].as_array().expect("tasks");
    let found = tasks.iter().find(|task| task["name"] == name);
    found.unwrap_or_else(|| panic!("no task {name}: {run}"))
}

/// A program that the engine's machine cannot execute, as `/bin/sh`, in an image that says so.
fn foreign(registry: &Registry, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("bin")).unwrap();
    // The head of an ELF file for s390x.
    let mut elf = b"\x7fELF\x02\x02\x01".to_vec();
    elf.resize(16, 0);
    elf.extend([0, 2, 0, 22, 0, 0, 0, 1]);
    elf.resize(120, 0);
    std::fs::write(path("bin/sh"), elf).unwrap();
    std::fs::set_permissions(path("bin/sh"), PermissionsExt::from_mode(0o755)).unwrap();
    let local = format!("{}:local", registry.image("foreign"));
    let pipe = format!(
        "tar -C {} -c bin | docker -H {} import --change 'ENV X=1' - {local}",
        folder.path().display(),
        crate::harness::Docker::shared().host(),
    );
    let done = std::process::Command::new("sh")
        .args(["-c", &pipe])
        .output();
    assert!(done.is_ok_and(|done| done.status.success()), "{pipe}");
    registry.push(&local, name);
    registry.pretend(name, "s390x");
    crate::harness::Docker::shared().cli(&["rmi", &local]);
}

#[test]
fn what_a_registry_refuses_is_said_with_what_to_do() {
    let registry = Registry::new();
    registry.push_marked("one", "app:1");
    registry.list_for_nobody("1", "other");
    foreign(&registry, "foreign:1");
    let [app, none, tag, other, alien] =
        ["app:1", "none:1", "app:none", "app:other", "foreign:1"].map(|name| registry.image(name));
    let file = format!(
        r#"
name = "refused"
[defaults]
script = "true"
[tasks.wrong]
retry = {{ limit = 1, delay = "0s" }}
image = "{app}"
registry = {{ username = "{USER}", password = {{ secret = "pw" }} }}
[tasks.none]
retry = {{ limit = 1, delay = "0s" }}
image = "{none}"
[tasks.tag]
retry = {{ limit = 1, delay = "0s" }}
image = "{tag}"
[tasks.other]
retry = {{ limit = 1, delay = "0s" }}
image = "{other}"
[tasks.alien]
retry = {{ limit = 1, delay = "0s" }}
image = "{alien}"
[tasks.away]
retry = {{ limit = 1, delay = "0s" }}
image = "127.0.0.1:1/app:1"
"#
    );
    let project = Project::new(&file);
    project.write("s.env", "pw=not-the-right-one\n");
    let known = registry.config("known", &registry.known());
    let done = with(
        &project,
        &known,
        &["run", "-o", "json", "--secrets", "s.env"],
    );
    let run = done.assert_code(2).json();
    for (name, reason, attempts, words) in [
        (
            "wrong",
            "unauthorized",
            1,
            &["were not accepted", "registry"][..],
        ),
        (
            "none",
            "image_not_found",
            2,
            &["check the name and the tag"],
        ),
        ("tag", "image_not_found", 2, &["check the name and the tag"]),
        ("other", "wrong_platform", 1, &["platform"]),
        (
            "alien",
            "wrong_platform",
            1,
            &["linux/s390x", "use an image"],
        ),
        (
            "away",
            "image_not_found",
            2,
            &["does not answer", "127.0.0.1:1"],
        ),
    ] {
        let task = task(&run, name);
        let message = task["message"].as_str().unwrap_or_default();
        println!("{name:6} {message}");
        assert_eq!(task["reason"], reason, "{name}: {task:#}");
        assert_eq!(
            task["attempts"].as_array().unwrap().len(),
            attempts,
            "{name}"
        );
        for word in words {
            assert!(message.contains(word), "{word:?}: {message}");
        }
    }
    // As people see it.
    let said = with(&project, &known, &["show", "refused/1"]).out();
    assert!(said.contains("were not accepted"), "{said}");

    let nobody = registry.config("nobody", "{}");
    project.write(
        "gofer.toml",
        &format!("name = \"refused\"\n[tasks.a]\nimage = \"{app}\"\nscript = \"true\"\n"),
    );
    let said = with(&project, &nobody, &["run"]);
    let said = said.assert_code(2).out() + &said.err();
    for words in [
        "no credentials",
        "docker login",
        "`registry`",
        &registry.host,
    ] {
        assert!(said.contains(words), "{words:?}: {said}");
    }
    project.assert_nothing_left();
}

#[test]
fn whoever_the_file_or_the_users_client_says_we_are_we_are() {
    let registry = Registry::new();
    registry.push_marked("let in\n", "app:1");
    let app = registry.image("app:1");
    let file =
        format!("name = \"in\"\n[tasks.a]\nimage = \"{app}\"\ncommand = [\"cat\", \"/name\"]\n");
    let project = Project::new(&file);
    project.write("s.env", &format!("pw={PASSWORD}\n"));
    let nobody = registry.config("nobody", "{}");

    let known = registry.config("known", &registry.known());
    with(&project, &known, &["run"]).assert_code(0);
    project.docker().cli(&["rmi", &app]);

    let name = format!("e2e-{}", std::process::id());
    let programs = registry.config("programs", "{}");
    let helper = programs.join(format!("docker-credential-{name}"));
    let answer = format!(r#"{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}"#);
    std::fs::write(&helper, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    std::fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    let asks = format!(r#"{{"credHelpers": {{"{}": "{name}"}}}}"#, registry.host);
    let asks = registry.config("asks", &asks);
    let mut command = project.command(&["run"]);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("DOCKER_CONFIG", &asks);
    command.env("PATH", format!("{}:{path}", programs.display()));
    Live::new(command).done().assert_code(0);
    project.docker().cli(&["rmi", &app]);

    let named =
        format!("{file}registry = {{ username = \"{USER}\", password = {{ secret = \"pw\" }} }}\n");
    project.write("gofer.toml", &named);
    with(&project, &nobody, &["run", "--secrets", "s.env"]).assert_code(0);
    for run in 1..=3 {
        assert_eq!(project.logs(&format!("in/{run}/a")), b"let in\n");
    }
    project.assert_nothing_left();
}

#[test]
fn a_rerun_uses_the_images_that_its_run_had_also_of_services() {
    let registry = Registry::new();
    registry.push_marked("old task\n", "app:1");
    registry.push_marked("old service\n", "db:1");
    let file = format!(
        r#"
name = "moved"
[tasks.a]
image = "{}"
script = "cat /name; nc db 5432 < /dev/null; exit 1"
[tasks.a.services.db]
image = "{}"
command = ["nc", "-ll", "-p", "5432", "-e", "cat", "/name"]
ready = {{ tcp = 5432 }}
"#,
        registry.image("app:1"),
        registry.image("db:1"),
    );
    let project = Project::new(&file);
    let known = registry.config("known", &registry.known());
    with(&project, &known, &["run"]).assert_code(2);
    assert_eq!(project.logs("moved/1/a"), b"old task\nold service\n");

    // Both tags move, here and there.
    registry.push_marked("new task\n", "app:1");
    registry.push_marked("new service\n", "db:1");
    let config = known.to_str().unwrap();
    for name in ["app:1", "db:1"] {
        let image = registry.image(name);
        project
            .docker()
            .cli(&["--config", config, "pull", "-q", &image]);
    }
    let again = with(&project, &known, &["rerun", "moved/1"]);
    again.assert_code(2);
    assert_eq!(project.logs("moved/1/a"), b"old task\nold service\n");
    let said = again.out() + &again.err();
    assert!(said.contains("with the images that it had"), "{said}");
    let shown = with(&project, &known, &["show", "moved/1", "-o", "json"]).json();
    let attempts = task(&shown, "a")["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["image_digest"], attempts[1]["image_digest"]);

    with(&project, &known, &["run"]).assert_code(2);
    assert_eq!(project.logs("moved/2/a"), b"new task\nnew service\n");
    project.assert_nothing_left();
}
