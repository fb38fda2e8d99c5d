//! Pulling from a registry that asks who we are: the one of Debian's package, on this machine.

use crate::{
    bench::{OnDocker, container, fresh},
    clock::Real,
    engine::IMAGE,
    tasks::{id, run_to_end, start, tidy},
};
use bollard::{
    auth::DockerCredentials,
    query_parameters::{
        PushImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
    },
};
use futures_util::TryStreamExt;
use gofer_core::{container::Exec, definition::Pull, run::Reason};
use gofer_scheduler::{Container, Credentials, StartError, conformance::Bench};
use gofer_scheduler_docker::{Docker, Options};
use gofer_secrets::SecretText;
use gofer_test_support::packages;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::sleep,
    time::Duration,
};
use tempfile::TempDir;

const USER: &str = "ann";
const PASSWORD: &str = "s3cret-of-ann";
/// Of that password.
const HTPASSWD: &str = "ann:$2y$05$W2s3y3wxSATLhfM8KTBzGegQO3m83Rcj2A/diDErXy96kqNTpw.Xu\n";
/// `ann:s3cret-of-ann` in base64.
const BASIC: &str = "YW5uOnMzY3JldC1vZi1hbm4=";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A registry with one image, `IMAGE` as `app:1`.
struct Registry {
    bench: OnDocker,
    host: String,
    process: Child,
    _folder: TempDir,
}

impl Registry {
    async fn new() -> Self {
        packages::have("docker-registry", "docker-registry").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = free.local_addr().unwrap().to_string();
        drop(free);
        let process = serve(folder.path(), &host);
        for _ in 0..200 {
            if TcpStream::connect(&host).is_ok() {
                break;
            }
            sleep(Duration::from_millis(20));
        }
        let registry = Self {
            bench: OnDocker::new().await,
            host,
            process,
            _folder: folder,
        };
        registry.push().await;
        registry
    }

    fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    async fn push(&self) {
        let client = &self.bench.client;
        let name = self.image("app");
        let tag = TagImageOptionsBuilder::new().repo(&name).tag("1").build();
        client.tag_image(IMAGE, Some(tag)).await.unwrap();
        let credentials = DockerCredentials {
            username: Some(USER.to_owned()),
            password: Some(PASSWORD.to_owned()),
            ..DockerCredentials::default()
        };
        let options = PushImageOptionsBuilder::new().tag("1").build();
        let pushed = client.push_image(&name, Some(options), Some(credentials));
        pushed.try_collect::<Vec<_>>().await.unwrap();
        self.forget("app:1").await;
    }

    /// Takes an image's name away from the engine.
    async fn forget(&self, name: &str) {
        let options = RemoveImageOptionsBuilder::new().build();
        let _ = self
            .bench
            .client
            .remove_image(&self.image(name), Some(options), None)
            .await;
    }

    /// Asks the registry itself.
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

    /// Makes `other:1`, which is there for one platform only, and not for this one.
    fn put_other_platform(&self) {
        let (head, manifest) = self.ask("GET", "/v2/app/manifests/1", MANIFEST, "");
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
        let (head, body) = self.ask("PUT", "/v2/app/manifests/other", LIST, &list.to_string());
        assert!(head.contains("201 Created"), "{head}\n{body}");
    }

    /// A scheduler of a user who has this written down.
    async fn docker(&self, config: &serde_json::Value) -> (Docker, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
        let options = Options {
            docker_config: Some(folder.path().to_owned()),
            ..Options::default()
        };
        let OnDocker { found, store, .. } = &self.bench;
        let docker = Docker::connect(found, *store, Arc::new(Real), options).await;
        (docker.unwrap(), folder)
    }

    /// Runs a task of `app:1`, which is not on the engine; says what it wrote.
    async fn try_app(
        &self,
        config: &serde_json::Value,
        said: Option<(&str, &str)>,
    ) -> Result<String, StartError> {
        self.forget("app:1").await;
        let (docker, _folder) = self.docker(config).await;
        let run = self.bench.run();
        let id = id(run, "app");
        let mut main = self.main("app:1");
        main.registry = said.map(|(username, password)| Credentials {
            username: username.to_owned(),
            password: SecretText::new(password.to_owned()),
        });
        let started = start(&docker, &id, main, false).await;
        let said = match started {
            Ok(going) => Ok(going.end().await.1),
            Err(error) => Err(error),
        };
        tidy(docker, run, &["app"]).await;
        self.forget("app:1").await;
        said
    }

    fn main(&self, name: &str) -> Container {
        Container {
            image: self.image(name),
            ..container(Exec::Script("echo pulled".to_owned()))
        }
    }

    async fn refused(&self, config: &serde_json::Value, name: &str) -> (Reason, bool, String) {
        let (docker, _folder) = self.docker(config).await;
        let run = self.bench.run();
        let started = start(&docker, &id(run, "app"), self.main(name), false).await;
        tidy(docker, run, &["app"]).await;
        failure(started.err().expect("it cannot start"))
    }
}

fn failure(error: StartError) -> (Reason, bool, String) {
    match error {
        StartError::Failed {
            reason,
            message,
            never_again,
        } => (reason, never_again, message),
        other => panic!("{other:?}"),
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

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_registry_is_asked_with_what_the_user_has_written_down_or_with_what_the_file_says() {
    let registry = Registry::new().await;
    let nothing = serde_json::json!({});
    let written = serde_json::json!({"auths": {&registry.host: {"auth": BASIC}}});
    assert_eq!(registry.try_app(&written, None).await.unwrap(), "pulled\n");
    let said = Some((USER, PASSWORD));
    assert_eq!(registry.try_app(&nothing, said).await.unwrap(), "pulled\n");
    // What the file says comes first, right or wrong.
    let (reason, never_again, message) = failure(
        registry
            .try_app(&written, Some((USER, "wr0ng")))
            .await
            .unwrap_err(),
    );
    assert_eq!((reason, never_again), (Reason::Unauthorized, true));
    assert!(message.contains("were not accepted"), "{message}");
    assert!(!message.contains("wr0ng"), "{message}");
}

#[tokio::test]
async fn a_helper_of_the_users_client_is_asked() {
    let registry = Registry::new().await;
    let name = format!("gofer-test-{}", fresh().simple());
    let program = Path::new("/usr/local/bin").join(format!("docker-credential-{name}"));
    let answer = format!(r#"{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}"#);
    std::fs::write(&program, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let config = serde_json::json!({"credHelpers": {&registry.host: name}});
    let said = registry.try_app(&config, None).await;
    std::fs::remove_file(&program).unwrap();
    assert_eq!(said.unwrap(), "pulled\n");
    let (reason, _, message) = failure(registry.try_app(&config, None).await.unwrap_err());
    assert_eq!(reason, Reason::Unauthorized);
    assert!(message.contains("cannot be run"), "{message}");
}

#[tokio::test]
async fn what_a_registry_refuses_has_a_reason_and_a_remedy() {
    let registry = Registry::new().await;
    registry.put_other_platform();
    let known = serde_json::json!({"auths": {&registry.host: {"auth": BASIC}}});
    let nothing = serde_json::json!({});
    let (reason, never_again, message) = registry.refused(&nothing, "app:1").await;
    assert_eq!(
        (reason, never_again),
        (Reason::Unauthorized, true),
        "{message}"
    );
    for words in [
        "`registry`",
        "docker login",
        "no credentials",
        &registry.host,
    ] {
        assert!(message.contains(words), "{words:?}: {message}");
    }
    for name in ["app:nosuch", "nosuch:1"] {
        let (reason, never_again, message) = registry.refused(&known, name).await;
        assert_eq!(
            (reason, never_again),
            (Reason::ImageNotFound, false),
            "{message}"
        );
        assert!(message.contains("check the name and the tag"), "{message}");
    }
    let (reason, never_again, message) = registry.refused(&known, "app:other").await;
    assert_eq!(
        (reason, never_again),
        (Reason::WrongPlatform, true),
        "{message}"
    );
    assert!(message.contains("platform"), "{message}");
    for secret in [PASSWORD, BASIC] {
        assert!(!message.contains(secret), "{message}");
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_told_from_one_that_has_no_such_image() {
    let registry = Registry::new().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = free.local_addr().unwrap();
    drop(free);
    let docker = registry.bench.docker().await;
    let run = registry.bench.run();
    let main = Container {
        image: format!("{host}/app:1"),
        ..container(Exec::Script("true".to_owned()))
    };
    let started = start(&docker, &id(run, "app"), main, false).await;
    let (_, never_again, message) = failure(started.err().unwrap());
    assert!(!never_again);
    assert!(message.contains("does not answer"), "{message}");
    tidy(docker, run, &["app"]).await;
}

#[tokio::test]
async fn an_image_that_is_pulled_always_is_the_registrys_newest() {
    let registry = Registry::new().await;
    let known = serde_json::json!({"auths": {&registry.host: {"auth": BASIC}}});
    let (docker, _folder) = registry.docker(&known).await;
    let run = registry.bench.run();
    let mut main = registry.main("app:1");
    main.pull = Pull::Always;
    let (exit, said) = run_to_end(&docker, &id(run, "app"), main).await;
    assert_eq!((exit.code, said.as_str()), (0, "pulled\n"));
    tidy(docker, run, &["app"]).await;
    registry.forget("app:1").await;
}
