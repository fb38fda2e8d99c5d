//! The same physical work by a throw-away loop: create, attach, start, wait; nothing else.

use crate::{
    docker::{Attached, Docker},
    process,
};
use anyhow::{Result, bail};
use serde_json::{Value, json};

pub(crate) const IMAGE: &str = "gofer-demo:1";
/// By which a user finds what an interrupted measurement left.
const LABEL: &str = "gofer-bench";

/// What the floor is asked to do.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) command: &'a [&'a str],
    /// The container whose network it joins; else the default bridge.
    pub(crate) network: Option<&'a str>,
}

pub(crate) struct Ran {
    pub(crate) id: String,
    pub(crate) wall: f64,
    pub(crate) output: Vec<u8>,
}

/// With the settings that our containers have, but for the volume.
fn body(job: Job<'_>) -> Value {
    let network = job.network.map(|id| format!("container:{id}"));
    json!({
        "Image": IMAGE,
        "Cmd": job.command,
        "AttachStdout": true,
        "AttachStderr": true,
        "Labels": { LABEL: "floor" },
        "HostConfig": {
            "Init": true,
            "NetworkMode": network,
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 4096,
            "LogConfig": { "Type": "local", "Config": {
                "max-file": "1", "max-size": "1000000m", "compress": "false"
            } },
        },
    })
}

/// Once, with everything that it wrote; the container is left for the caller to remove, untimed.
pub(crate) fn once(docker: &mut Docker, job: Job<'_>) -> Result<Ran> {
    through(docker, job, Attached::all)
}

/// Once, with its output read by `read`, which says what is kept of it.
pub(crate) fn through(
    docker: &mut Docker,
    job: Job<'_>,
    read: impl FnOnce(Attached) -> Result<Vec<u8>>,
) -> Result<Ran> {
    let begin = process::moment();
    let id = docker.create(&body(job))?;
    let attached = Docker::connect()?.attach(&id)?;
    docker.start(&id)?;
    let output = read(attached)?;
    let code = docker.wait(&id)?;
    let wall = begin.elapsed().as_secs_f64();
    if code != 0 {
        docker.remove(&id)?;
        bail!("{:?} ended with {code}", job.command);
    }
    Ok(Ran { id, wall, output })
}

/// A container that runs; its caller removes it.
pub(crate) fn started(docker: &mut Docker, job: Job<'_>) -> Result<String> {
    let id = docker.create(&body(job))?;
    docker.start(&id)?;
    Ok(id)
}

/// A container that only holds a network, until it is dropped.
pub(crate) struct Holder {
    pub(crate) id: String,
}

impl Holder {
    pub(crate) fn new(docker: &mut Docker) -> Result<Self> {
        let command = ["sleep", "1000000"];
        let id = docker.create(&body(Job {
            command: &command,
            network: None,
        }))?;
        let holder = Self { id };
        docker.start(&holder.id)?;
        Ok(holder)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // A holder that stays is found by its label.
        let _ = Docker::connect().and_then(|mut docker| docker.remove(&self.id));
    }
}
