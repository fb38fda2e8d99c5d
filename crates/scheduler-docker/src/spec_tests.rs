use super::*;
use crate::place::Place;
use gofer_core::{container::Limits, definition::Pull};
use gofer_secrets::SecretText;
use std::time::Duration;

fn container(exec: Exec) -> Container {
    Container {
        image: "local:sha256:abc".to_owned(),
        pinned: true,
        exec,
        env: Vec::new(),
        files: Vec::new(),
        volumes: Vec::new(),
        limits: Limits::default(),
        user: None,
        working_dir: None,
        read_only: true,
        pull: Pull::Missing,
        registry: None,
        stop_grace: Duration::from_secs(10),
    }
}

fn made(container: &Container, brand: Brand) -> ContainerCreateBody {
    let options = Options::default();
    body(
        container,
        Around {
            brand,
            options: &options,
            labels: HashMap::new(),
            mounts: Place::Open("v".to_owned()).mounts(),
            holder: Some("h"),
        },
    )
}

fn script(text: &str) -> Container {
    container(Exec::Script(text.to_owned()))
}

#[test]
fn a_script_is_one_argument_of_the_shell_and_one_with_an_interpreter_is_a_file() {
    let plain = made(&script("echo a | cat"), Brand::Docker);
    let argv = plain.entrypoint.unwrap();
    assert_eq!(argv[..3], ["/bin/sh", "-e", "-c"]);
    assert!(argv[3].ends_with("; echo a | cat"), "{argv:?}");
    assert_eq!(
        plain.cmd,
        Some(vec![]),
        "the image's own command must not follow"
    );

    let own = script("#!/usr/bin/env python3\n");
    assert_eq!(made(&own, Brand::Docker).entrypoint.unwrap(), [SCRIPT]);
    assert!(super::script(&own.exec).is_some());
}

#[test]
fn an_empty_entrypoint_is_not_the_images() {
    let exec = Exec::Argv {
        entrypoint: Some(vec![]),
        command: Some(vec!["a".to_owned()]),
    };
    let body = made(&container(exec), Brand::Docker);
    assert_eq!(body.entrypoint, Some(vec![String::new()]));
    let exec = Exec::Argv {
        entrypoint: None,
        command: None,
    };
    let body = made(&container(exec), Brand::Docker);
    assert_eq!((body.entrypoint, body.cmd), (None, None));
}

#[test]
fn a_later_variable_of_the_same_name_wins_and_ours_can_be_overridden() {
    let mut container = script("true");
    let plain = |text: &str| EnvValue::Plain(text.to_owned());
    container.env = vec![
        ("A".to_owned(), plain("1")),
        (
            "A".to_owned(),
            EnvValue::Secret(SecretText::new("2=3".to_owned())),
        ),
        ("GOFER_ARTIFACTS".to_owned(), plain("/x")),
    ];
    let env = made(&container, Brand::Docker).env.unwrap();
    assert_eq!(
        env,
        [
            "GOFER_OUTPUT=/gofer/output",
            "GOFER_INPUTS=/gofer/inputs",
            "A=2=3",
            "GOFER_ARTIFACTS=/x"
        ]
    );
}

#[test]
fn limits_become_the_engines() {
    let mut container = script("true");
    let limits = Limits {
        cpu_millis: Some(500),
        memory_bytes: Some(1 << 20),
        gpus: Some(1),
    };
    container.limits = limits;
    let host = made(&container, Brand::Docker).host_config.unwrap();
    assert_eq!(
        (host.nano_cpus, host.memory),
        (Some(500_000_000), Some(1 << 20))
    );
    assert_eq!(host.memory, host.memory_swap, "no swap beyond the limit");
    assert_eq!((host.pids_limit, host.init), (Some(4096), Some(true)));
    assert_eq!(host.readonly_rootfs, Some(true));
    assert_eq!(host.network_mode.as_deref(), Some("container:h"));
    assert_eq!(host.device_requests.unwrap()[0].count, Some(1));
}

#[test]
fn only_docker_is_told_how_to_keep_logs() {
    let log = made(&script("true"), Brand::Docker)
        .host_config
        .unwrap()
        .log_config
        .unwrap();
    assert_eq!(log.typ.as_deref(), Some("local"));
    assert!(
        made(&script("true"), Brand::Podman)
            .host_config
            .unwrap()
            .log_config
            .is_none()
    );
}

#[test]
fn a_pinned_local_image_is_asked_for_by_its_id() {
    assert_eq!(
        made(&script("true"), Brand::Docker).image.as_deref(),
        Some("sha256:abc")
    );
}
