//! What is kept of an attempt that failed, and sessions in it.

use super::{
    Bench, Outcome,
    files::{said, shell},
    skipped,
    tried::{Asking, PATIENCE, attempt},
};
use crate::{Ours, Role, Scheduler, Session, Shell, ShellEvent, Stream};
use bytes::Bytes;
use futures_util::StreamExt;
use gofer_core::id::{AttemptId, InstanceId, RunId};
use std::time::Duration;

fn wanted(run: RunId, script: &str) -> Shell {
    Shell {
        owner: InstanceId(run.0),
        command: ["sh", "-c", script].map(str::to_owned).into(),
        terminal: None,
    }
}

/// Everything that a session says, by stream, and its exit.
async fn hear(session: Session) -> Result<(String, String, Option<i32>), String> {
    let Session {
        mut events, input, ..
    } = session;
    drop(input);
    let (mut out, mut err, mut exit) = (Vec::new(), Vec::new(), None);
    while let Some(event) = events.next().await {
        match event.map_err(|error| error.to_string())? {
            ShellEvent::Bytes(Stream::Stdout, bytes) => out.extend_from_slice(&bytes),
            ShellEvent::Bytes(Stream::Stderr, bytes) => err.extend_from_slice(&bytes),
            ShellEvent::Exit(code) => exit = Some(code),
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((text(out), text(err), exit))
}

/// An attempt that failed, was kept, and whose run was released.
async fn kept(bench: &dyn Bench, scheduler: &dyn Scheduler) -> Result<AttemptId, String> {
    let run = bench.run();
    let id = attempt(run, "kept")?;
    let mut main = shell(
        bench,
        &id,
        "echo left > /tmp/left; echo a=1 > $GOFER_OUTPUT",
    );
    main.working_dir = Some("/tmp".to_owned());
    said(bench, scheduler, &id, main, Asking::default()).await?;
    let words = |error: crate::Error| error.to_string();
    for _ in 0..2 {
        assert!(scheduler.keep(&id).await.map_err(words)?, "it is kept");
    }
    scheduler.release(&run).await.map_err(words)?;
    Ok(id)
}

async fn ours(scheduler: &dyn Scheduler) -> Result<Vec<Ours>, String> {
    let ours = scheduler.list_ours().await;
    ours.map_err(|error| error.to_string())
}

/// Its files, its working folder, both streams and the exit; nothing of the session stays, and
/// what was kept goes when it is removed.
pub async fn what_is_kept_is_looked_into_until_it_is_removed(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = kept(bench, &*scheduler).await?;
    let words = |error: crate::Error| error.to_string();
    for _ in 0..2 {
        let script = "pwd; cat left; cat $GOFER_OUTPUT; echo more >> left; echo no >&2; exit 7";
        let session = scheduler.shell(&id, wanted(id.run, script)).await;
        let (out, err, exit) = hear(session.map_err(words)?).await?;
        assert_eq!(out, "/tmp\nleft\na=1\n", "a copy of what was left");
        assert_eq!((err.as_str(), exit), ("no\n", Some(7)));
        let shells = ours(&*scheduler).await?;
        assert!(
            shells.iter().all(|thing| thing.role != Role::Shell),
            "{shells:?}"
        );
    }
    scheduler.remove(&id).await.map_err(words)?;
    scheduler.release(&id.run).await.map_err(words)?;
    assert_eq!(ours(&*scheduler).await?, []);
    let gone = scheduler.shell(&id, wanted(id.run, "true")).await;
    assert!(
        matches!(gone, Err(crate::Error::Failed(_))),
        "there is nothing any more"
    );
    scheduler.close().await;
    Ok(())
}

/// While it goes on it is listed with whom it serves; dropped, it leaves nothing.
pub async fn a_session_that_is_dropped_leaves_nothing(bench: &dyn Bench) -> Outcome {
    if !bench.abilities().scripts {
        skipped("scripts");
        return Ok(());
    }
    let scheduler = bench.connect().await;
    let id = kept(bench, &*scheduler).await?;
    let words = |error: crate::Error| error.to_string();
    let session = scheduler.shell(&id, wanted(id.run, "cat; sleep 600")).await;
    let mut session = session.map_err(words)?;
    let sent = session.input.send(Bytes::from_static(b"heard\n")).await;
    sent.map_err(|error| error.to_string())?;
    let heard = session.events.next().await;
    let bytes = ShellEvent::Bytes(Stream::Stdout, Bytes::from_static(b"heard\n"));
    assert_eq!(heard, Some(Ok(bytes)));
    let listed = ours(&*scheduler).await?;
    let shells: Vec<&Ours> = listed.iter().filter(|it| it.role == Role::Shell).collect();
    assert!(!shells.is_empty());
    assert!(
        shells
            .iter()
            .all(|it| it.owner == Some(InstanceId(id.run.0))),
        "{shells:?}"
    );
    drop(session);
    let begun = bench.clock().moment();
    while ours(&*scheduler)
        .await?
        .iter()
        .any(|it| it.role == Role::Shell)
    {
        let waited = bench.clock().moment().0.saturating_sub(begun.0);
        assert!(waited < PATIENCE, "the session stays");
        bench.clock().sleep(Duration::from_millis(50)).await;
    }
    scheduler.remove(&id).await.map_err(words)?;
    scheduler.release(&id.run).await.map_err(words)?;
    assert_eq!(ours(&*scheduler).await?, []);
    scheduler.close().await;
    Ok(())
}
