//! The last step of a container's specification: the secrets are put in.

use crate::context::Context;
use gofer_core::{
    container::{self, Text},
    name::SecretName,
    run::Reason,
};
use gofer_scheduler::{Attempt, Container, Credentials, EnvValue, FileContent, Service};
use gofer_secrets::SecretText;

type Failure = (Reason, String);

/// What the scheduler gets. `pinned` is what the main image's name stands for in this run.
pub(crate) fn attempt(
    context: &Context,
    said: &container::Attempt,
    pinned: Option<&str>,
) -> Result<Attempt, Failure> {
    let service = |service: &container::Service| {
        let pinned = context.pins.of(&service.container.image);
        Ok(Service {
            name: service.name.clone(),
            container: container(context, &service.container, pinned.as_deref())?,
            ready_tcp: service.ready_tcp,
            ready_command: service.ready_command.clone(),
            ready_timeout: service.ready_timeout,
        })
    };
    Ok(Attempt {
        main: container(context, &said.main, pinned)?,
        services: said
            .services
            .iter()
            .map(service)
            .collect::<Result<_, Failure>>()?,
        labels: said.labels.clone(),
    })
}

fn container(
    context: &Context,
    said: &container::Container,
    pinned: Option<&str>,
) -> Result<Container, Failure> {
    let secret = |name: &SecretName| -> Result<SecretText, Failure> {
        context
            .secrets
            .get(name)
            .cloned()
            .ok_or_else(|| (Reason::MissingValue, format!("secret `{name}` is not set")))
    };
    let mut env = Vec::with_capacity(said.env.len());
    for (name, text) in &said.env {
        let value = match text {
            Text::Plain(text) => EnvValue::Plain(text.clone()),
            Text::Secret(name) => EnvValue::Secret(secret(name)?),
        };
        env.push((name.to_string(), value));
    }
    let mut files = Vec::with_capacity(said.files.len());
    for (path, text) in &said.files {
        let content = match text {
            Text::Plain(text) => FileContent::Plain(text.clone().into_bytes()),
            Text::Secret(name) => FileContent::Secret(secret(name)?),
        };
        files.push((path.clone(), content));
    }
    let registry = match &said.registry {
        Some((username, name)) => Some(Credentials {
            username: username.clone(),
            password: secret(name)?,
        }),
        None => None,
    };
    Ok(Container {
        image: pinned.unwrap_or(&said.image).to_owned(),
        pinned: pinned.is_some(),
        exec: said.exec.clone(),
        env,
        files,
        volumes: said.volumes.clone(),
        limits: said.limits,
        user: said.user.clone(),
        working_dir: said.working_dir.clone(),
        read_only: said.read_only,
        pull: said.pull,
        registry,
        stop_grace: said.stop_grace,
    })
}
