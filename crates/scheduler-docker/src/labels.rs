//! What our things are called on an engine, and how they are known again.

use gofer_core::id::{AttemptId, Epoch, RunId, StoreId};
use gofer_scheduler::{Ours, Role};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt::Write};

pub(crate) const STORE: &str = "gofer.store";
pub(crate) const RUN: &str = "gofer.run";
const TASK: &str = "gofer.task";
const ITEM: &str = "gofer.item";
const ATTEMPT: &str = "gofer.attempt";
const EPOCH: &str = "gofer.epoch";
const ROLE: &str = "gofer.role";
const PIPELINE: &str = "gofer.pipeline";
const NUMBER: &str = "gofer.number";
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

/// Reads labels back. `None`: not ours, or not wholly.
pub(crate) fn read(labels: &Map, store: StoreId, name: &str, running: bool) -> Option<Ours> {
    if parsed::<uuid::Uuid>(labels, STORE)? != store.0 {
        return None;
    }
    let run = RunId(parsed(labels, RUN)?);
    let role = role(labels.get(ROLE)?)?;
    let (mut attempt, mut epoch) = (None, None);
    if role == Role::Attempt {
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
        epoch = Some(Epoch(parsed(labels, EPOCH)?));
    }
    Some(Ours {
        role,
        run: Some(run),
        attempt,
        epoch,
        name: name.to_owned(),
        running,
    })
}

fn parsed<T: std::str::FromStr>(labels: &Map, key: &str) -> Option<T> {
    labels.get(key)?.parse().ok()
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Attempt => "attempt",
        Role::Service => "service",
        Role::Sandbox => "sandbox",
        Role::Volume => "volume",
        Role::Network => "network",
    }
}

fn role(text: &str) -> Option<Role> {
    [
        Role::Attempt,
        Role::Service,
        Role::Sandbox,
        Role::Volume,
        Role::Network,
    ]
    .into_iter()
    .find(|role| word(*role) == text)
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
