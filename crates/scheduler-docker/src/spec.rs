//! From an attempt to the request that creates its container.

use crate::engine::{Brand, Options};
use bollard::models::{ContainerCreateBody, DeviceRequest, HostConfig, HostConfigLogConfig, Mount};
use gofer_core::container::Exec;
use gofer_scheduler::{Container, EnvValue};
use std::collections::HashMap;

/// Where an attempt's own volume is.
pub(crate) const PLACE: &str = "/gofer";
/// What `$GOFER_OUTPUT` says.
pub(crate) const OUTPUT: &str = "/gofer/output";
/// What `$GOFER_ARTIFACTS` says.
pub(crate) const ARTIFACTS: &str = "/gofer/artifacts";
/// Where the artifacts of other tasks are put.
pub(crate) const INPUTS: &str = "/gofer/inputs";
/// Where a script with an interpreter of its own is put.
pub(crate) const SCRIPT: &str = "/gofer/script";

/// Asks for `pipefail` where the image's shell knows it; dash does not, and would end.
const PIPEFAIL: &str = "(set -o pipefail) 2>/dev/null && set -o pipefail; ";

/// Root's own folders are opened to those whom the script may go on as. Without `chmod` they stay
/// root's.
const OPEN: &str = "chmod 1777 /gofer /gofer/artifacts 2>/dev/null || :; ";

/// What the request depends on besides the attempt itself.
pub(crate) struct Around<'a> {
    pub(crate) brand: Brand,
    pub(crate) options: &'a Options,
    pub(crate) labels: HashMap<String, String>,
    /// The attempt's own volume, and the user's.
    pub(crate) mounts: Vec<Mount>,
    /// The container whose network it joins.
    pub(crate) holder: Option<&'a str>,
}

/// A script that has to be a file, since it names its own interpreter.
pub(crate) fn script(exec: &Exec) -> Option<&str> {
    match exec {
        Exec::Script(script) if script.starts_with("#!") => Some(script),
        _ => None,
    }
}

/// The image as the engine's API wants it: the mark of a local id is ours.
pub(crate) fn image(container: &Container) -> &str {
    container
        .image
        .strip_prefix("local:")
        .unwrap_or(&container.image)
}

pub(crate) fn body(container: &Container, around: Around<'_>) -> ContainerCreateBody {
    let is_roots = |mount: &Mount| mount.target.as_deref() == Some(ARTIFACTS);
    let opening = if around.mounts.iter().any(is_roots) {
        OPEN
    } else {
        ""
    };
    let (entrypoint, cmd) = argv(&container.exec, opening);
    ContainerCreateBody {
        image: Some(image(container).to_owned()),
        entrypoint,
        cmd,
        env: Some(env(container)),
        user: container.user.clone(),
        working_dir: container.working_dir.clone(),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        stop_timeout: Some(whole(container.stop_grace.as_secs())),
        labels: Some(around.labels.clone()),
        host_config: Some(host(container, around)),
        ..ContainerCreateBody::default()
    }
}

fn argv(exec: &Exec, opening: &str) -> (Option<Vec<String>>, Option<Vec<String>>) {
    match exec {
        Exec::Script(script) if script.starts_with("#!") => {
            (Some(vec![SCRIPT.to_owned()]), Some(Vec::new()))
        }
        Exec::Script(script) => {
            let shell = ["/bin/sh", "-e", "-c"].map(str::to_owned);
            let text = format!("{opening}{PIPEFAIL}{script}");
            (
                Some(shell.into_iter().chain([text]).collect()),
                Some(Vec::new()),
            )
        }
        Exec::Argv {
            entrypoint,
            command,
        } => {
            // The API's way to say "none": an absent list means the image's.
            let none_of = |list: &Vec<String>| {
                if list.is_empty() {
                    vec![String::new()]
                } else {
                    list.clone()
                }
            };
            (entrypoint.as_ref().map(none_of), command.clone())
        }
    }
}

fn env(container: &Container) -> Vec<String> {
    let ours = [
        ("GOFER_OUTPUT", OUTPUT),
        ("GOFER_ARTIFACTS", ARTIFACTS),
        ("GOFER_INPUTS", INPUTS),
    ];
    let mut env: Vec<String> = ours.map(|(name, value)| format!("{name}={value}")).into();
    for (name, value) in &container.env {
        let value = match value {
            EnvValue::Plain(text) => text,
            EnvValue::Secret(secret) => secret.expose(),
        };
        env.retain(|earlier| earlier.split_once('=').is_none_or(|(key, _)| key != name));
        env.push(format!("{name}={value}"));
    }
    env
}

fn host(container: &Container, around: Around<'_>) -> HostConfig {
    let limits = &container.limits;
    let memory = limits.memory_bytes.map(whole);
    HostConfig {
        init: Some(true),
        network_mode: around.holder.map(|id| format!("container:{id}")),
        log_config: log_config(around.brand),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        nano_cpus: limits
            .cpu_millis
            .map(|millis| whole(millis.saturating_mul(1_000_000))),
        memory,
        // Equal: no swap beyond the limit.
        memory_swap: memory,
        pids_limit: Some(i64::from(around.options.pids_limit)),
        readonly_rootfs: Some(container.read_only),
        device_requests: limits.gpus.map(gpus),
        mounts: Some(around.mounts),
        ..HostConfig::default()
    }
}

/// Docker's usual driver alters bytes and its `local` one rotates unless told not to; Podman
/// refuses `local` and is exact as it is.
pub(crate) fn log_config(brand: Brand) -> Option<HostConfigLogConfig> {
    let config = [
        ("max-file", "1"),
        ("max-size", "1000000m"),
        ("compress", "false"),
    ];
    (brand == Brand::Docker).then(|| HostConfigLogConfig {
        typ: Some("local".to_owned()),
        config: Some(
            config
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        ),
    })
}

fn gpus(count: u32) -> Vec<DeviceRequest> {
    vec![DeviceRequest {
        count: Some(i64::from(count)),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    }]
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
