//! Engines that are not there, or not for us.

use crate::harness::{Live, Project, gofer};
use std::{io::Read, os::unix::net::UnixListener, process::Command};

const HELLO: &str = "name = \"hello\"\n[tasks.only]\nimage = \"gofer-demo:1\"\nscript = \"true\"\n";

/// Runs `gofer run` where `DOCKER_HOST` or the context is wrong.
fn refused(environment: &[(&str, &str)], code: i32, words: &[&str]) {
    let project = Project::new(HELLO);
    let mut command = project.command(&["run"]);
    command.env_remove("DOCKER_HOST");
    command.envs(environment.iter().copied());
    let done = Live::new(command).done();
    println!("{environment:?}: {}", done.err().trim());
    done.assert_code(code);
    for word in words {
        assert!(
            done.err().contains(word),
            "{word:?} is not in {}",
            done.err()
        );
    }
    // Nothing was accepted: there is nothing to resume.
    assert!(!project.data.join("gofer.db").exists() || project.records().runs().0 == 0);
}

#[test]
fn no_engine_says_what_was_tried() {
    refused(
        &[("DOCKER_HOST", "unix:///nowhere/docker.sock")],
        1,
        &["/nowhere/docker.sock", "gofer doctor"],
    );
    refused(&[("DOCKER_HOST", "tcp://127.0.0.1:1")], 1, &["127.0.0.1:1"]);
}

#[test]
fn a_setting_that_cannot_be_followed_is_named() {
    refused(
        &[("DOCKER_HOST", "here")],
        1,
        &["DOCKER_HOST", "unix://PATH"],
    );
    refused(&[("DOCKER_HOST", "ssh://host")], 1, &["DOCKER_HOST", "ssh"]);
    refused(&[("DOCKER_CONTEXT", "nosuch")], 1, &["nosuch", "context"]);
}

/// And by `doctor`, which would otherwise say that runs work.
#[test]
fn a_choice_that_is_none_is_named() {
    for (name, chosen, words) in [
        ("GOFER_COLLECT", "fast", "`engine`"),
        ("GOFER_KEEP", "all", "`none`"),
        ("GOFER_LOG_CAP", "much", "all of each log is kept"),
    ] {
        refused(&[(name, chosen)], 1, &[name, words]);
        let project = Project::new(HELLO);
        let mut command = project.command(&["doctor"]);
        command.env(name, chosen);
        let said = Live::new(command).done().assert_code(1).out();
        assert!(said.contains(name) && said.contains(words), "{said}");
    }
}

#[test]
fn something_else_behind_the_socket_is_no_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            use std::io::Write;
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"220 mail.example.com ESMTP\r\n");
        }
    });
    let host = format!("unix://{}", path.display());
    refused(&[("DOCKER_HOST", &host)], 1, &[path.to_str().unwrap()]);
}

#[test]
fn without_the_right_to_the_socket_it_is_not_allowed_and_says_how_it_would_be() {
    if !rustix::process::geteuid().is_root() {
        // Only root can become somebody else.
        return;
    }
    let project = Project::new(HELLO);
    // The binary and the folders for a user who may not look where they were built.
    let binary = project.folder.join("gofer");
    std::fs::copy(gofer(), &binary).unwrap();
    std::fs::create_dir(&project.data).unwrap();
    let root = project.folder.parent().unwrap();
    for path in [root, &project.folder, &project.data] {
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.arg(&binary).arg("run");
    project.settle(&mut command);
    let done = Live::new(command).done();
    println!("{}", done.err().trim());
    done.assert_code(4);
    for word in ["no right", "docker.sock", "usermod"] {
        assert!(
            done.err().contains(word),
            "{word:?} is not in {}",
            done.err()
        );
    }
}
