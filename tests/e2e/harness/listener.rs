//! Hears one line from each container that begins to run.

use super::Docker;
use std::{
    io::Read,
    net::TcpListener,
    sync::{Arc, Mutex},
};

/// Listens on the host's side of the default bridge.
pub(crate) struct Listener {
    address: String,
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub(crate) fn new(docker: &Docker) -> Self {
        let address = docker.bridge();
        let socket = TcpListener::bind((address.as_str(), 0)).expect("the bridge has an address");
        let port = socket.local_addr().expect("it is bound").port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&lines);
        std::thread::spawn(move || {
            for mut stream in socket.incoming().flatten() {
                let mut text = String::new();
                // A container that dies while it sends has begun all the same.
                let _ = stream.read_to_string(&mut text);
                into.lock().unwrap().push(text.trim().to_owned());
            }
        });
        Self {
            address,
            port,
            lines,
        }
    }

    /// Shell words that send `TASK/ITEM/ATTEMPT`, and do not end before they arrived.
    pub(crate) fn script(&self) -> String {
        format!(
            "echo \"$GOFER_TASK/$GOFER_ITEM_INDEX/$GOFER_ATTEMPT\" | nc -w 10 {} {}\n",
            self.address, self.port
        )
    }

    /// What was heard since the last call, in order of name.
    pub(crate) fn take(&self) -> Vec<String> {
        let mut lines = std::mem::take(&mut *self.lines.lock().unwrap());
        lines.sort();
        lines
    }
}
