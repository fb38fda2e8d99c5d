//! An engine of a test's own, which it may kill: in its own network namespace, because two of them
//! would fight over one bridge.

use crate::engine;
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use gofer_scheduler_docker::{Endpoint, Found};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};
use tempfile::TempDir;

pub(crate) struct Private {
    folder: TempDir,
    namespace: String,
    live_restore: bool,
    dockerd: Option<Child>,
}

fn answers(socket: &Path) -> bool {
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.contains("200 OK"))
    });
    asked.unwrap_or(false)
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip")
        .args(arguments)
        .status()
        .expect("the package iproute2");
    assert!(status.success(), "ip {arguments:?}");
}

impl Private {
    pub(crate) async fn new(live_restore: bool) -> Self {
        // Short: the path of a socket has a limit.
        let folder = tempfile::Builder::new()
            .prefix("gfd")
            .tempdir_in("/tmp")
            .unwrap();
        let namespace = folder
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        ip(&["netns", "add", &namespace]);
        ip(&["-n", &namespace, "link", "set", "lo", "up"]);
        let mut engine = Self {
            folder,
            namespace,
            live_restore,
            dockerd: None,
        };
        engine.start();
        engine::import(engine::client(&engine.found())).await;
        engine
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    pub(crate) fn found(&self) -> Found {
        Found {
            endpoint: Endpoint::Unix(self.socket()),
            why: "a test's own".to_owned(),
        }
    }

    /// Starts it, and waits until it listens.
    pub(crate) fn start(&mut self) {
        let path = |name: &str| self.folder.path().join(name);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(path("log"))
            .unwrap();
        // Not `ip netns exec`: that one hides the cgroups.
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/run/netns/{}", self.namespace))
            .arg("dockerd");
        for (flag, name) in [
            ("--data-root", "data"),
            ("--exec-root", "exec"),
            ("--pidfile", "pid"),
        ] {
            command.arg(flag).arg(path(name));
        }
        command
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()));
        if self.live_restore {
            command.arg("--live-restore");
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.dockerd = Some(command.spawn().expect("the package docker.io"));
        for _ in 0..600 {
            // It listens before it answers.
            if path("pid").exists() && answers(&self.socket()) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(path("log")).unwrap_or_default();
        panic!("dockerd does not start:\n{log}");
    }

    /// Ends it by this signal, and waits until it is gone.
    pub(crate) fn end(&mut self, signal: Signal) {
        let Some(mut dockerd) = self.dockerd.take() else {
            return;
        };
        // `nsenter` becomes the program, so the child is dockerd itself.
        kill_process(Pid::from_child(&dockerd), signal).unwrap();
        dockerd.wait().unwrap();
        if signal == Signal::KILL {
            // Its containerd is still dying; a new one would meet it.
            sleep(Duration::from_secs(2));
        }
    }

    /// Removes all its containers and ends it.
    pub(crate) async fn finish(mut self) {
        let client = engine::client(&self.found());
        let options = ListContainersOptionsBuilder::new().all(true).build();
        for container in client
            .list_containers(Some(options))
            .await
            .unwrap_or_default()
        {
            let options = RemoveContainerOptionsBuilder::new()
                .force(true)
                .v(true)
                .build();
            let _ = client
                .remove_container(&container.id.unwrap(), Some(options))
                .await;
        }
        self.end(Signal::TERM);
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Some(mut dockerd) = self.dockerd.take() {
            let _ = kill_process(Pid::from_child(&dockerd), Signal::TERM);
            let _ = dockerd.wait();
        }
        let _ = Command::new("ip")
            .args(["netns", "del", &self.namespace])
            .status();
        // What a killed engine left mounted keeps its folder from being removed.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let own = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in own.filter(|mount| Path::new(mount).starts_with(self.folder.path())) {
            let _ = Command::new("umount").args(["-l", mount]).status();
        }
    }
}
