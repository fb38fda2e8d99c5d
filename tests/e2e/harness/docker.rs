//! The engine, asked directly and not through Gofer.

use super::{canary::CANARY, records::KeptRow};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Command,
};

/// An engine behind a socket of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Docker {
    socket: PathBuf,
}

impl Docker {
    /// The machine's own.
    pub(crate) fn shared() -> Self {
        let path = std::env::var("DOCKER_HOST").ok();
        let path = path.and_then(|host| host.strip_prefix("unix://").map(PathBuf::from));
        Self::at(path.unwrap_or_else(|| "/var/run/docker.sock".into()))
    }

    pub(crate) fn at(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
        }
    }

    /// As `DOCKER_HOST` wants it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    pub(crate) fn answers(&self) -> bool {
        self.ask("GET", "/_ping")
            .is_ok_and(|(status, _)| status == 200)
    }

    /// The client, for what is more than one call.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        let done = Command::new("docker")
            .env("DOCKER_HOST", self.host())
            .args(args)
            .output()
            .expect("docker can be run");
        assert!(
            done.status.success(),
            "docker {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// A request, answered up to the end of the connection: HTTP/1.0 has no chunks to undo.
    fn open(&self, method: &str, path: &str) -> std::io::Result<(u16, BufReader<UnixStream>)> {
        let mut stream = UnixStream::connect(&self.socket)?;
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: engine\r\n\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other(format!("no status: {line:?}")))?;
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line)?;
        }
        Ok((status, reader))
    }

    fn ask(&self, method: &str, path: &str) -> std::io::Result<(u16, Vec<u8>)> {
        let (status, mut reader) = self.open(method, path)?;
        let mut body = Vec::new();
        reader.read_to_end(&mut body)?;
        Ok((status, body))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path).expect("the engine answers");
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("the engine answers JSON")
    }

    /// Lines of all events, from now on.
    pub(crate) fn events(&self) -> BufReader<UnixStream> {
        let (status, reader) = self.open("GET", "/events").expect("the engine answers");
        assert_eq!(status, 200);
        reader
    }

    /// Containers with this label, dead ones too.
    pub(crate) fn containers(&self, label: &str) -> Vec<Value> {
        let list = self.get(&format!(
            "/containers/json?all=true&filters={}",
            filters(label)
        ));
        list.as_array().cloned().unwrap_or_default()
    }

    /// The id of the container of a task of a store, once there is one.
    pub(crate) fn container_of(&self, store: &str, task: &str) -> Option<String> {
        let all = self.containers(&format!("gofer.store={store}"));
        let found = all.iter().find(|container| {
            container["Labels"]["gofer.task"] == task
                && container["Labels"]["gofer.role"] == "attempt"
        })?;
        found["Id"].as_str().map(str::to_owned)
    }

    pub(crate) fn has_image(&self, name: &str) -> bool {
        let answer = self.ask("GET", &format!("/images/{name}/json"));
        answer.is_ok_and(|(status, _)| status == 200)
    }

    pub(crate) fn inspect(&self, id: &str) -> Option<Value> {
        let answer = self.ask("GET", &format!("/containers/{id}/json"));
        let (status, body) = answer.expect("the engine answers");
        (status == 200).then(|| serde_json::from_slice(&body).expect("JSON"))
    }

    /// What is there with this label besides `kept` containers that have ended, and their volumes:
    /// containers, networks, volumes and images.
    pub(crate) fn leftovers(&self, label: &str, kept: &[KeptRow]) -> Vec<String> {
        let mut found = Vec::new();
        let mut theirs = Vec::new();
        for container in self.containers(label) {
            let name = container["Names"][0].as_str().unwrap_or_default();
            if name.trim_start_matches('/').starts_with(CANARY) {
                continue;
            }
            let bears = |(name, value): &(&str, String)| container["Labels"][name] == *value;
            let is_kept = kept.iter().any(|row| row.labels.iter().all(bears));
            if is_kept && container["State"] == "exited" {
                let mounts = container["Mounts"].as_array().into_iter().flatten();
                theirs.extend(mounts.map(|mount| mount["Name"].clone()));
                continue;
            }
            found.push(format!(
                "container {} {}: {}",
                container["Names"], container["Status"], container["Labels"]
            ));
        }
        let filters = filters(label);
        let networks = self.get(&format!("/networks?filters={filters}"));
        for network in networks.as_array().into_iter().flatten() {
            found.push(format!("network {}", network["Name"]));
        }
        let volumes = self.get(&format!("/volumes?filters={filters}"));
        for volume in volumes["Volumes"].as_array().into_iter().flatten() {
            if !theirs.contains(&volume["Name"]) {
                found.push(format!("volume {}", volume["Name"]));
            }
        }
        let images = self.get(&format!("/images/json?filters={filters}"));
        for image in images.as_array().into_iter().flatten() {
            found.push(format!("image {}", image["Id"]));
        }
        found
    }

    /// Removes all with this label. For a test that failed.
    pub(crate) fn sweep(&self, label: &str) {
        for container in self.containers(label) {
            self.sweep_one(container["Id"].as_str().unwrap_or_default());
        }
        let volumes = self.get(&format!("/volumes?filters={}", filters(label)));
        for volume in volumes["Volumes"].as_array().into_iter().flatten() {
            let name = volume["Name"].as_str().unwrap_or_default();
            let _ = self.ask("DELETE", &format!("/volumes/{name}?force=true"));
        }
    }

    /// Removes a container, if it is there.
    pub(crate) fn sweep_one(&self, id: &str) {
        let _ = self.ask("DELETE", &format!("/containers/{id}?force=true&v=true"));
    }

    /// Something done to a container behind Gofer's back: `kill`, `pause`, `stop?t=1` …
    pub(crate) fn act(&self, id: &str, what: &str) {
        let answer = self.ask("POST", &format!("/containers/{id}/{what}"));
        let (status, body) = answer.expect("the engine answers");
        let body = String::from_utf8_lossy(&body);
        assert!(status < 400, "{what} {id}: {status} {body}");
    }

    pub(crate) fn remove(&self, id: &str) {
        let answer = self.ask("DELETE", &format!("/containers/{id}?force=true&v=true"));
        let (status, body) = answer.expect("the engine answers");
        assert!(status < 400, "{id}: {}", String::from_utf8_lossy(&body));
    }

    /// The host's address on the default bridge.
    pub(crate) fn bridge(&self) -> String {
        let bridge = self.get("/networks/bridge");
        let config = &bridge["IPAM"]["Config"][0];
        if let Some(gateway) = config["Gateway"].as_str() {
            return gateway.to_owned();
        }
        let subnet = config["Subnet"].as_str().expect("the bridge has a subnet");
        let network = subnet.split('/').next().unwrap_or_default();
        let (front, _) = network.rsplit_once('.').expect("it is an IPv4 network");
        format!("{front}.1")
    }
}

fn filters(label: &str) -> String {
    let text = json!({ "label": [label] }).to_string();
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
        out
    })
}
