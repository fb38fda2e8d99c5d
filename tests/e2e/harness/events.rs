//! What the engine says that it did, heard by somebody who is not Gofer.

use super::Docker;
use serde_json::Value;
use std::{
    io::BufRead,
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex},
};

/// One thing that the engine did to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// `create`, `start`, `die`, `destroy`, `archive-path` …
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
        let reader = docker.events(&format!("gofer.store={store}"));
        let connection = reader.get_ref().try_clone().expect("a connection");
        let into = Arc::clone(&heard);
        std::thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                if let Some(event) = read(&line) {
                    into.lock().unwrap().push(event);
                }
            }
        });
        Self { heard, connection }
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.heard.lock().unwrap().clone()
    }

    /// How many attempts the engine says it started, each by name.
    pub(crate) fn starts(&self) -> Vec<String> {
        let mut starts: Vec<String> = self
            .all()
            .into_iter()
            .filter(|event| event.action == "start" && event.role == "attempt")
            .map(|event| event.unit)
            .collect();
        starts.sort();
        starts
    }

    /// Did this happen to this attempt?
    pub(crate) fn saw(&self, action: &str, unit: &str) -> bool {
        let is_it = |event: &Event| event.action == action && event.unit == unit;
        self.heard.lock().unwrap().iter().any(is_it)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.connection.shutdown(Shutdown::Both);
    }
}

fn read(line: &str) -> Option<Event> {
    let event: Value = serde_json::from_str(line).ok()?;
    if event["Type"] != "container" {
        return None;
    }
    let label = |name: &str| {
        let attributes = &event["Actor"]["Attributes"];
        attributes[name].as_str().unwrap_or_default().to_owned()
    };
    Some(Event {
        action: event["Action"].as_str()?.to_owned(),
        role: label("gofer.role"),
        unit: format!(
            "{}/{}/{}",
            label("gofer.task"),
            label("gofer.item"),
            label("gofer.attempt")
        ),
    })
}
