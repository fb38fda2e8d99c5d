//! What the engine says that it did, heard by somebody who is not Gofer.

use super::Docker;
use serde_json::Value;
use std::{
    collections::HashMap,
    io::BufRead,
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex},
};

/// One thing that the engine did to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// `create`, `start`, `die`, `destroy` …; `volume mount` of a volume.
    pub(crate) action: String,
    /// `attempt`, `sandbox` or `volume`.
    pub(crate) role: String,
    /// `TASK/ITEM/ATTEMPT`.
    pub(crate) unit: String,
}

/// The events of one store's containers, from when it was made.
pub(crate) struct Events {
    heard: Arc<Mutex<Vec<Event>>>,
    connection: UnixStream,
}

impl Events {
    pub(crate) fn listen(docker: &Docker, store: &str) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let reader = docker.events();
        let connection = reader.get_ref().try_clone().expect("a connection");
        let (into, store) = (Arc::clone(&heard), store.to_owned());
        std::thread::spawn(move || {
            let mut known = HashMap::new();
            for line in reader.lines().map_while(Result::ok) {
                if let Some(event) = read(&line, &store, &mut known) {
                    into.lock().unwrap().push(event);
                }
            }
        });
        Self { heard, connection }
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.heard.lock().unwrap().clone()
    }

    /// What the engine says it started for attempts in this role, by their names.
    pub(crate) fn starts(&self, role: &str) -> Vec<String> {
        let mut starts: Vec<String> = self
            .all()
            .into_iter()
            .filter(|event| event.action == "start" && event.role == role)
            .map(|event| event.unit)
            .collect();
        starts.sort();
        starts
    }

    /// How often this happened to this attempt.
    pub(crate) fn count(&self, action: &str, unit: &str) -> usize {
        let is_it = |event: &&Event| event.action == action && event.unit == unit;
        self.heard.lock().unwrap().iter().filter(is_it).count()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.connection.shutdown(Shutdown::Both);
    }
}

/// Containers are known by their labels, their volumes by the container that was seen before.
fn read(line: &str, store: &str, known: &mut HashMap<String, Event>) -> Option<Event> {
    let event: Value = serde_json::from_str(line).ok()?;
    let attributes = &event["Actor"]["Attributes"];
    let label = |name: &str| attributes[name].as_str().unwrap_or_default().to_owned();
    let action = event["Action"].as_str()?.to_owned();
    if event["Type"] == "volume" {
        let of = known.get(attributes["container"].as_str()?)?;
        let action = format!("volume {action}");
        return Some(Event {
            action,
            ..of.clone()
        });
    }
    if event["Type"] != "container" || label("gofer.store") != store {
        return None;
    }
    let found = Event {
        action,
        role: label("gofer.role"),
        unit: format!(
            "{}/{}/{}",
            label("gofer.task"),
            label("gofer.item"),
            label("gofer.attempt")
        ),
    };
    known.insert(event["Actor"]["ID"].as_str()?.to_owned(), found.clone());
    Some(found)
}
