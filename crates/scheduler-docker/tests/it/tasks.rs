//! What only Docker has: images and users, volumes, sandboxes, and its own errors.

use crate::{
    bench::{OnDocker, argv, container},
    engine,
};
use async_trait::async_trait;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use gofer_core::{
    container::Exec,
    definition::Pull,
    id::{AttemptId, Epoch, RunId},
    run::{Reason, Stage},
};
use gofer_scheduler::{
    Attempt, Container, Ensure, Exit, Fact, LogEvent, Permit, Refused, Scheduler, StartError,
    conformance::Bench,
};
use gofer_scheduler_docker::{Brand, ConnectError, Docker, Endpoint, Found, Options};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

struct Yes;

#[async_trait]
impl Permit for Yes {
    async fn may_start(&self, _: &str) -> Result<(), Refused> {
        Ok(())
    }
}

pub(crate) struct Going {
    pub(crate) log: BoxStream<'static, LogEvent>,
    pub(crate) facts: UnboundedReceiver<Fact>,
}

impl Going {
    pub(crate) async fn end(mut self) -> (Exit, String) {
        let mut text = String::new();
        while let Some(event) = self.log.next().await {
            if let LogEvent::Bytes { bytes, .. } = event {
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        while let Some(fact) = self.facts.recv().await {
            if let Fact::Exited(exit) = fact {
                return (exit, text);
            }
        }
        panic!("it has no exit; its log: {text}");
    }
}

pub(crate) fn id(run: RunId, task: &str) -> AttemptId {
    AttemptId {
        run,
        task: task.parse().unwrap(),
        item: None,
        number: 1,
    }
}

pub(crate) async fn start(
    docker: &Docker,
    id: &AttemptId,
    main: Container,
    more_to_come: bool,
) -> Result<Going, StartError> {
    let (to, facts) = unbounded_channel();
    let request = order(id, main, more_to_come, to);
    Ok(Going {
        log: docker.ensure(request).await?,
        facts,
    })
}

pub(crate) fn order(
    id: &AttemptId,
    main: Container,
    more_to_come: bool,
    facts: UnboundedSender<Fact>,
) -> Ensure {
    Ensure {
        id: id.clone(),
        pipeline: "default/tasks".to_owned(),
        number: 1,
        epoch: Epoch(1),
        stage: Stage::Creating,
        permitted: None,
        more_to_come,
        behind: None,
        recipe: String::new(),
        attempt: Attempt {
            main,
            services: Vec::new(),
            labels: Vec::new(),
        },
        inputs: None,
        service_logs: Vec::new(),
        permit: Box::new(Yes),
        facts,
    }
}

pub(crate) fn script(text: &str) -> Container {
    container(Exec::Script(text.to_owned()))
}

pub(crate) async fn run_to_end(docker: &Docker, id: &AttemptId, main: Container) -> (Exit, String) {
    start(docker, id, main, true).await.unwrap().end().await
}

pub(crate) async fn tidy(docker: Docker, run: RunId, tasks: &[&str]) {
    for task in tasks {
        docker.remove(&id(run, task)).await.unwrap();
    }
    docker.release(&run).await.unwrap();
    let left = docker.list_ours().await.unwrap();
    assert_eq!(left, [], "something was left behind");
    docker.close().await;
}

async fn output(docker: &Docker, id: &AttemptId) -> String {
    let output = docker.collect(id).await.unwrap().output.unwrap();
    String::from_utf8(output).unwrap()
}

#[tokio::test]
async fn any_user_writes_outputs_even_on_a_read_only_root() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let users = [
        ("asroot", None),
        ("asworker", Some("worker")),
        ("asnumber", Some("4711:4711")),
    ];
    for (task, user) in users {
        let mut main = script("echo who=$(id -u) > $GOFER_OUTPUT; touch $GOFER_ARTIFACTS/x");
        main.user = user.map(str::to_owned);
        main.read_only = true;
        let (exit, log) = run_to_end(&docker, &id(run, task), main).await;
        assert_eq!(exit.code, 0, "{task}: {log}");
        let who = output(&docker, &id(run, task)).await;
        assert!(
            who.starts_with("who=") && (user.is_none() || who != "who=0\n"),
            "{task}: {who}"
        );
    }
    let mixed = "su worker -c 'echo a=worker > $GOFER_OUTPUT'; echo b=root >> $GOFER_OUTPUT";
    let (exit, log) = run_to_end(&docker, &id(run, "mixed"), script(mixed)).await;
    assert_eq!(exit.code, 0, "{log}");
    assert_eq!(
        output(&docker, &id(run, "mixed")).await,
        "a=worker\nb=root\n"
    );
    tidy(docker, run, &["asroot", "asworker", "asnumber", "mixed"]).await;
}

#[tokio::test]
async fn a_script_with_an_interpreter_is_run_by_it() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let mut main = script("#!/bin/awk -f\nBEGIN { print \"from awk\" }\n");
    main.user = Some("worker".to_owned());
    let (exit, log) = run_to_end(&docker, &id(run, "awk"), main).await;
    assert_eq!((exit.code, log.as_str()), (0, "from awk\n"));
    let (exit, _) = run_to_end(&docker, &id(run, "nosuch"), script("#!/bin/nosuch\n")).await;
    let words = exit.bad_command.unwrap();
    assert!(words.contains("first line"), "{words}");
    tidy(docker, run, &["awk", "nosuch"]).await;
}

#[tokio::test]
async fn a_script_stops_at_its_first_failure_and_at_one_inside_a_pipe() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let (exit, log) = run_to_end(&docker, &id(run, "plain"), script("echo a; false; echo b")).await;
    assert_eq!((exit.code, log.as_str()), (1, "a\n"));
    let (exit, _) = run_to_end(&docker, &id(run, "pipe"), script("false | cat; echo b")).await;
    assert_eq!(exit.code, 1);
    tidy(docker, run, &["plain", "pipe"]).await;
}

#[tokio::test]
async fn an_image_without_a_shell_is_named_as_such() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    tar.append_data(&mut header, "only", std::io::empty())
        .unwrap();
    let body = bollard::body_full(tar.into_inner().unwrap().into());
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        .repo("gofer-test/bare")
        .tag("1");
    let imported = bench
        .client
        .create_image(Some(options.build()), Some(body), None);
    imported.try_collect::<Vec<_>>().await.unwrap();
    let mut main = script("echo never");
    main.image = "gofer-test/bare:1".to_owned();
    let (exit, log) = run_to_end(&docker, &id(run, "bare"), main).await;
    let words = exit.bad_command.unwrap();
    assert!(words.contains("no /bin/sh: use `command`"), "{words}");
    assert_eq!(log, "");
    tidy(docker, run, &["bare"]).await;
}

fn with(change: impl Fn(&mut Container)) -> Container {
    let mut main = script("true");
    change(&mut main);
    main
}

fn never(main: &mut Container) {
    main.image = "gofer-test/nosuch:1".into();
    main.pull = Pull::Never;
}

#[tokio::test]
async fn what_the_engine_refuses_has_a_reason_and_a_remedy() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let nothing = Exec::Argv {
        entrypoint: None,
        command: None,
    };
    let rows: [(&str, Container, Reason, &str); 5] = [
        (
            "user",
            with(|main| main.user = Some("nobody1".into())),
            Reason::StartFailed,
            "passwd",
        ),
        (
            "name",
            with(|main| main.image = "A B".into()),
            Reason::ImageNotFound,
            "alpine:3.20",
        ),
        ("never", with(never), Reason::ImageNotFound, "`missing`"),
        (
            "memory",
            with(|main| main.limits.memory_bytes = Some(4096)),
            Reason::OutOfMemory,
            "raise",
        ),
        (
            "nothing",
            container(nothing),
            Reason::BadCommand,
            "`command`",
        ),
    ];
    for (task, main, expected, words) in rows {
        match start(&docker, &id(run, task), main, false).await {
            Err(StartError::Failed {
                reason, message, ..
            }) => {
                assert_eq!(reason, expected, "{task}: {message}");
                assert!(message.contains(words), "{task}: {message}");
            }
            Err(other) => panic!("{task}: {other:?}"),
            Ok(_) => panic!("{task} started"),
        }
    }
    tidy(docker, run, &["user", "name", "never", "memory", "nothing"]).await;
}

#[tokio::test]
async fn too_many_processes_are_stopped_by_the_limit() {
    let bench = OnDocker::new().await;
    let options = Options {
        pids_limit: 20,
        ..Options::default()
    };
    let clock = Arc::new(crate::clock::Real);
    let docker = Docker::connect(&bench.found, bench.store, clock, options)
        .await
        .unwrap();
    let run = bench.run();
    let bomb = "for i in $(seq 60); do sleep 5 & done; wait";
    let (exit, log) = run_to_end(&docker, &id(run, "bomb"), script(bomb)).await;
    assert_ne!(exit.code, 0, "{log}");
    assert!(log.contains("fork"), "{log}");
    tidy(docker, run, &["bomb"]).await;
}

#[tokio::test]
async fn a_start_says_what_image_it_was_and_where() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let mut going = start(&docker, &id(run, "said"), container(argv(&["true"])), false)
        .await
        .unwrap();
    let Some(Fact::Started(started)) = going.facts.recv().await else {
        panic!("no start")
    };
    let image = bench
        .client
        .inspect_image(engine::IMAGE)
        .await
        .unwrap()
        .id
        .unwrap();
    assert_eq!(started.image, Some(format!("local:{image}")));
    assert_eq!(going.end().await.0.code, 0);

    // That is what later attempts are pinned to.
    let mut pinned = container(argv(&["true"]));
    (pinned.image, pinned.pinned) = (format!("local:{image}"), true);
    let (exit, _) = run_to_end(&docker, &id(run, "pinned"), pinned).await;
    assert_eq!(exit.code, 0);
    tidy(docker, run, &["said", "pinned"]).await;
}

#[tokio::test]
async fn the_doctor_learns_about_the_engine() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let probe = docker.probe().await.unwrap();
    assert_eq!(probe.brand, Brand::Docker);
    assert!(
        probe.version.is_some() && probe.platform.contains('/'),
        "{probe:?}"
    );
    assert!(probe.free_bytes.is_some_and(|bytes| bytes > 0), "{probe:?}");
    assert!(
        probe.can_limit_memory && probe.has_init && probe.ours.is_empty(),
        "{probe:?}"
    );
    docker.close().await;
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named_with_the_remedy() {
    let bench = OnDocker::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone.sock");
    let clock = Arc::new(crate::clock::Real);
    let found = Found {
        endpoint: Endpoint::Unix(path.clone()),
        why: "DOCKER_HOST".to_owned(),
    };
    let connect = || Docker::connect(&found, bench.store, clock.clone(), Options::default());
    let Err(error @ ConnectError::NotThere { .. }) = connect().await else {
        panic!("connected")
    };
    assert!(
        error.to_string().contains("systemctl start docker"),
        "{error}"
    );

    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let Err(error @ ConnectError::NotThere { .. }) = connect().await else {
        panic!("connected")
    };
    assert!(error.to_string().contains("refused"), "{error}");
}
