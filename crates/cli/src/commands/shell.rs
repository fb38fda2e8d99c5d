//! A person, or a command of theirs, in a task.

mod terminal;

use crate::{
    args::Visit,
    failure::{Code, Failure, Result},
    follow::Signals,
    project,
    session::Session,
    unit::Unit,
};
use bytes::Bytes;
use futures_util::StreamExt;
use gofer_sdk::{
    ShellEvent, ShellSession, ShellTarget, ShellWriter,
    types::{Run, StartShell, TaskState},
};
use std::io::{Read, Write};
use terminal::{RawTerminal, Resized};
use tokio::sync::mpsc;

/// Bytes read from standard input at once.
const PIECE: usize = 32 * 1024;

pub(crate) async fn shell(session: &Session<'_>, args: &Visit) -> Result<Code> {
    let (client, run, reference) = project::part(session, &args.task).await?;
    let Some(task) = &reference.task else {
        let example = run.tasks.first().map_or("TASK", |task| task.name.as_str());
        let message = format!("{} is a run: name one of its tasks", run.reference());
        let remedy = format!("gofer shell {}/{example}", run.reference());
        return Err(Failure::usage(message).with_remedy(remedy));
    };
    let units = project::units(&run, task, reference.item)?;
    let unit = one(&run, &units)?;
    unit.refuse_if_it_calls(&run, "shell")?;
    let is_terminal = terminal::is_there(session.host);
    let start = StartShell {
        command: args.command.clone(),
        terminal: is_terminal.then(|| terminal::size(session.host)),
    };
    let target = ShellTarget {
        task: unit.task.name.clone(),
        item: unit.item.map(|item| item.index),
        attempt: args.attempt,
    };
    let mut signals = Signals::listen()?;
    let opened = tokio::select! {
        biased;
        () = signals.next() => return Ok(Code::Cancelled),
        opened = client.shell(run.id, &target, &start) => opened?,
    };
    if is_terminal && args.command.is_empty() {
        session.note(greeting(&run, unit, opened.attempt));
    }
    // Dropped on every way out: the terminal is then as it was.
    let raw = is_terminal.then(RawTerminal::enter).transpose()?;
    let ended = tokio::select! {
        biased;
        () = signals.next() => Ok(Code::Cancelled),
        ended = talk(session, opened, is_terminal) => ended,
    };
    drop(raw);
    ended
}

fn one<'u, 'r>(run: &Run, units: &'u [Unit<'r>]) -> Result<&'u Unit<'r>> {
    match units {
        [unit] => Ok(unit),
        [] => Err(Failure::new("there is no such task")),
        [first, ..] => {
            let last = units.last().unwrap_or(first);
            Err(Failure::usage(format!(
                "{}/{} is a fan-out: name one of its items, {} to {}",
                run.reference(),
                first.task.name,
                first.reference(run),
                last.reference(run)
            )))
        }
    }
}

fn greeting(run: &Run, unit: &Unit<'_>, attempt: u32) -> String {
    let name = unit.reference(run);
    let state = unit.attempts().iter().find(|it| it.number == attempt);
    match state.map(|attempt| attempt.state) {
        Some(TaskState::Running) | None => format!("in {name}, beside its process"),
        Some(state) => format!(
            "in a copy of what {name} left (attempt {attempt}, {state}); what you change goes when you leave"
        ),
    }
}

/// Passes bytes both ways until the command has ended.
async fn talk(session: &Session<'_>, opened: ShellSession, is_terminal: bool) -> Result<Code> {
    let ShellSession {
        input, mut events, ..
    } = opened;
    let feeding = feed(session, input.clone());
    let sizing = follow_size(session, input, is_terminal);
    let showing = async {
        let (mut out, mut err) = (session.host.stdout(), session.host.stderr());
        while let Some(event) = events.next().await {
            match event? {
                ShellEvent::Stdout(bytes) => {
                    out.write_all(&bytes)?;
                    out.flush()?;
                }
                ShellEvent::Stderr(bytes) => {
                    err.write_all(&bytes)?;
                    err.flush()?;
                }
                ShellEvent::Exit(code) => return Ok(Code::of_command(code)),
            }
        }
        Err(Failure::new("the command's end was not seen"))
    };
    tokio::select! {
        biased;
        ended = showing => ended,
        () = feeding => Err(Failure::new("standard input cannot be passed on")),
        () = sizing => Err(Failure::new("the terminal's size cannot be followed")),
    }
}

/// Standard input, on a thread of its own: a read that waits is not waited for at the end.
fn read(session: &Session<'_>) -> mpsc::Receiver<Bytes> {
    let (to, from) = mpsc::channel(4);
    let mut stdin = session.host.stdin();
    std::thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        while let Ok(read @ 1..) = stdin.read(&mut piece) {
            let bytes = Bytes::copy_from_slice(piece.get(..read).unwrap_or_default());
            if to.blocking_send(bytes).is_err() {
                break;
            }
        }
    });
    from
}

async fn feed(session: &Session<'_>, input: ShellWriter) {
    let mut pieces = read(session);
    while let Some(bytes) = pieces.recv().await {
        if input.write(bytes).await.is_err() {
            break;
        }
    }
    // The command may have ended already; its exit says so.
    let _ = input.end().await;
    std::future::pending::<()>().await;
}

async fn follow_size(session: &Session<'_>, input: ShellWriter, is_terminal: bool) {
    if is_terminal && let Ok(mut resized) = Resized::listen() {
        while resized.next().await {
            let size = terminal::size(session.host);
            if input.resize(size).await.is_err() {
                break;
            }
        }
    }
    std::future::pending::<()>().await;
}
