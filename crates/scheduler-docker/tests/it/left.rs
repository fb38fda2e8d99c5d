//! What an attempt leaves, read where the engine keeps it and by the engine itself.

use crate::{
    bench::OnDocker,
    engine,
    tasks::{Going, id, order, run_to_end, script, start, tidy},
};
use async_trait::async_trait;
use bollard::{
    models::{ContainerConfig, ContainerCreateBody},
    query_parameters::{
        CommitContainerOptionsBuilder, CreateContainerOptions, UploadToContainerOptionsBuilder,
    },
};
use gofer_core::{id::AttemptId, run::Stage};
use gofer_scheduler::{Container, Permit, Refused, Scheduler, conformance::Bench};
use gofer_scheduler_docker::{Docker, Options};
use tokio::sync::mpsc::unbounded_channel;

#[tokio::test]
async fn what_is_left_is_found_and_artifacts_are_asked_for_only_where_there_are_some() {
    for reads_directly in [true, false] {
        for user in [None, Some("worker")] {
            what_is_left(reads_directly, user).await;
        }
    }
}

async fn what_is_left(reads_directly: bool, user: Option<&str>) {
    let bench = OnDocker::new().await;
    let options = Options {
        reads_directly,
        ..Options::default()
    };
    let docker = bench.with(options).await;
    // A user without root's rights asks the engine in any case.
    let root = docker.probe().await.unwrap().data_root.unwrap();
    let is_ours = std::fs::read_dir(std::path::Path::new(&root).join("volumes")).is_ok();
    let reads_directly = reads_directly && is_ours;
    let run = bench.run();
    let gone = "mkdir $GOFER_ARTIFACTS/y; rmdir $GOFER_ARTIFACTS/y";
    for (what, output, artifacts) in [
        ("true", None, false),
        ("echo a=1 > $GOFER_OUTPUT", Some("a=1\n"), false),
        ("touch $GOFER_ARTIFACTS/x $GOFER_OUTPUT", Some(""), true),
        // The engine only says that something was changed there.
        (gone, None, !reads_directly),
    ] {
        let mut main = script(what);
        main.user = user.map(str::to_owned);
        let of = id(run, "task");
        let (exit, log) = run_to_end(&docker, &of, main).await;
        let case = format!("{user:?}, {reads_directly}: {what}");
        assert_eq!(exit.code, 0, "{case}: {log}");
        let collected = docker.collect(&of).await.unwrap();
        let said = collected.output;
        assert_eq!(said.as_deref(), output.map(str::as_bytes), "{case}");
        assert_eq!(collected.artifacts, artifacts, "{case}");
        docker.remove(&of).await.unwrap();
    }
    tidy(docker, run, &[]).await;
}

#[tokio::test]
async fn an_output_that_is_no_file_is_refused_and_leads_to_nothing_of_the_host() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "host=secret\n").unwrap();
    let path = secret.path().display();
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    for what in [
        format!("ln -s {path} $GOFER_OUTPUT"),
        format!("ln -s ../../../../../../../..{path} $GOFER_OUTPUT"),
        "mknod $GOFER_OUTPUT c 1 5".to_owned(),
        "mkfifo $GOFER_OUTPUT".to_owned(),
        "mkdir $GOFER_OUTPUT".to_owned(),
    ] {
        let of = id(run, "task");
        let (exit, log) = run_to_end(&docker, &of, script(&what)).await;
        assert_eq!(exit.code, 0, "{what}: {log}");
        let said = docker.collect(&of).await.unwrap_err().to_string();
        assert!(said.contains("not a file any more"), "{what}: {said}");
        docker.remove(&of).await.unwrap();
    }
    tidy(docker, run, &[]).await;
}

/// Whether the attempt has a volume at `/gofer`, and none of the container's own folders.
async fn has_volume(bench: &OnDocker, of: &AttemptId) -> bool {
    let container = bench.id_of(of).await.unwrap();
    let inspected = bench.client.inspect_container(&container, None).await;
    !inspected.unwrap().mounts.unwrap_or_default().is_empty()
}

async fn is_within_reach(docker: &Docker) -> bool {
    let root = docker.probe().await.unwrap().data_root.unwrap();
    let is_ours = std::fs::read_dir(std::path::Path::new(&root).join("volumes")).is_ok();
    if !is_ours {
        println!("skipped: what the engine keeps is not within reach");
    }
    is_ours
}

/// An image that has something where we put our folders.
async fn stale(bench: &OnDocker) -> String {
    let body = ContainerCreateBody {
        image: Some(engine::IMAGE.to_owned()),
        cmd: Some(vec!["true".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let made = bench
        .client
        .create_container(None::<CreateContainerOptions>, body);
    let container = made.await.unwrap().id;
    let mut tar = tar::Builder::new(Vec::new());
    for path in ["gofer/output", "gofer/artifacts/old"] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(6);
        tar.append_data(&mut header, path, &b"old=1\n"[..]).unwrap();
    }
    let body = bollard::body_full(tar.into_inner().unwrap().into());
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    let upload = bench
        .client
        .upload_to_container(&container, Some(options), body);
    upload.await.unwrap();
    let options = CommitContainerOptionsBuilder::new()
        .container(&container)
        .repo("gofer-test/stale")
        .tag("1")
        .build();
    let commit = bench
        .client
        .commit_container(options, ContainerConfig::default());
    commit.await.unwrap();
    bench
        .client
        .remove_container(&container, None)
        .await
        .unwrap();
    "gofer-test/stale:1".to_owned()
}

#[tokio::test]
async fn what_an_image_has_there_is_neither_seen_nor_handed_on() {
    let bench = OnDocker::new().await;
    let image = stale(&bench).await;
    for reads_directly in [true, false] {
        let docker = bench
            .with(Options {
                reads_directly,
                ..Options::default()
            })
            .await;
        let run = bench.run();
        // Of the first it is not known yet where the engine keeps things.
        for task in ["first", "second"] {
            let mut main = script("ls -A $GOFER_ARTIFACTS; ! test -e $GOFER_OUTPUT");
            main.image.clone_from(&image);
            let of = id(run, task);
            let (exit, log) = run_to_end(&docker, &of, main).await;
            assert_eq!((exit.code, &*log), (0, ""), "{task}, {reads_directly}");
            let collected = docker.collect(&of).await.unwrap();
            let found = (collected.output, collected.artifacts);
            assert_eq!(found, (None, false), "{task}, {reads_directly}");
        }
        tidy(docker, run, &["first", "second"]).await;
    }
}

#[tokio::test]
async fn only_an_attempt_that_brings_nothing_has_its_folder_among_its_own() {
    let bench = OnDocker::warm().await;
    let docker = bench.docker().await;
    if !is_within_reach(&docker).await {
        return;
    }
    let run = bench.run();
    let mut read_only = script("true");
    read_only.read_only = true;
    for (task, main, wanted) in [
        ("plain", script("true"), false),
        ("interpreter", script("#!/bin/sh\ntrue"), true),
        ("locked", read_only, true),
    ] {
        let of = id(run, task);
        let (exit, log) = run_to_end(&docker, &of, main).await;
        assert_eq!(exit.code, 0, "{task}: {log}");
        assert_eq!(has_volume(&bench, &of).await, wanted, "{task}");
    }
    tidy(docker, run, &["plain", "interpreter", "locked"]).await;
}

#[tokio::test]
async fn whatever_a_job_makes_of_its_folder_is_judged_from_within() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("output"), "host=secret\n").unwrap();
    let outside = outside.path().display();
    let bench = OnDocker::warm().await;
    let docker = bench.docker().await;
    let run = bench.run();
    for (what, output, artifacts) in [
        ("rm -rf /gofer".to_owned(), None, false),
        (
            format!("rm -rf /gofer; ln -s {outside} /gofer"),
            None,
            false,
        ),
        (
            "mv /gofer /old; mkdir /gofer; echo a=1 > $GOFER_OUTPUT".to_owned(),
            Some("a=1\n"),
            false,
        ),
        (
            "rm -rf /gofer; ln -s /tmp /gofer; echo a=2 > /tmp/output".to_owned(),
            Some("a=2\n"),
            false,
        ),
        (
            "echo a=3 > /etc/a; mv /etc/a $GOFER_OUTPUT; mv /tmp $GOFER_ARTIFACTS".to_owned(),
            Some("a=3\n"),
            true,
        ),
        (
            "rm -rf /gofer; mv /tmp /gofer; mv /etc/group $GOFER_OUTPUT".to_owned(),
            Some("root:x:0:\nworker:x:1000:\n"),
            false,
        ),
    ] {
        let of = id(run, "task");
        let (exit, log) = run_to_end(&docker, &of, script(&what)).await;
        assert_eq!(exit.code, 0, "{what}: {log}");
        let collected = docker.collect(&of).await.unwrap();
        let said = collected
            .output
            .map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(said.as_deref(), output, "{what}");
        assert_eq!(collected.artifacts, artifacts, "{what}");
        docker.remove(&of).await.unwrap();
    }
    tidy(docker, run, &[]).await;
}

struct No;

#[async_trait]
impl Permit for No {
    async fn may_start(&self, _: &str) -> Result<(), Refused> {
        Err(Refused)
    }
}

/// What one process makes without a volume and does not start; then what it made by hand goes.
async fn unfurnished(bench: &OnDocker, of: &AttemptId, main: Container) -> Option<String> {
    let docker = bench.docker().await;
    let is_within_reach = is_within_reach(&docker).await;
    let (to, _facts) = unbounded_channel();
    let mut request = order(of, main, false, to);
    request.permit = Box::new(No);
    assert!(docker.ensure(request).await.is_err());
    docker.close().await;
    let container = bench.id_of(of).await.unwrap();
    if !is_within_reach {
        return None;
    }
    assert!(!has_volume(bench, of).await);
    let inspected = bench.client.inspect_container(&container, None).await;
    let layer = inspected.unwrap().graph_driver?.data.remove("UpperDir")?;
    std::fs::remove_dir_all(std::path::Path::new(&layer).join("gofer")).unwrap();
    Some(container)
}

async fn asking(bench: &OnDocker) -> Docker {
    let options = Options {
        reads_directly: false,
        ..Options::default()
    };
    bench.with(options).await
}

#[tokio::test]
async fn who_asks_the_engine_makes_anew_what_another_made_without_a_volume() {
    let bench = OnDocker::warm().await;
    let image = stale(&bench).await;
    let of = id(bench.run(), "task");
    let main = || {
        let mut main = script("ls -A $GOFER_ARTIFACTS; ! test -e $GOFER_OUTPUT");
        main.image.clone_from(&image);
        main
    };
    let Some(made) = unfurnished(&bench, &of, main()).await else {
        return;
    };
    let docker = asking(&bench).await;
    let going = start(&docker, &of, main(), false).await.unwrap();
    let (exit, log) = going.end().await;
    assert_eq!((exit.code, &*log), (0, ""));
    assert_ne!(bench.id_of(&of).await, Some(made));
    assert!(has_volume(&bench, &of).await);
    assert_eq!(docker.collect(&of).await.unwrap().output, None);
    tidy(docker, of.run, &["task"]).await;
}

#[tokio::test]
async fn what_was_permitted_without_a_volume_is_furnished_by_the_engine() {
    let bench = OnDocker::warm().await;
    let of = id(bench.run(), "task");
    let main = || {
        let mut main = script("echo a=$(id -u) > $GOFER_OUTPUT; touch $GOFER_ARTIFACTS/x");
        main.user = Some("worker".to_owned());
        main
    };
    let Some(made) = unfurnished(&bench, &of, main()).await else {
        return;
    };
    let docker = asking(&bench).await;
    let (to, facts) = unbounded_channel();
    let mut request = order(&of, main(), false, to);
    (request.stage, request.permitted) = (Stage::Starting, Some(made));
    let log = docker.ensure(request).await.unwrap();
    let (exit, log) = Going { log, facts }.end().await;
    assert_eq!(exit.code, 0, "{log}");
    let collected = docker.collect(&of).await.unwrap();
    assert_eq!(collected.output.as_deref(), Some(&b"a=1000\n"[..]));
    assert!(collected.artifacts);
    tidy(docker, of.run, &["task"]).await;
}
