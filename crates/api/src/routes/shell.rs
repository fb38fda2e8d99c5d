use crate::{
    ApiError, App, Caller,
    extract::{Path, Query},
    log::Target,
};
use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use gofer_api_types::{
    Problem, SHELL_STDERR, SHELL_STDOUT, ShellInput, ShellOptions, ShellOutput, StartShell,
    TerminalSize,
};
use gofer_core::{id::RunId, name::TaskName, run::Key};
use gofer_engine::{Session, ShellEvent, Size, Stream, Visit};
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;

/// A task of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TaskPath {
    /// The run.
    #[param(value_type = uuid::Uuid)]
    run: RunId,
    /// The task.
    #[param(value_type = String)]
    task: TaskName,
}

/// An item of a fan-out of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ItemPath {
    /// The run.
    #[param(value_type = uuid::Uuid)]
    run: RunId,
    /// The task.
    #[param(value_type = String)]
    task: TaskName,
    /// The item, from 0.
    item: u32,
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// Run a command in a task.
///
/// Beside its process while it runs, else in what is kept of it if it failed: with its environment,
/// user, files and working folder. A WebSocket: the first message is a `StartShell`; binary messages
/// are input, and output behind a byte that is 1 for standard output and 2 for standard error; text
/// messages are `ShellInput` and `ShellOutput`.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/shell/{task}",
    operation_id = "open_shell",
    tag = "shell",
    params(TaskPath, ShellOptions),
    responses(
        (status = 101, description = "Messages follow", content(
            (StartShell), (ShellInput), (ShellOutput),
        )),
        (status = 404, description = "No such run, task or attempt", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn open_shell(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<TaskPath>,
    Query(options): Query<ShellOptions>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let key = Key {
        task: path.task,
        item: None,
    };
    open(app, path.run, key, options, upgrade).await
}

/// Run a command in an item.
///
/// As in a task.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/shell/{task}/{item}",
    operation_id = "open_item_shell",
    tag = "shell",
    params(ItemPath, ShellOptions),
    responses(
        (status = 101, description = "Messages follow", content(
            (StartShell), (ShellInput), (ShellOutput),
        )),
        (status = 404, description = "No such run, item or attempt", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn open_item_shell(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<ItemPath>,
    Query(options): Query<ShellOptions>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let key = Key {
        task: path.task,
        item: Some(path.item),
    };
    open(app, path.run, key, options, upgrade).await
}

async fn open(
    app: App,
    run: RunId,
    key: Key,
    options: ShellOptions,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let target = Target {
        run,
        key: key.clone(),
        number: options.attempt,
        service: None,
    };
    // What can be refused is refused before the answer begins.
    let Some(number) = target.attempt(&app).await? else {
        return Err(target.nothing_to_look_into(&app).await?);
    };
    let upgrade = upgrade
        .map_err(|rejection| ApiError::Malformed(rejection.status(), rejection.body_text()))?;
    Ok(upgrade.on_upgrade(move |socket| async move {
        let shutdown = app.shutdown.clone();
        // Left when the server ends: the session is dropped, and ends what it began.
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = talk(app, run, (key, number), socket) => {}
        }
    }))
}

type Sender = SplitSink<WebSocket, Message>;

/// From the first message to the last.
async fn talk(app: App, run: RunId, (key, number): (Key, u32), socket: WebSocket) {
    let (mut to, mut from) = socket.split();
    let opened = async {
        let start = first(&mut from).await?;
        let visit = Visit {
            key,
            attempt: Some(number),
            command: start.command,
            terminal: start.terminal.map(size),
        };
        Ok::<_, ApiError>(app.engine.shell(run, visit).await?)
    };
    let last = match opened.await {
        Ok((attempt, session)) => {
            let started = ShellOutput::Started { attempt };
            if say(&mut to, &started).await.is_err() {
                return;
            }
            pass(session, &mut to, from).await
        }
        Err(error) => Some(ShellOutput::Problem(error.problem())),
    };
    if let Some(last) = last
        && say(&mut to, &last).await.is_ok()
    {
        // The other end may be gone by now.
        let _ = to.send(Message::Close(None)).await;
        let _ = tokio::time::timeout(LAST_WORD, to.close()).await;
    }
}

/// How long the other end may take to hear the last message.
const LAST_WORD: Duration = Duration::from_secs(5);

async fn first(from: &mut SplitStream<WebSocket>) -> Result<StartShell, ApiError> {
    let refused = |what: &str| ApiError::Refused(vec![what.to_owned()]);
    while let Some(Ok(message)) = from.next().await {
        match message {
            Message::Text(text) => {
                return serde_json::from_str(&text).map_err(|error| refused(&error.to_string()));
            }
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) => break,
        }
    }
    Err(refused("the first message is a StartShell, as text"))
}

/// Passes on what either side says. `None`: the other end has left.
async fn pass(
    session: Session,
    to: &mut Sender,
    mut from: SplitStream<WebSocket>,
) -> Option<ShellOutput> {
    let Session {
        input,
        size: resized,
        mut events,
    } = session;
    let hearing = async move {
        let mut input = Some(input);
        while let Some(Ok(message)) = from.next().await {
            match message {
                Message::Binary(bytes) => {
                    if let Some(input) = &input {
                        // The command may have closed its input.
                        let _ = input.send(bytes).await;
                    }
                }
                Message::Text(text) => match serde_json::from_str(&text) {
                    Ok(ShellInput::Resize(to)) => {
                        resized.send_replace(size(to));
                    }
                    Ok(ShellInput::End {}) => input = None,
                    Err(error) => tracing::debug!(%error, "a message that means nothing"),
                },
                Message::Close(_) => break,
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    };
    let telling = async {
        while let Some(event) = events.next().await {
            match event {
                Ok(ShellEvent::Bytes(stream, bytes)) => {
                    to.send(Message::Binary(framed(stream, &bytes)))
                        .await
                        .ok()?;
                }
                Ok(ShellEvent::Exit(code)) => return Some(ShellOutput::Exit { code }),
                Err(error) => {
                    let error = ApiError::Unavailable(error.to_string());
                    return Some(ShellOutput::Problem(error.problem()));
                }
            }
        }
        let error = ApiError::Unavailable("the command's end was not seen".to_owned());
        Some(ShellOutput::Problem(error.problem()))
    };
    tokio::select! {
        biased;
        last = telling => last,
        () = hearing => None,
    }
}

fn framed(stream: Stream, bytes: &Bytes) -> Bytes {
    let mut message = BytesMut::with_capacity(bytes.len() + 1);
    message.put_u8(match stream {
        Stream::Stdout => SHELL_STDOUT,
        Stream::Stderr => SHELL_STDERR,
    });
    message.put_slice(bytes);
    message.freeze()
}

async fn say(to: &mut Sender, output: &ShellOutput) -> Result<(), axum::Error> {
    let text = serde_json::to_string(output).map_err(axum::Error::new)?;
    to.send(Message::Text(text.into())).await
}

fn size(size: TerminalSize) -> Size {
    Size {
        columns: size.columns,
        rows: size.rows,
    }
}
