//! A container engine: the one that answers, else Debian's Docker, installed and started.

use crate::shell::{install, say, succeeds, target};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    time::Duration,
};

/// Finds an engine or makes one; says which.
pub(crate) fn ensure() -> Result<()> {
    if succeeds("docker", &["info"]) {
        say("engine: Docker answers");
        return Ok(());
    }
    say("engine: no container engine answers");
    if !succeeds("which", &["dockerd"]) {
        say("engine: installing Docker from Debian's packages (docker.io)");
        install(&["docker.io", "iptables", "ca-certificates"])
            .context("Docker could not be installed; install a container engine by hand")?;
    }
    start()
}

fn start() -> Result<()> {
    let folder = target();
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("dockerd.log");
    let log = File::create(&path)?;
    say(&format!(
        "engine: starting dockerd (its log: {})",
        path.display()
    ));
    let mut daemon = Command::new("dockerd");
    daemon
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    // In a group of its own, so that Ctrl-C here does not end it.
    daemon.process_group(0);
    let mut child = daemon
        .spawn()
        .context("dockerd cannot be run; are you root?")?;
    for _ in 0..300 {
        if succeeds("docker", &["info"]) {
            say("engine: Docker answers");
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            bail!("dockerd ended with {status}; its log is {}", path.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!(
        "dockerd did not answer within 30 s; its log is {}",
        path.display()
    )
}
