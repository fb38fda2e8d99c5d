use super::*;
use std::os::unix::net::UnixListener;

fn environment(folder: &Path, variables: &[(&str, &str)]) -> Environment {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Environment {
        variables: variables.iter().map(pair).collect(),
        home: Some(folder.join("home")),
        root: folder.to_owned(),
    }
}

fn context(folder: &Path, host: &str) -> PathBuf {
    let docker = folder.join("home/.docker");
    let digest = crate::labels::digest(b"far", 32);
    let meta = docker.join("contexts/meta").join(&digest);
    std::fs::create_dir_all(&meta).unwrap();
    let text =
        format!(r#"{{"Name":"far","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#);
    std::fs::write(meta.join("meta.json"), text).unwrap();
    std::fs::write(docker.join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
    docker.join("contexts/tls").join(digest).join("docker")
}

#[test]
fn docker_host_beats_the_context_and_the_context_beats_the_sockets() {
    let folder = tempfile::tempdir().unwrap();
    context(folder.path(), "unix:///far.sock");
    let found = find(&environment(folder.path(), &[])).unwrap();
    assert_eq!(found.endpoint, Endpoint::Unix("/far.sock".into()));
    assert_eq!(found.why, "docker context \"far\"");
    let found = find(&environment(folder.path(), &[("DOCKER_HOST", "tcp://a:1")])).unwrap();
    assert_eq!(found.endpoint, Endpoint::Tcp("a:1".to_owned()));
}

#[test]
fn a_context_with_tls_files_is_used_with_them_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let tls = context(folder.path(), "tcp://far:2376");
    std::fs::create_dir_all(&tls).unwrap();
    let error = find(&environment(folder.path(), &[]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("ca.pem is missing"), "{error}");
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        std::fs::write(tls.join(file), "").unwrap();
    }
    let found = find(&environment(folder.path(), &[])).unwrap();
    let Endpoint::Tls { address, key, .. } = found.endpoint else {
        panic!("{found:?}")
    };
    assert_eq!((address.as_str(), key), ("far:2376", tls.join("key.pem")));
}

#[test]
fn an_engine_that_cannot_be_used_is_refused_with_the_way_round_it() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("ssh://me@far", "forward the socket"),
        ("npipe:////./pipe/docker", "not supported"),
        ("far:2375", "has no scheme"),
        ("unix://relative", "not an absolute path"),
    ];
    for (host, expected) in rows {
        let error = find(&environment(folder.path(), &[("DOCKER_HOST", host)])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("DOCKER_HOST") && text.contains(expected),
            "{text}"
        );
    }
    let unknown = environment(folder.path(), &[("DOCKER_CONTEXT", "gone")]);
    let text = find(&unknown).unwrap_err().to_string();
    assert!(text.contains("docker context ls"), "{text}");
}

#[test]
fn the_first_socket_where_somebody_listens_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run/podman");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::create_dir_all(folder.path().join("var/run")).unwrap();
    // A socket that nobody listens on any more.
    drop(UnixListener::bind(folder.path().join("var/run/docker.sock")).unwrap());
    let text = find(&environment(folder.path(), &[]))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("docker.sock (Docker's socket): nobody listens"),
        "{text}"
    );
    assert!(
        text.contains("podman.sock (Podman's socket): not there"),
        "{text}"
    );
    assert!(text.contains("set DOCKER_HOST"), "{text}");

    let _listener = UnixListener::bind(run.join("podman.sock")).unwrap();
    let found = find(&environment(folder.path(), &[])).unwrap();
    assert_eq!(found.why, "Podman's socket");
}

#[test]
fn tls_wished_for_by_the_environment_needs_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = folder.path().display().to_string();
    let variables = [
        ("DOCKER_HOST", "tcp://a:2376"),
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", &certificates),
    ];
    assert!(find(&environment(folder.path(), &variables)).is_err());
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        std::fs::write(folder.path().join(file), "").unwrap();
    }
    let found = find(&environment(folder.path(), &variables)).unwrap();
    assert!(matches!(found.endpoint, Endpoint::Tls { .. }), "{found:?}");
}

#[test]
fn an_engine_that_is_named_is_looked_for_in_its_own_places_only() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run/podman");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::create_dir_all(folder.path().join("var/run")).unwrap();
    let docker = folder.path().join("var/run/docker.sock");
    let podman = run.join("podman.sock");
    let (_docker, podmans) = (UnixListener::bind(&docker), UnixListener::bind(&podman));
    let plain = environment(folder.path(), &[]);
    let endpoint = |name: &str| find_named(&plain, name).unwrap().endpoint;
    assert_eq!(endpoint("docker"), Endpoint::Unix(docker));
    assert_eq!(endpoint("podman"), Endpoint::Unix(podman.clone()));
    assert_eq!(endpoint("tcp://a:1"), Endpoint::Tcp("a:1".to_owned()));
    let set = environment(
        folder.path(),
        &[
            ("DOCKER_HOST", "tcp://d:1"),
            ("CONTAINER_HOST", "tcp://p:1"),
        ],
    );
    let found = find_named(&set, "podman").unwrap();
    assert_eq!(found.endpoint, Endpoint::Tcp("p:1".to_owned()));
    assert_eq!(found.why, "--scheduler podman, CONTAINER_HOST");
    drop(podmans);
    std::fs::remove_file(podman).unwrap();
    let said = find_named(&plain, "podman").unwrap_err().to_string();
    assert!(
        said.contains("podman.sock") && said.contains("not there"),
        "{said}"
    );
    assert!(!said.contains("docker.sock"), "{said}");
    let said = find_named(&plain, "nomad").unwrap_err().to_string();
    assert!(
        said.starts_with("--scheduler: \"nomad\" has no scheme"),
        "{said}"
    );
    assert!(said.ends_with("It may also be docker or podman"), "{said}");
}
