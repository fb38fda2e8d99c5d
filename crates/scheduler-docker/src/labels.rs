//! What our things are called on an engine, and how they are known again.

use gofer_core::{
    id::{AttemptId, Epoch, InstanceId, RunId, StoreId},
    name::{ServiceName, VolumeName},
};
use gofer_scheduler::{Ours, Role, Service};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt::Write};

pub(crate) const STORE: &str = "gofer.store";
pub(crate) const RUN: &str = "gofer.run";
const TASK: &str = "gofer.task";
const ITEM: &str = "gofer.item";
const ATTEMPT: &str = "gofer.attempt";
const EPOCH: &str = "gofer.epoch";
pub(crate) const ROLE: &str = "gofer.role";
const PIPELINE: &str = "gofer.pipeline";
const NUMBER: &str = "gofer.number";
const VOLUME: &str = "gofer.volume";
const SERVICE: &str = "gofer.service";
/// On an attempt's container: there are others beside it.
const SERVICES: &str = "gofer.services";
/// On an attempt's container: what it was made of.
pub(crate) const RECIPE: &str = "gofer.recipe";
/// On a shell: the instance whose process it serves.
pub(crate) const OWNER: &str = "gofer.owner";
const OURS: &str = "gofer.";

type Map = HashMap<String, String>;

/// A name that two stores, or two attempts, never share.
pub(crate) fn attempt_name(store: StoreId, id: &AttemptId) -> String {
    hashed(&[
        store.to_string(),
        id.run.to_string(),
        id.task.to_string(),
        item(id),
        id.number.to_string(),
    ])
}

/// A name for a service of an attempt.
pub(crate) fn service_name(store: StoreId, id: &AttemptId, service: &ServiceName) -> String {
    let attempt = attempt_name(store, id);
    hashed(&[attempt, word(Role::Service).to_owned(), service.to_string()])
}

/// A name for the sandbox that an attempt shares with its services.
pub(crate) fn shared_name(store: StoreId, id: &AttemptId) -> String {
    hashed(&[attempt_name(store, id), word(Role::Sandbox).to_owned()])
}

/// A name for something of a run that belongs to no attempt: `nth` of this process, whose `nonce`
/// keeps it apart from those of an earlier one.
pub(crate) fn run_name(store: StoreId, run: RunId, role: Role, nonce: &str, nth: u64) -> String {
    let nth = nth.to_string();
    hashed(&[
        store.to_string(),
        run.to_string(),
        word(role).to_owned(),
        nonce.to_owned(),
        nth,
    ])
}

/// A name for a volume of a run.
pub(crate) fn scratch_name(store: StoreId, run: RunId, name: &VolumeName) -> String {
    let parts = [store.to_string(), run.to_string()];
    hashed(&[&parts[..], &["scratch".to_owned(), name.to_string()]].concat())
}

/// A name for a volume that is kept for a pipeline.
pub(crate) fn kept_name(store: StoreId, pipeline: &str, name: &VolumeName) -> String {
    let parts = [store.to_string(), pipeline.to_owned()];
    hashed(&[&parts[..], &["persistent".to_owned(), name.to_string()]].concat())
}

fn hashed(parts: &[String]) -> String {
    format!("gofer-{}", digest(parts.join("\n").as_bytes(), 20))
}

/// The first bytes of a text's SHA-256, in hexadecimal digits.
pub(crate) fn digest(text: &[u8], bytes: usize) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text).iter().take(bytes) {
        // Writing into a `String` cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn item(id: &AttemptId) -> String {
    id.item.map(|item| item.to_string()).unwrap_or_default()
}

/// What is written on an attempt's container.
pub(crate) struct Marks<'a> {
    pub(crate) store: StoreId,
    pub(crate) id: &'a AttemptId,
    pub(crate) epoch: Epoch,
    pub(crate) pipeline: &'a str,
    pub(crate) number: u64,
    pub(crate) chosen: &'a [(String, String)],
}

impl Marks<'_> {
    pub(crate) fn labels(&self) -> Map {
        let chosen = self
            .chosen
            .iter()
            .filter(|(key, _)| !key.starts_with(OURS))
            .cloned();
        let ours = [
            (STORE, self.store.to_string()),
            (RUN, self.id.run.to_string()),
            (TASK, self.id.task.to_string()),
            (ITEM, item(self.id)),
            (ATTEMPT, self.id.number.to_string()),
            (EPOCH, self.epoch.0.to_string()),
            (ROLE, word(Role::Attempt).to_owned()),
            (PIPELINE, self.pipeline.to_owned()),
            (NUMBER, self.number.to_string()),
        ];
        chosen
            .chain(ours.map(|(key, value)| (key.to_owned(), value)))
            .collect()
    }
}

impl Marks<'_> {
    /// What is written on an attempt's container that has services beside it.
    pub(crate) fn with_services(&self, services: &[Service], recipe: &str) -> Map {
        let mut labels = self.labels();
        labels.insert(RECIPE.to_owned(), recipe.to_owned());
        if !services.is_empty() {
            let names: Vec<&str> = services
                .iter()
                .map(|service| service.name.as_str())
                .collect();
            labels.insert(SERVICES.to_owned(), names.join(","));
        }
        labels
    }

    /// What is written on one of them.
    pub(crate) fn of_service(&self, service: &ServiceName) -> Map {
        let mut labels = self.labels();
        labels.insert(ROLE.to_owned(), word(Role::Service).to_owned());
        labels.insert(SERVICE.to_owned(), service.to_string());
        labels
    }

    /// What is written on the sandbox that they share.
    pub(crate) fn of_shared(&self) -> Map {
        let mut labels = self.labels();
        labels.insert(ROLE.to_owned(), word(Role::Sandbox).to_owned());
        labels
    }
}

/// Whether an attempt's container has others beside it.
pub(crate) fn has_services(labels: &Map) -> bool {
    labels.contains_key(SERVICES)
}

/// By what an engine finds everything of an attempt.
pub(crate) fn filters(store: StoreId, id: &AttemptId) -> Vec<String> {
    [
        (STORE, store.to_string()),
        (RUN, id.run.to_string()),
        (TASK, id.task.to_string()),
        (ITEM, item(id)),
        (ATTEMPT, id.number.to_string()),
    ]
    .map(|(key, value)| format!("{key}={value}"))
    .into()
}

/// What is written on things of a run that belong to no attempt.
pub(crate) fn of_run(store: StoreId, run: RunId, role: Role) -> Map {
    [
        (STORE, store.to_string()),
        (RUN, run.to_string()),
        (ROLE, word(role).to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// What is written on a run's scratch volume.
pub(crate) fn of_scratch(store: StoreId, run: RunId, name: &VolumeName) -> Map {
    let mut labels = of_run(store, run, Role::Volume);
    labels.insert(VOLUME.to_owned(), name.to_string());
    labels
}

/// What is written on a volume that is kept: it belongs to no run.
pub(crate) fn of_kept(store: StoreId, pipeline: &str, name: &VolumeName) -> Map {
    [
        (STORE, store.to_string()),
        (ROLE, word(Role::Volume).to_owned()),
        (PIPELINE, pipeline.to_owned()),
        (VOLUME, name.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// Of which pipeline a kept volume is, and its name there.
pub(crate) fn kept(labels: &Map, store: StoreId) -> Option<(String, VolumeName)> {
    let is_ours = parsed::<uuid::Uuid>(labels, STORE)? == store.0;
    let is_kept = role(labels.get(ROLE)?)? == Role::Volume && !labels.contains_key(RUN);
    let pipeline = labels.get(PIPELINE)?.clone();
    (is_ours && is_kept).then_some((pipeline, parsed(labels, VOLUME)?))
}

/// Reads labels back. `None`: not ours, or not wholly.
pub(crate) fn read(labels: &Map, store: StoreId, name: &str, running: bool) -> Option<Ours> {
    if parsed::<uuid::Uuid>(labels, STORE)? != store.0 {
        return None;
    }
    if kept(labels, store).is_some() {
        return Some(Ours {
            role: Role::Volume,
            run: None,
            attempt: None,
            epoch: None,
            owner: None,
            name: name.to_owned(),
            running,
        });
    }
    let run = RunId(parsed(labels, RUN)?);
    let role = role(labels.get(ROLE)?)?;
    let (mut attempt, mut epoch) = (None, None);
    let of_attempt = match role {
        Role::Attempt | Role::Service | Role::Shell => true,
        // One for any attempt of the run, or one that an attempt shares with its services.
        Role::Sandbox => labels.contains_key(TASK),
        Role::Volume | Role::Network => false,
    };
    if of_attempt {
        let item = labels.get(ITEM)?;
        let item = if item.is_empty() {
            None
        } else {
            Some(item.parse().ok()?)
        };
        let (_, _): (&String, u64) = (labels.get(PIPELINE)?, parsed(labels, NUMBER)?);
        attempt = Some(AttemptId {
            run,
            task: labels.get(TASK)?.parse().ok()?,
            item,
            number: parsed(labels, ATTEMPT)?,
        });
        epoch = Some(self::epoch(labels)?);
    }
    Some(Ours {
        role,
        run: Some(run),
        attempt,
        epoch,
        owner: parsed(labels, OWNER).map(InstanceId),
        name: name.to_owned(),
        running,
    })
}

/// By which owner of its run something was made.
pub(crate) fn epoch(labels: &Map) -> Option<Epoch> {
    parsed(labels, EPOCH).map(Epoch)
}

fn parsed<T: std::str::FromStr>(labels: &Map, key: &str) -> Option<T> {
    labels.get(key)?.parse().ok()
}

pub(crate) fn word(role: Role) -> &'static str {
    match role {
        Role::Attempt => "attempt",
        Role::Service => "service",
        Role::Sandbox => "sandbox",
        Role::Volume => "volume",
        Role::Network => "network",
        Role::Shell => "shell",
    }
}

fn role(text: &str) -> Option<Role> {
    [
        Role::Attempt,
        Role::Service,
        Role::Sandbox,
        Role::Volume,
        Role::Network,
        Role::Shell,
    ]
    .into_iter()
    .find(|role| word(*role) == text)
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
