//! Containers beside a task's.

use super::{
    Bench, Outcome,
    files::shell,
    skipped,
    tried::{Asking, PATIENCE, Started, attempt, start_container, tidy},
};
use crate::{Fact, LogEvent, Role, Scheduler, Service, StartError, Stream};
use gofer_core::{
    id::AttemptId,
    name::ServiceName,
    run::{Reason, Stage},
};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

const PORT: u16 = 5432;

fn service(bench: &dyn Bench, id: &AttemptId, script: &str) -> Result<Service, String> {
    Ok(Service {
        name: name("db")?,
        container: shell(bench, id, script),
        ready_tcp: Some(PORT),
        ready_command: None,
        ready_timeout: Duration::from_secs(30),
    })
}

fn name(text: &str) -> Result<ServiceName, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

/// Listens, and says hello to everybody.
fn listening(before: &str) -> String {
    format!("echo up; {before}; exec nc -ll -p {PORT} -e echo hello")
}

/// Asks for an attempt with this service, and for the service's log.
async fn ask(
    bench: &dyn Bench,
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    script: &str,
    service: Service,
    stage: Stage,
) -> (Result<Started, StartError>, Receiver<LogEvent>) {
    let (to, log) = channel(1024);
    let asking = Asking {
        service_logs: vec![(service.name.clone(), to)],
        services: vec![service],
        ..Asking::at(stage)
    };
    let main = shell(bench, id, script);
    (start_container(scheduler, id, main, asking).await, log)
}

/// All that came, to its end.
async fn read(bench: &dyn Bench, mut log: Receiver<LogEvent>) -> Result<Vec<LogEvent>, String> {
    let clock = bench.clock();
    let reading = async {
        let mut events = Vec::new();
        while let Some(event) = log.recv().await {
            events.push(event);
        }
        events
    };
    tokio::select! {
        biased;
        events = reading => Ok(events),
        () = clock.sleep(PATIENCE) => Err("a service's log did not end".to_owned()),
    }
}

fn text(events: &[LogEvent]) -> String {
    let pieces = events.iter().map(|event| match event {
        LogEvent::Bytes { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
        LogEvent::Replay | LogEvent::Broken => String::new(),
    });
    pieces.collect()
}

fn failure(started: Result<Started, StartError>) -> Result<String, String> {
    match started {
        Err(StartError::Failed {
            reason: Reason::ServiceFailed,
            message,
            never_again: false,
        }) => Ok(message),
        Err(other) => Err(format!("another error: {other:?}")),
        Ok(_) => Err("it started".to_owned()),
    }
}

async fn is_clean(scheduler: &dyn Scheduler, id: &AttemptId) -> Outcome {
    let ours = scheduler
        .list_ours()
        .await
        .map_err(|error| error.to_string())?;
    let left: Vec<_> = ours
        .iter()
        .filter(|ours| ours.run == Some(id.run))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

macro_rules! need_scripts {
    ($bench:expr) => {
        if !$bench.abilities().scripts {
            skipped("scripts");
            return Ok(());
        }
    };
}

/// By its name and as localhost, at once: nobody has to try twice.
pub async fn a_task_starts_when_its_service_accepts_connections(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "tcp")?;
    let beside = service(bench, &id, &listening("sleep 1"))?;
    let script = format!("nc db {PORT} </dev/null; nc localhost {PORT} </dev/null");
    let (started, log) = ask(bench, &*scheduler, &id, &script, beside, Stage::Creating).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    assert_eq!(tried.exit()?.code, 0);
    assert_eq!(tried.written(Stream::Stdout), b"hello\nhello\n");
    let waited = |fact: &Fact| matches!(fact, Fact::Waiting(text) if text.contains("db"));
    assert!(tried.facts.iter().any(waited), "{:?}", tried.facts);
    assert_eq!(text(&read(bench, log).await?), "up\n");
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_command_says_that_a_service_is_ready(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "command")?;
    let script = "sleep 1; touch /tmp/ready; sleep 60";
    let mut beside = service(bench, &id, script)?;
    beside.ready_tcp = None;
    let command = ["test", "-e", "/tmp/ready"].map(str::to_owned);
    beside.ready_command = Some(command.into());
    let begun = bench.clock().moment();
    let (started, _log) = ask(bench, &*scheduler, &id, "true", beside, Stage::Creating).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    assert_eq!(tried.exit()?.code, 0);
    let took = bench.clock().moment().0.saturating_sub(begun.0);
    assert!(took >= Duration::from_secs(1), "{took:?}");
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// The sentence has the service's name, its exit code and its last lines.
pub async fn a_service_that_ends_too_early_fails_the_start_and_says_why(
    bench: &dyn Bench,
) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "early")?;
    let script = "echo starting; echo no room for data >&2; exit 7";
    let beside = service(bench, &id, script)?;
    let (started, log) = ask(bench, &*scheduler, &id, "true", beside, Stage::Creating).await;
    let message = failure(started)?;
    for words in ["db", "exit code 7", "starting", "no room for data"] {
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
    assert_eq!(bench.starts(&id).await, 0);
    let log = text(&read(bench, log).await?);
    assert!(log.contains("no room for data"), "{log:?}");
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_service_that_is_not_ready_in_time_fails_the_start(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "late")?;
    let mut beside = service(bench, &id, "echo thinking; sleep 60")?;
    beside.ready_timeout = Duration::from_secs(1);
    let (started, log) = ask(bench, &*scheduler, &id, "true", beside, Stage::Creating).await;
    let message = failure(started)?;
    for words in ["db", "1s", "5432", "thinking"] {
        assert!(message.contains(words), "{message:?} lacks {words:?}");
    }
    assert_eq!(bench.starts(&id).await, 0);
    // It is ended though nobody removed it yet.
    assert_eq!(text(&read(bench, log).await?), "thinking\n");
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// It gets SIGTERM when its task has ended, and its log is kept to the last byte.
pub async fn a_service_is_asked_to_end_when_its_task_has_ended(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "ends")?;
    let script = "trap 'echo saving; sleep 1; echo saved; exit 0' TERM; \
                  echo up; while :; do sleep 0.1; done";
    let mut beside = service(bench, &id, script)?;
    beside.ready_tcp = None;
    let (started, log) = ask(bench, &*scheduler, &id, "sleep 1", beside, Stage::Creating).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    assert_eq!(tried.exit()?.code, 0);
    // At once: it has its grace all the same.
    let removed = scheduler.remove(&id).await;
    removed.map_err(|error| error.to_string())?;
    assert_eq!(text(&read(bench, log).await?), "up\nsaving\nsaved\n");
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// See the name.
pub async fn a_service_that_ends_after_the_start_does_not_fail_its_task(
    bench: &dyn Bench,
) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "after")?;
    let script = format!("nc -l -p {PORT}; echo gone; exit 3");
    let beside = service(bench, &id, &script)?;
    let (started, log) = ask(bench, &*scheduler, &id, "sleep 2", beside, Stage::Creating).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    assert_eq!(tried.exit()?.code, 0);
    assert_eq!(text(&read(bench, log).await?), "gone\n");
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// Each sees its own.
pub async fn two_attempts_of_a_run_have_a_service_on_one_port(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let run = bench.run();
    let one = async |task: &str| {
        let id = attempt(run, task)?;
        let script = format!("exec nc -ll -p {PORT} -e echo {task}");
        let beside = service(bench, &id, &script)?;
        let script = format!("sleep 1; nc db {PORT} </dev/null");
        let (started, _log) = ask(bench, &*scheduler, &id, &script, beside, Stage::Creating).await;
        let tried = started
            .map_err(|error| error.to_string())?
            .end(bench)
            .await?;
        assert_eq!(
            tried.written(Stream::Stdout),
            format!("{task}\n").into_bytes()
        );
        Ok::<_, String>(id)
    };
    let (a, b) = tokio::join!(one("a"), one("b"));
    let (a, b) = (a?, b?);
    // Both, before the run is released: an engine may keep a network that somebody is on.
    for id in [&a, &b] {
        let removed = scheduler.remove(id).await;
        removed.map_err(|error| error.to_string())?;
    }
    tidy(&*scheduler, &[&a, &b]).await?;
    scheduler.close().await;
    Ok(())
}

/// A Gofer that comes later goes on with the service's log from its first byte.
pub async fn services_are_taken_up_by_another_gofer(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "taken")?;
    let beside = || service(bench, &id, &listening("true"));
    let script = format!("sleep 3; nc db {PORT} </dev/null");
    let (started, log) = ask(bench, &*scheduler, &id, &script, beside()?, Stage::Creating).await;
    drop(started.map_err(|error| error.to_string())?);
    drop(log);
    scheduler.close().await;
    let scheduler = bench.connect().await;
    let (started, log) = ask(bench, &*scheduler, &id, &script, beside()?, Stage::Started).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    assert_eq!(tried.exit()?.code, 0);
    assert_eq!(tried.written(Stream::Stdout), b"hello\n");
    let log = read(bench, log).await?;
    assert_eq!(log.first(), Some(&LogEvent::Replay));
    assert_eq!(text(&log), "up\n");
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// The task was not permitted to start and is asked for again: its service is the same one.
pub async fn services_of_a_task_that_was_not_started_are_found_again(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "again")?;
    let beside = || service(bench, &id, &listening("true"));
    let script = format!("nc db {PORT} </dev/null");
    let (to, _log) = channel(1024);
    let refusing = Asking {
        permitted: false,
        service_logs: vec![(name("db")?, to)],
        services: vec![beside()?],
        ..Asking::default()
    };
    let main = shell(bench, &id, &script);
    let refused = start_container(&*scheduler, &id, main, refusing).await;
    assert!(
        matches!(refused, Err(StartError::Refused)),
        "it was not refused"
    );
    scheduler.close().await;
    let scheduler = bench.connect().await;
    let (started, log) = ask(bench, &*scheduler, &id, &script, beside()?, Stage::Creating).await;
    let tried = started
        .map_err(|error| error.to_string())?
        .end(bench)
        .await?;
    assert_eq!(tried.exit()?.code, 0);
    assert_eq!(tried.written(Stream::Stdout), b"hello\n");
    assert_eq!(text(&read(bench, log).await?), "up\n");
    assert_eq!(bench.starts(&id).await, 1);
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}

/// Whoever removes the attempt knows them by their labels alone.
pub async fn services_go_with_an_attempt_whose_gofer_died(bench: &dyn Bench) -> Outcome {
    need_scripts!(bench);
    let scheduler = bench.connect().await;
    let id = attempt(bench.run(), "died")?;
    let beside = service(bench, &id, &listening("true"))?;
    let (started, _log) = ask(bench, &*scheduler, &id, "sleep 60", beside, Stage::Creating).await;
    drop(started.map_err(|error| error.to_string())?);
    scheduler.close().await;
    let scheduler = bench.connect().await;
    let ours = scheduler
        .list_ours()
        .await
        .map_err(|error| error.to_string())?;
    let of = |role| {
        ours.iter()
            .filter(|ours| ours.role == role && ours.running)
            .count()
    };
    assert_eq!((of(Role::Attempt), of(Role::Service)), (1, 1), "{ours:?}");
    assert!(
        ours.iter()
            .all(|ours| ours.role == Role::Volume || ours.attempt.as_ref() == Some(&id))
    );
    tidy(&*scheduler, &[&id]).await?;
    is_clean(&*scheduler, &id).await?;
    scheduler.close().await;
    Ok(())
}
