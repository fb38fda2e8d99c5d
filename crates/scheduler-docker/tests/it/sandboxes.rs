//! Networks that several attempts of a run have one after the other.

use crate::{
    bench::OnDocker,
    tasks::{Going, id, order, run_to_end, script, start, tidy},
};
use async_trait::async_trait;
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use gofer_core::{id::AttemptId, run::Stage};
use gofer_scheduler::{Ensure, Permit, Refused, Role, Scheduler, StartError, conformance::Bench};
use gofer_scheduler_docker::Docker;
use std::{sync::mpsc, time::Duration};
use tokio::sync::mpsc::unbounded_channel;

/// Which network a task is in: the name of its namespace.
const NETWORK: &str = "readlink /proc/self/ns/net";

async fn sandboxes(docker: &Docker) -> usize {
    let ours = docker.list_ours().await.unwrap();
    ours.iter()
        .filter(|ours| ours.role == Role::Sandbox && ours.running)
        .count()
}

async fn until_sandboxes(docker: &Docker, wanted: usize) {
    for _ in 0..200 {
        if sandboxes(docker).await >= wanted {
            // Seen by the engine; a moment later by us, too.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no sandbox was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_tasks_share_a_sandbox_and_tasks_at_the_same_time_never_do() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    let (_, first) = run_to_end(&docker, &id(run, "first"), script(NETWORK)).await;
    until_sandboxes(&docker, 1).await;
    let (_, second) = run_to_end(&docker, &id(run, "second"), script(NETWORK)).await;
    let (_, third) = run_to_end(&docker, &id(run, "third"), script(NETWORK)).await;
    assert_eq!(second, third);
    assert!(!first.is_empty());

    let slow = format!("{NETWORK}; sleep 1");
    let going = ["a", "b", "c"].map(|task| run_to_end_of(&docker, id(run, task), &slow));
    let mut networks: Vec<String> = futures_util::future::join_all(going).await;
    networks.sort();
    networks.dedup();
    assert_eq!(networks.len(), 3, "tasks at the same time share a network");

    let other = bench.run();
    let (_, of_other) = run_to_end(&docker, &id(other, "first"), script(NETWORK)).await;
    assert!(
        !networks.contains(&of_other) && of_other != second,
        "runs share a network"
    );
    docker.remove(&id(other, "first")).await.unwrap();
    docker.release(&other).await.unwrap();
    tidy(docker, run, &["first", "second", "third", "a", "b", "c"]).await;
}

/// Says yes, and how many sandboxes run by then.
struct Looks(Docker, mpsc::Sender<usize>);

#[async_trait]
impl Permit for Looks {
    async fn may_start(&self, _: &str) -> Result<(), Refused> {
        let _ = self.1.send(sandboxes(&self.0).await);
        Ok(())
    }
}

/// On a machine that is very busy it does not wait so long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_of_several_tasks_waits_for_the_sandbox() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    for _ in 0..5 {
        let run = bench.run();
        let (asked, of) = mpsc::channel();
        let permit = Looks(docker.clone(), asked);
        let (to, facts) = unbounded_channel();
        let log = docker.ensure(Ensure {
            permit: Box::new(permit),
            ..order(&id(run, "first"), script(NETWORK), true, to)
        });
        let log = log.await.unwrap();
        let (_, first) = Going { log, facts }.end().await;
        let (_, second) = run_to_end(&docker, &id(run, "second"), script(NETWORK)).await;
        for task in ["first", "second"] {
            docker.remove(&id(run, task)).await.unwrap();
        }
        docker.release(&run).await.unwrap();
        if first == second {
            let running = of.recv().unwrap();
            assert_eq!(running, 1, "it was permitted before its network was there");
            return;
        }
    }
    panic!("in none of five runs the first task was in the sandbox");
}

/// As somebody else would.
async fn remove_sandbox(bench: &OnDocker, docker: &Docker) {
    let ours = docker.list_ours().await.unwrap();
    let holder = ours.iter().find(|ours| ours.role == Role::Sandbox).unwrap();
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    let removed = bench.client.remove_container(&holder.name, Some(options));
    removed.await.unwrap();
}

/// Says no, and whom it was asked about.
struct No(mpsc::Sender<String>);

#[async_trait]
impl Permit for No {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        let _ = self.0.send(container.to_owned());
        Err(Refused)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_permitted_and_whose_sandbox_has_gone_since_runs_all_the_same() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    run_to_end(&docker, &id(run, "first"), script("true")).await;
    until_sandboxes(&docker, 1).await;
    let second = id(run, "second");
    let (asked, of) = mpsc::channel();
    let (to, _facts) = unbounded_channel();
    let order = order(&second, script("echo fine"), true, to);
    let refused = docker.ensure(Ensure {
        permit: Box::new(No(asked)),
        ..order
    });
    assert!(matches!(refused.await, Err(StartError::Refused)));
    let made = of.recv().unwrap();
    remove_sandbox(&bench, &docker).await;

    // As after a restart of the engine, or of Gofer: it was permitted and has not run.
    let (to, facts) = unbounded_channel();
    let order = self::order(&second, script("echo fine"), true, to);
    let log = docker.ensure(Ensure {
        stage: Stage::Starting,
        permitted: Some(made),
        ..order
    });
    let going = Going {
        log: log.await.unwrap(),
        facts,
    };
    let (exit, log) = going.end().await;
    assert_eq!((exit.code, log.as_str()), (0, "fine\n"));
    tidy(docker, run, &["first", "second"]).await;
}

async fn run_to_end_of(docker: &Docker, id: AttemptId, text: &str) -> String {
    run_to_end(docker, &id, script(text)).await.1
}

#[tokio::test]
async fn a_run_of_one_task_makes_no_sandbox() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    docker.prepare(&run).await;
    let going = start(&docker, &id(run, "only"), script("sleep 1"), false)
        .await
        .unwrap();
    assert_eq!(sandboxes(&docker).await, 0);
    going.end().await;
    assert_eq!(sandboxes(&docker).await, 0);
    tidy(docker, run, &["only"]).await;
}

#[tokio::test]
async fn a_task_whose_sandbox_somebody_removed_runs_on_its_own_network() {
    let bench = OnDocker::new().await;
    let docker = bench.docker().await;
    let run = bench.run();
    run_to_end(&docker, &id(run, "first"), script("true")).await;
    until_sandboxes(&docker, 1).await;
    remove_sandbox(&bench, &docker).await;
    let (exit, log) = run_to_end(&docker, &id(run, "second"), script("echo fine")).await;
    assert_eq!((exit.code, log.as_str()), (0, "fine\n"));
    tidy(docker, run, &["first", "second"]).await;
}
