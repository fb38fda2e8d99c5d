//! An engine of the test's own, which it may kill. It has its own network namespace, because a
//! second engine takes the first one's bridge away.

use super::{Docker, IMAGE, Since, demo_image, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

pub(crate) struct Private {
    folder: TempDir,
    namespace: String,
    options: Vec<String>,
    dockerd: Option<Child>,
}

fn run(program: &str, args: &[&str]) {
    let done = Command::new(program).args(args).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {args:?}: {words}");
}

impl Private {
    /// With these options of dockerd, on a disk of its own if a size is given.
    pub(crate) fn new(options: &[&str], disk: Option<&str>) -> Self {
        demo_image();
        // Short: the path of a socket has a limit.
        let folder = tempfile::Builder::new()
            .prefix("gfe")
            .tempdir_in("/tmp")
            .unwrap();
        let namespace = folder
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        run("ip", &["netns", "add", &namespace]);
        run("ip", &["-n", &namespace, "link", "set", "lo", "up"]);
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        if let Some(size) = disk {
            let size = format!("size={size}");
            run(
                "mount",
                &[
                    "-t",
                    "tmpfs",
                    "-o",
                    &size,
                    "gofer-e2e",
                    data.to_str().unwrap(),
                ],
            );
        }
        let mut engine = Self {
            folder,
            namespace,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            dockerd: None,
        };
        engine.start();
        engine.load();
        engine
    }

    pub(crate) fn docker(&self) -> Docker {
        Docker::at(self.path("s"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gives it the demo image of the machine's engine.
    fn load(&self) {
        let pipe = format!(
            "docker -H {} save {IMAGE} | docker -H {} load",
            Docker::shared().host(),
            self.docker().host()
        );
        run("sh", &["-ec", &pipe]);
    }

    /// Starts it, and returns when it answers.
    pub(crate) fn start(&mut self) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
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
            command.arg(flag).arg(self.path(name));
        }
        command
            .args(["--host", &self.docker().host()])
            .args(&self.options);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.dockerd = Some(command.spawn().expect("dockerd can be run"));
        let begun = Since::now();
        wait_for("the private engine", Duration::from_mins(1), || {
            if begun.elapsed() > Duration::from_secs(50) {
                panic!(
                    "{}",
                    std::fs::read_to_string(self.path("log")).unwrap_or_default()
                );
            }
            self.docker().answers().then_some(())
        });
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
            std::thread::sleep(Duration::from_secs(2));
        }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if self.dockerd.is_some() {
            if self.docker().answers() {
                for container in self.docker().containers("gofer.store") {
                    self.docker()
                        .sweep_one(container["Id"].as_str().unwrap_or_default());
                }
            }
            self.end(Signal::TERM);
        }
        let _ = Command::new("ip")
            .args(["netns", "del", &self.namespace])
            .status();
        // What an engine left mounted keeps its folder from being removed.
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let mounts = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in mounts.filter(|mount| Path::new(mount).starts_with(self.folder.path())) {
            let _ = Command::new("umount").args(["-l", mount]).status();
        }
    }
}
