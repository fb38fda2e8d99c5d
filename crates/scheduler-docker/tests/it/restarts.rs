//! What is said of jobs whose engine goes away under them.

use crate::{
    bench::{OnDocker, container},
    clock::Real,
    private::Private,
};
use async_trait::async_trait;
use futures_util::{StreamExt, future::join_all};
use gofer_core::{
    Clock,
    container::Exec,
    id::{AttemptId, Epoch, RunId},
    run::Stage,
};
use gofer_scheduler::{
    Attempt, Ensure, Exit, Fact, LogEvent, Permit, Refused, Scheduler, conformance::Bench,
};
use gofer_scheduler_docker::Docker;
use rustix::process::Signal;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc::unbounded_channel};

struct Yes;

#[async_trait]
impl Permit for Yes {
    async fn may_start(&self, _: &str) -> Result<(), Refused> {
        Ok(())
    }
}

struct Followed {
    task: &'static str,
    facts: Vec<Fact>,
    log: Vec<LogEvent>,
    ended: Duration,
}

impl Followed {
    fn exit(&self) -> Option<&Exit> {
        match self.facts.last() {
            Some(Fact::Exited(exit)) => Some(exit),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for event in &self.log {
            if let LogEvent::Bytes { bytes, .. } = event {
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        text
    }
}

/// Starts a script and follows it to its end.
async fn follow(
    docker: &Docker,
    run: RunId,
    (task, script): (&'static str, &str),
    stage: Stage,
    begun: &Semaphore,
) -> Followed {
    let (to, mut inbox) = unbounded_channel();
    let id = AttemptId {
        run,
        task: task.parse().unwrap(),
        item: None,
        number: 1,
    };
    let request = Ensure {
        id,
        pipeline: "default/restarts".to_owned(),
        number: 1,
        epoch: Epoch(1),
        stage,
        permitted: None,
        more_to_come: false,
        behind: None,
        recipe: String::new(),
        attempt: Attempt {
            main: container(Exec::Script(script.to_owned())),
            services: Vec::new(),
            labels: Vec::new(),
        },
        inputs: None,
        service_logs: Vec::new(),
        permit: Box::new(Yes),
        facts: to,
    };
    let log = docker.ensure(request).await.unwrap();
    let mut reads = 0;
    let log = log.inspect(|event| {
        reads += u32::from(matches!(event, LogEvent::Bytes { .. }));
        begun.add_permits(usize::from(reads == 1));
    });
    let reading = log.collect::<Vec<_>>();
    let hearing = async {
        let mut facts = Vec::new();
        while let Some(fact) = inbox.recv().await {
            facts.push(fact);
        }
        facts
    };
    let (log, facts) = tokio::join!(reading, hearing);
    Followed {
        task,
        facts,
        log,
        ended: Real.moment().0,
    }
}

/// Each says `begun` first, so that the break comes when all run.
const JOBS: [(&str, &str); 5] = [
    ("plain", "echo begun; sleep 100"),
    (
        "trapping",
        "trap 'exit 0' TERM; echo begun; i=0; while [ $i -lt 100 ]; do sleep 1 & wait $!; i=$((i+1)); done",
    ),
    ("failing", "echo begun; sleep 4; exit 3"),
    ("finishing", "echo begun; sleep 4; echo done"),
    (
        "counting",
        "i=0; while [ $i -lt 80 ]; do echo line $i; i=$((i+1)); sleep 0.1; done",
    ),
];

struct Seen {
    jobs: Vec<Followed>,
    answering: Duration,
}

/// Takes the engine away for about three seconds, in which two of the jobs end.
async fn broken(live_restore: bool, signal: Signal) -> Seen {
    let mut engine = Private::new(live_restore).await;
    let bench = OnDocker::at(engine.found()).await;
    let docker = bench.docker().await;
    let run = bench.run();
    let begun = Semaphore::new(0);
    let following = JOBS.map(|job| follow(&docker, run, job, Stage::Creating, &begun));
    let breaking = async {
        let all = u32::try_from(JOBS.len()).unwrap();
        let _all = begun.acquire_many(all).await.unwrap();
        let (engine, answering) = tokio::task::spawn_blocking(move || {
            engine.end(signal);
            std::thread::sleep(Duration::from_secs(2));
            engine.start();
            (engine, Real.moment().0)
        })
        .await
        .unwrap();
        if live_restore {
            // What runs on for good has to be asked to end.
            tokio::time::sleep(Duration::from_secs(8)).await;
            for task in ["plain", "trapping"] {
                let id = AttemptId {
                    run,
                    task: task.parse().unwrap(),
                    item: None,
                    number: 1,
                };
                docker.stop(&id, Duration::from_secs(10)).await.unwrap();
            }
        }
        (engine, answering)
    };
    let (jobs, (engine, answering)) = tokio::join!(join_all(following), breaking);
    docker.close().await;
    engine.finish().await;
    for job in &jobs {
        println!(
            "{}: {:?}, {:?} after",
            job.task,
            job.facts,
            job.ended.saturating_sub(answering)
        );
    }
    Seen { jobs, answering }
}

/// Without live-restore no exit of these codes can be believed.
async fn nothing_is_believed(signal: Signal) {
    let Seen { jobs, answering } = broken(false, signal).await;
    for job in jobs {
        let task = job.task;
        let exit = job
            .exit()
            .unwrap_or_else(|| panic!("{task}: {:?}", job.facts));
        let told_from_success = exit.engine_restarted || exit.stopped_outside || exit.code != 0;
        assert!(told_from_success, "{task} would have succeeded: {exit:?}");
        if matches!(exit.code, 0 | 137 | 143 | 255) {
            assert!(exit.engine_restarted, "{task}: {exit:?}");
        }
        assert!(
            job.ended.saturating_sub(answering) < Duration::from_secs(5),
            "{task} was slow"
        );
        assert!(
            job.log.contains(&LogEvent::Broken),
            "{task}: no hole is marked"
        );
        let begun = if task == "counting" {
            "line 0\n"
        } else {
            "begun\n"
        };
        assert_eq!(
            job.text().matches(begun).count(),
            1,
            "{task}: {}",
            job.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_engine_is_not_believed() {
    nothing_is_believed(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_engine_is_not_believed() {
    nothing_is_believed(Signal::KILL).await;
}

/// With live-restore the jobs run on, and what they come to is the truth.
async fn jobs_run_on(signal: Signal) {
    let Seen { jobs, .. } = broken(true, signal).await;
    let expected = [
        ("plain", 143),
        ("trapping", 0),
        ("failing", 3),
        ("finishing", 0),
        ("counting", 0),
    ];
    for (job, (task, code)) in jobs.iter().zip(expected) {
        assert_eq!(job.task, task);
        let exit = job
            .exit()
            .unwrap_or_else(|| panic!("{task}: {:?}", job.facts));
        assert_eq!(exit.code, code, "{task}: {exit:?}");
        assert!(
            !exit.engine_restarted && !exit.stopped_outside,
            "{task}: {exit:?}"
        );
        let away = job
            .facts
            .iter()
            .position(|fact| matches!(fact, Fact::Away(_)));
        let back = job.facts.iter().position(|fact| *fact == Fact::Back);
        assert!(away.is_some() && away < back, "{task}: {:?}", job.facts);
        // Nothing twice, and order kept; what is missing is behind the mark.
        let text = job.text();
        let lines: Vec<&str> = text.lines().collect();
        let mut once = lines.clone();
        once.dedup();
        assert_eq!(lines, once, "{task}");
    }
    let counted: Vec<u32> = jobs[4]
        .text()
        .lines()
        .map(|line| line.trim_start_matches("line ").parse().unwrap())
        .collect();
    assert!(
        counted.is_sorted() && counted.last() == Some(&79),
        "{counted:?}"
    );
    assert!(jobs[4].log.contains(&LogEvent::Broken), "no hole is marked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_outlive_the_restart_of_an_engine_with_live_restore() {
    jobs_run_on(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_outlive_the_death_of_an_engine_with_live_restore() {
    jobs_run_on(Signal::KILL).await;
}

/// Gofer and its engine both died; only Gofer's store remembers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_of_an_engine_that_died_with_gofer_is_not_believed() {
    let mut engine = Private::new(false).await;
    let bench = OnDocker::at(engine.found()).await;
    let docker = bench.docker().await;
    let run = bench.run();
    let begun = Semaphore::new(0);
    let following = follow(&docker, run, JOBS[1], Stage::Creating, &begun);
    let leaving = async {
        let _begun = begun.acquire().await.unwrap();
        docker.close().await;
    };
    let (left, ()) = tokio::join!(following, leaving);
    assert!(left.exit().is_none(), "{:?}", left.facts);
    let engine = tokio::task::spawn_blocking(move || {
        engine.end(Signal::KILL);
        engine.start();
        engine
    })
    .await
    .unwrap();
    let docker = bench.docker().await;
    let found = follow(&docker, run, JOBS[1], Stage::Started, &begun).await;
    let exit = found.exit().unwrap();
    assert!(exit.engine_restarted, "{exit:?}");
    assert_eq!(found.log.first(), Some(&LogEvent::Replay));
    docker.close().await;
    engine.finish().await;
}
