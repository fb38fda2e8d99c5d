//! How a run came to where it is: cause, effect, and what to type next.

use crate::{
    marks, outline,
    paint::{Hue, Paint},
    session::Session,
    text,
    text::Build as _,
    time,
    unit::{self, Unit, units},
};
use futures_util::{StreamExt, future::BoxFuture};
use gofer_core::{Timestamp, plan::Plan};
use gofer_sdk::{
    Client, LogQuery, RunRef,
    types::{LogOptions, Run, RunState, TaskState},
};
use serde::Serialize;
use std::path::Path;

/// Lines of a failed task's log that are shown without asking.
const TAIL: u64 = 20;
/// Failed tasks that are told of in full.
const MOST_CAUSES: usize = 3;
/// More of a tail than this is not lines but a flood.
const MOST_TAIL_BYTES: usize = 64 * 1024;

/// A command to type, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Next {
    pub(crate) why: String,
    pub(crate) command: String,
}

/// `✗ etl/42 failed after 12s: load failed`
pub(crate) fn headline(run: &Run, now: Timestamp, paint: Paint) -> String {
    let why = match &run.message {
        _ if run.interrupted => ", interrupted: nothing drives it".to_owned(),
        Some(message) => format!(": {}", text::safe(message.as_bytes())),
        None => String::new(),
    };
    format!("{}{why}\n", verdict(run, now, paint))
}

/// `✗ etl/42 failed after 12s`
pub(crate) fn verdict(run: &Run, now: Timestamp, paint: Paint) -> String {
    let (symbol, hue) = marks::of_run(run.state);
    let took = unit::run_took(run.started_at, run.ended_at, now).filter(|_| !run.interrupted);
    let took = match (took, run.state) {
        (Some(took), RunState::Succeeded) => format!(" in {}", time::lasted(took)),
        (Some(took), _) => format!(" after {}", time::lasted(took)),
        (None, _) => String::new(),
    };
    let state = paint.colour(hue, &format!("{symbol} {} {}", run.reference(), run.state));
    format!("{state}{took}")
}

/// `5 succeeded, 1 failed, 2 skipped`
pub(crate) fn tally(run: &Run) -> String {
    let mut parts = Vec::new();
    for state in TaskState::ALL {
        let allowed = |allowed: bool| {
            let counted = run.tasks.iter().filter(|task| task.state == *state);
            counted
                .filter(|task| (task.allow_failure && state.is_failure()) == allowed)
                .count()
        };
        match (allowed(false), allowed(true)) {
            (0, 0) => {}
            (plain, 0) => parts.push(format!("{plain} {state}")),
            (0, amber) => parts.push(format!("{amber} {state} (allowed)")),
            (plain, amber) => parts.push(format!("{plain} {state}, {amber} {state} (allowed)")),
        }
    }
    parts.join(", ")
}

/// What decided how the run ended; if nothing did, what was allowed to fail.
fn blamed(run: &Run) -> Vec<Unit<'_>> {
    let failed = failed(run);
    let is_blamed = |unit: &Unit<'_>| !unit.task.allow_failure;
    if !failed.iter().any(is_blamed) {
        return failed;
    }
    failed.into_iter().filter(is_blamed).collect()
}

/// What failed by itself, first things first.
fn failed(run: &Run) -> Vec<Unit<'_>> {
    let mut failed: Vec<Unit<'_>> = units(run)
        .into_iter()
        .filter(|unit| unit.state().is_failure())
        .collect();
    failed.sort_by_key(|unit| {
        (
            unit.task.allow_failure,
            unit.newest().and_then(|attempt| attempt.ended_at),
        )
    });
    failed
}

/// Each failed task with its last lines; of one that called a pipeline, what failed there.
pub(crate) async fn causes(
    client: &Client,
    run: &Run,
    columns: Option<usize>,
    paint: Paint,
) -> String {
    causes_in(client, run, "", columns, paint).await
}

/// `of` stands before the names of tasks of a called run.
fn causes_in<'a>(
    client: &'a Client,
    run: &'a Run,
    of: &'a str,
    columns: Option<usize>,
    paint: Paint,
) -> BoxFuture<'a, String> {
    Box::pin(page_of_causes(client, run, of, columns, paint))
}

async fn page_of_causes(
    client: &Client,
    run: &Run,
    of: &str,
    columns: Option<usize>,
    paint: Paint,
) -> String {
    let failed = blamed(run);
    let mut page = String::new();
    for unit in failed.iter().take(MOST_CAUSES) {
        page.push('\n');
        page += &cause(unit, of, paint);
        if let Some(child) = called(client, unit).await {
            let of = format!("{}/", child.reference());
            page += &causes_in(client, &child, &of, columns, paint).await;
            continue;
        }
        let bar = paint.colour(Hue::Faint, "│");
        let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(4).max(20));
        let quoted = unit.quoted().into_iter();
        let quoted = quoted.map(|line| text::safe(line.as_bytes()));
        for line in quoted.chain(tail(client, run, unit).await) {
            for part in text::chop(&line, room) {
                page.line(format_args!("  {bar} {part}"));
            }
        }
    }
    match failed.get(MOST_CAUSES..) {
        None | Some([]) => {}
        Some(more) => {
            let names: Vec<String> = more.iter().take(20).map(Unit::label).collect();
            page.line(format_args!(
                "\n{} more failed: {}",
                more.len(),
                text::list(&names)
            ));
        }
    }
    page
}

/// The run that it called, if that failed.
async fn called(client: &Client, unit: &Unit<'_>) -> Option<Run> {
    let child: RunRef = unit.child()?.parse().ok()?;
    let child = client.run(&child).await.ok()?;
    (child.state == RunState::Failed).then_some(child)
}

/// `✗ load[3] failed: exit code 1 (after 4 attempts)`
fn cause(unit: &Unit<'_>, of: &str, paint: Paint) -> String {
    let (symbol, hue) = marks::of_task(unit.state(), unit.task.allow_failure);
    let why = text::safe(unit.why().as_bytes());
    let why = if why.is_empty() {
        why
    } else {
        format!(": {why}")
    };
    let tries = match unit.attempts().len() {
        0 | 1 => String::new(),
        tries => format!(" (after {tries} attempts)"),
    };
    let allowed = if unit.task.allow_failure {
        ", which is allowed"
    } else {
        ""
    };
    let state = paint.colour(
        hue,
        &format!("{symbol} {of}{} {}", unit.label(), words(unit.state())),
    );
    format!("{state}{allowed}{why}{tries}\n")
}

/// A state inside a sentence.
pub(crate) fn words(state: TaskState) -> String {
    state.as_str().replace('_', " ")
}

async fn tail(client: &Client, run: &Run, unit: &Unit<'_>) -> Vec<String> {
    let Some(attempt) = unit.newest() else {
        return Vec::new();
    };
    let options = LogOptions {
        attempt: Some(attempt.number),
        tail: Some(TAIL),
        ..LogOptions::default()
    };
    let (task, item) = unit.key();
    let mut pieces = client.logs(
        run.id,
        &LogQuery {
            task,
            item,
            options,
        },
    );
    let mut bytes = Vec::new();
    while let Some(Ok(piece)) = pieces.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MOST_TAIL_BYTES {
            break;
        }
    }
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| text::cut(&text::safe(line.strip_suffix(b"\n").unwrap_or(line)), 400))
        .collect()
}

/// What did not run because of what failed.
pub(crate) fn effects(run: &Run, paint: Paint) -> String {
    let stopped: Vec<_> = run
        .tasks
        .iter()
        .filter(|task| matches!(task.state, TaskState::Skipped | TaskState::Cancelled))
        .collect();
    if stopped.is_empty() {
        return String::new();
    }
    let widest = stopped
        .iter()
        .map(|task| text::width(&task.name))
        .max()
        .unwrap_or(0);
    let mut page = "\ndid not run to its end\n".to_owned();
    for task in stopped {
        let word = marks::task_word(task.state, task.allow_failure, paint);
        let why = task
            .message
            .as_deref()
            .or(task.reason.as_deref())
            .unwrap_or_default();
        page.line(format_args!(
            "  {}  {word}  {}",
            text::fit(&task.name, widest),
            text::safe(why.as_bytes())
        ));
    }
    page
}

/// Of a run that is not over: what each task waits for or does.
pub(crate) async fn waiting(client: &Client, run: &Run, paint: Paint) -> String {
    if run.state.is_over() {
        return String::new();
    }
    let waits = outline::waits(run, &places(client, run).await);
    let open: Vec<Unit<'_>> = units(run)
        .into_iter()
        .filter(|unit| !unit.state().is_over())
        .collect();
    let widths = open.iter().map(|unit| text::width(&unit.label()));
    let widest = widths.max().unwrap_or(0);
    let mut page = String::new();
    for unit in open {
        let word = marks::task_word(unit.state(), unit.task.allow_failure, paint);
        let why = match unit.state() {
            TaskState::Waiting if unit.message().is_none() => {
                waits.get(&unit.task.name).cloned().unwrap_or_default()
            }
            _ => text::safe(unit.why().as_bytes()),
        };
        let line = format!("  {}  {word}  {why}", text::fit(&unit.label(), widest));
        page.line(format_args!("{}", line.trim_end()));
    }
    if page.is_empty() {
        page
    } else {
        format!("\nnot over yet\n{page}")
    }
}

/// Where the tasks stand in the version that the run is pinned to.
async fn places(client: &Client, run: &Run) -> Vec<outline::Place> {
    let document = client.config(run.id).await.ok();
    let pipeline = document.and_then(|document| serde_json::from_value(document).ok());
    let plan = pipeline.and_then(|pipeline| Plan::new(pipeline).ok());
    plan.as_ref().map(outline::order).unwrap_or_default()
}

/// What to type next, of the commands that make sense now.
pub(crate) fn next(session: &Session<'_>, project: &Path, run: &Run) -> Vec<Next> {
    let name = run.reference();
    let command = |words: &str| session.command(project, words);
    let mut next = Vec::new();
    let with_log = blamed(run).into_iter().filter(|unit| {
        unit.newest()
            .is_some_and(|attempt| attempt.started_at.is_some())
    });
    for unit in with_log.take(MOST_CAUSES) {
        if let Some(child) = unit.child() {
            next.push(Next {
                why: format!("how {child} went"),
                command: command(&format!("show {child}")),
            });
            continue;
        }
        let command = command(&format!("logs {}", unit.reference(run)));
        next.push(Next {
            why: format!("all that {} wrote", unit.label()),
            command,
        });
    }
    let looked_into = blamed(run).into_iter().find(|unit| unit.is_kept(run));
    if let Some(unit) = looked_into {
        next.push(Next {
            why: format!("look into {}", unit.label()),
            command: command(&format!("shell {}", unit.reference(run))),
        });
    }
    match run.state {
        _ if run.interrupted => next.push(Next {
            why: "go on with it".to_owned(),
            command: command("run --resume"),
        }),
        RunState::Queued | RunState::Running | RunState::Cancelling => {
            next.push(Next {
                why: "watch it".to_owned(),
                command: command(&format!("logs {name} -f")),
            });
            next.push(Next {
                why: "stop it".to_owned(),
                command: command(&format!("cancel {name}")),
            });
        }
        RunState::Failed | RunState::Cancelled => {
            next.push(Next {
                why: "every attempt".to_owned(),
                command: command(&format!("show {name}")),
            });
        }
        RunState::Succeeded | RunState::Skipped => {
            next.push(Next {
                why: "what it wrote".to_owned(),
                command: command(&format!("logs {name}")),
            });
        }
    }
    next
}

pub(crate) fn commands(next: &[Next]) -> String {
    let widest = next
        .iter()
        .map(|next| text::width(&next.why))
        .max()
        .unwrap_or(0);
    if next.is_empty() {
        return String::new();
    }
    let line = |next: &Next| format!("  {:widest$}  {}", next.why, next.command);
    format!("\n{}", text::lines(next.iter().map(line)))
}

/// `gofer explain -o json`
#[derive(Serialize)]
pub(crate) struct Explanation<'r> {
    id: uuid::Uuid,
    run: String,
    state: RunState,
    reason: Option<&'r str>,
    message: Option<&'r str>,
    interrupted: bool,
    causes: Vec<Part<'r>>,
    effects: Vec<Part<'r>>,
    next: &'r [Next],
}

#[derive(Serialize)]
struct Part<'r> {
    task: &'r str,
    item: Option<u32>,
    state: TaskState,
    reason: Option<&'r str>,
    message: Option<&'r str>,
    allow_failure: bool,
}

pub(crate) fn document<'r>(run: &'r Run, next: &'r [Next]) -> Explanation<'r> {
    let part = |unit: Unit<'r>| Part {
        task: &unit.task.name,
        item: unit.item.map(|item| item.index),
        state: unit.state(),
        reason: unit.reason(),
        message: unit.message(),
        allow_failure: unit.task.allow_failure,
    };
    let stopped =
        |unit: &Unit<'_>| matches!(unit.state(), TaskState::Skipped | TaskState::Cancelled);
    Explanation {
        id: run.id,
        run: run.reference(),
        state: run.state,
        reason: run.reason.as_deref(),
        message: run.message.as_deref(),
        interrupted: run.interrupted,
        causes: failed(run).into_iter().map(part).collect(),
        effects: units(run).into_iter().filter(stopped).map(part).collect(),
        next,
    }
}
