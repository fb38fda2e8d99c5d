//! A task with the pipeline's defaults merged in.

#[cfg(test)]
mod tests;

use crate::definition::{Container, Defaults, Task};

/// What a container task runs: `env`, `files` and `volumes` merge by name, all else is replaced
/// whole, and a task's own `script`, `command` or `entrypoint` replaces all three.
pub fn effective(defaults: Option<&Defaults>, task: &Task) -> Container {
    let own = task.container.clone();
    let Some(defaults) = defaults else { return own };
    let base = defaults.container.clone();
    let says_what_to_run =
        own.script.is_some() || own.command.is_some() || own.entrypoint.is_some();
    let (script, command, entrypoint) = if says_what_to_run {
        (own.script, own.command, own.entrypoint)
    } else {
        (base.script, base.command, base.entrypoint)
    };
    Container {
        image: own.image.or(base.image),
        script,
        command,
        entrypoint,
        env: base.env.into_iter().chain(own.env).collect(),
        files: base.files.into_iter().chain(own.files).collect(),
        inputs: own.inputs,
        objects: own.objects,
        volumes: base.volumes.into_iter().chain(own.volumes).collect(),
        services: own.services,
        resources: own.resources.or(base.resources),
        user: own.user.or(base.user),
        working_dir: own.working_dir.or(base.working_dir),
        read_only: own.read_only.or(base.read_only),
        pull: own.pull.or(base.pull),
        registry: own.registry.or(base.registry),
        api_token: own.api_token.or(base.api_token),
        stop_grace: own.stop_grace.or(base.stop_grace),
        cache: own.cache,
    }
}
