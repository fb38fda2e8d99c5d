//! A registry on this machine that asks who we are: the one of Debian's package.

use crate::harness::{Docker, IMAGE, Since, sha256};
use gofer_test_support::packages;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const USER: &str = "eve";
pub(crate) const PASSWORD: &str = "e2e-s3cret-of-eve";
/// `eve:e2e-s3cret-of-eve` in base64.
pub(crate) const BASIC: &str = "ZXZlOmUyZS1zM2NyZXQtb2YtZXZl";
/// Of that password.
const HTPASSWD: &str = "eve:$2b$05$Ow0vzeGqKlu/Wq8UMPE0EelPvywo8xjwlDhFKCrPNoyekCPK6o2aa\n";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

pub(crate) struct Registry {
    /// `127.0.0.1:PORT`
    pub(crate) host: String,
    process: Child,
    folder: TempDir,
}

impl Registry {
    pub(crate) fn new() -> Self {
        packages::have("docker-registry", "docker-registry").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = free.local_addr().unwrap().to_string();
        drop(free);
        let process = serve(folder.path(), &host);
        let begun = Since::now();
        while TcpStream::connect(&host).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "the registry does not begin"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        let registry = Self {
            host,
            process,
            folder,
        };
        registry.config("known", &registry.known());
        registry
    }

    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// What a user has written down who is known here.
    pub(crate) fn known(&self) -> String {
        format!(r#"{{"auths": {{"{}": {{"auth": "{BASIC}"}}}}}}"#, self.host)
    }

    /// A folder for `DOCKER_CONFIG` with this in it.
    pub(crate) fn config(&self, name: &str, text: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.json"), text).unwrap();
        folder
    }

    /// Gives a local image a name here and takes that away from the engine again.
    pub(crate) fn push(&self, local: &str, name: &str) {
        let (docker, image) = (Docker::shared(), self.image(name));
        let config = self.folder.path().join("known");
        docker.cli(&["tag", local, &image]);
        docker.cli(&["--config", config.to_str().unwrap(), "push", "-q", &image]);
        docker.cli(&["rmi", &image]);
    }

    /// An image that says who it is: `echo NAME` in `/name`.
    pub(crate) fn push_marked(&self, mark: &str, name: &str) {
        let docker = Docker::shared();
        let made = docker.cli(&["create", IMAGE, "true"]);
        let file = self.folder.path().join("name");
        std::fs::write(&file, mark).unwrap();
        docker.cli(&["cp", file.to_str().unwrap(), &format!("{made}:/name")]);
        let image = docker.cli(&["commit", &made]);
        docker.cli(&["rm", &made]);
        self.push(&image, name);
    }

    /// Names a manifest for a platform that nobody has.
    pub(crate) fn list_for_nobody(&self, of: &str, tag: &str) {
        let (head, manifest) = self.ask("GET", &format!("/v2/app/manifests/{of}"), MANIFEST, "");
        let digest = head
            .lines()
            .find_map(|line| line.strip_prefix("Docker-Content-Digest: "))
            .unwrap();
        let list = serde_json::json!({
            "schemaVersion": 2, "mediaType": LIST,
            "manifests": [{
                "mediaType": MANIFEST, "digest": digest, "size": manifest.len(),
                "platform": {"architecture": "s390x", "os": "linux"},
            }],
        });
        let path = format!("/v2/app/manifests/{tag}");
        let (head, body) = self.ask("PUT", &path, LIST, &list.to_string());
        assert!(head.contains("201 Created"), "{head}\n{body}");
    }

    /// Has an image say that it is made for another architecture.
    pub(crate) fn pretend(&self, image: &str, architecture: &str) {
        let (name, tag) = image.split_once(':').unwrap();
        let of = |what: &str| format!("/v2/{name}/{what}");
        let (_, manifest) = self.ask("GET", &of(&format!("manifests/{tag}")), MANIFEST, "");
        let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
        let digest = manifest["config"]["digest"].as_str().unwrap().to_owned();
        let (_, config) = self.ask("GET", &of(&format!("blobs/{digest}")), MANIFEST, "");
        let mut config: Value = serde_json::from_str(&config).unwrap();
        config["architecture"] = architecture.into();
        let config = config.to_string();
        let digest = format!("sha256:{}", sha256(config.as_bytes()));
        let (head, _) = self.ask("POST", &of("blobs/uploads/"), "", "");
        let mut lines = head.lines();
        let place = lines
            .find_map(|line| line.strip_prefix("Location: "))
            .unwrap();
        let place = place.split_once(&self.host).map_or(place, |(_, path)| path);
        let put = format!("{place}&digest={digest}");
        let (head, body) = self.ask("PUT", &put, "application/octet-stream", &config);
        assert!(head.contains("201 Created"), "{head}\n{body}");
        manifest["config"]["digest"] = digest.into();
        manifest["config"]["size"] = config.len().into();
        let put = of(&format!("manifests/{tag}"));
        let (head, body) = self.ask("PUT", &put, MANIFEST, &manifest.to_string());
        assert!(head.contains("201 Created"), "{head}\n{body}");
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Basic {BASIC}\r\n\
             Accept: {MANIFEST}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}",
            self.host
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // What was pulled from it: nobody else can have its names.
        let images = Docker::shared().cli(&["images", "-q", &format!("{}/*", self.host)]);
        for image in images.lines() {
            let _ = Command::new("docker").args(["rmi", "-f", image]).output();
        }
    }
}

fn serve(folder: &Path, host: &str) -> Child {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("htpasswd"), HTPASSWD).unwrap();
    let config = format!(
        "version: 0.1\nlog: {{accesslog: {{disabled: true}}, level: error}}\n\
         storage: {{filesystem: {{rootdirectory: {}}}}}\n\
         http: {{addr: \"{host}\", secret: none}}\n\
         auth: {{htpasswd: {{realm: tests, path: {}}}}}\n",
        path("data").display(),
        path("htpasswd").display()
    );
    std::fs::write(path("config.yml"), config).unwrap();
    let log = std::fs::File::create(path("log")).unwrap();
    Command::new("docker-registry")
        .arg("serve")
        .arg(path("config.yml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}
