//! A command in a task: a WebSocket over the server's socket.

use crate::Error;
use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{BoxStream, SplitSink, SplitStream},
};
use gofer_api_types::{
    Problem, SHELL_STDERR, SHELL_STDOUT, ShellInput, ShellOutput, StartShell, TerminalSize,
};
use std::{path::Path, sync::Arc};
use tokio::{net::UnixStream, sync::Mutex};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error as Broken, Message, client::IntoClientRequest},
};

/// In which attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellTarget {
    /// Of which task.
    pub task: String,
    /// Of which item of a fan-out.
    pub item: Option<u32>,
    /// Which attempt; the newest unless said.
    pub attempt: Option<u32>,
}

/// Something that a command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellEvent {
    /// Standard output; with a terminal, all that it shows.
    Stdout(Bytes),
    /// Standard error.
    Stderr(Bytes),
    /// It ended with this code. The last event.
    Exit(i32),
}

/// A command that runs. When both halves are dropped it is ended.
pub struct ShellSession {
    /// The attempt that it runs in.
    pub attempt: u32,
    /// What it is told.
    pub input: ShellWriter,
    /// What it says, to its exit.
    pub events: BoxStream<'static, Result<ShellEvent, Error>>,
}

type Socket = WebSocketStream<UnixStream>;

/// The way to a command. Clones lead to the same one.
#[derive(Clone)]
pub struct ShellWriter {
    to: Arc<Mutex<SplitSink<Socket, Message>>>,
}

impl ShellWriter {
    /// Bytes for its standard input.
    pub async fn write(&self, bytes: Bytes) -> Result<(), Error> {
        self.send(Message::Binary(bytes)).await
    }

    /// There is no more input.
    pub async fn end(&self) -> Result<(), Error> {
        self.say(ShellInput::End {}).await
    }

    /// The terminal has another size.
    pub async fn resize(&self, size: TerminalSize) -> Result<(), Error> {
        self.say(ShellInput::Resize(size)).await
    }

    async fn say(&self, input: ShellInput) -> Result<(), Error> {
        self.send(text(&input)?).await
    }

    async fn send(&self, message: Message) -> Result<(), Error> {
        let sent = self.to.lock().await.send(message).await;
        sent.map_err(|error| broken(&error))
    }
}

pub(crate) async fn open(
    socket: &Path,
    path: &str,
    start: &StartShell,
) -> Result<ShellSession, Error> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|error| Error::Unreachable(error.to_string()))?;
    let request = format!("ws://gofer{path}")
        .into_client_request()
        .map_err(|error| Error::Protocol(error.to_string()))?;
    let (socket, _) = client_async(request, stream)
        .await
        .map_err(|error| refused(&error))?;
    let (mut to, mut from) = socket.split();
    let sent = to.send(text(start)?).await;
    sent.map_err(|error| broken(&error))?;
    let attempt = match next(&mut from).await? {
        Heard::Said(ShellOutput::Started { attempt }) => attempt,
        Heard::Said(ShellOutput::Problem(problem)) => return Err(Error::Problem(problem)),
        _ => return Err(Error::Protocol("it does not say whether it began".into())),
    };
    let events = futures_util::stream::try_unfold(Some(from), |from| async move {
        let Some(mut from) = from else {
            return Ok(None);
        };
        Ok(Some(match next(&mut from).await? {
            Heard::Event(event) => (event, Some(from)),
            Heard::Said(ShellOutput::Exit { code }) => (ShellEvent::Exit(code), None),
            Heard::Said(ShellOutput::Problem(problem)) => return Err(Error::Problem(problem)),
            Heard::Said(ShellOutput::Started { .. }) => {
                return Err(Error::Protocol("it began twice".into()));
            }
        }))
    });
    Ok(ShellSession {
        attempt,
        input: ShellWriter {
            to: Arc::new(Mutex::new(to)),
        },
        events: events.boxed(),
    })
}

enum Heard {
    Event(ShellEvent),
    Said(ShellOutput),
}

async fn next(from: &mut SplitStream<Socket>) -> Result<Heard, Error> {
    let protocol = |what: &str| Error::Protocol(what.to_owned());
    loop {
        let message = match from.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(broken(&error)),
            None => break,
        };
        match message {
            Message::Binary(mut bytes) => {
                let rest = bytes.split_off(bytes.len().min(1));
                return Ok(Heard::Event(match bytes.first() {
                    Some(&SHELL_STDOUT) => ShellEvent::Stdout(rest),
                    Some(&SHELL_STDERR) => ShellEvent::Stderr(rest),
                    _ => return Err(protocol("bytes of no known stream")),
                }));
            }
            Message::Text(text) => {
                let said = serde_json::from_str(&text);
                return said
                    .map(Heard::Said)
                    .map_err(|error| protocol(&error.to_string()));
            }
            Message::Close(_) => break,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
    let words = "the connection was closed before the end";
    Err(Error::Unreachable(words.into()))
}

fn text(message: &impl serde::Serialize) -> Result<Message, Error> {
    let text = serde_json::to_string(message);
    let text = text.map_err(|error| Error::Protocol(error.to_string()))?;
    Ok(Message::Text(text.into()))
}

fn broken(error: &Broken) -> Error {
    Error::Unreachable(error.to_string())
}

/// The problem document that came instead of the WebSocket.
fn refused(error: &Broken) -> Error {
    if let Broken::Http(answer) = error {
        let body = answer.body().as_deref().unwrap_or_default();
        if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
            return Error::Problem(problem);
        }
        return Error::Protocol(format!(
            "status {} without a problem document",
            answer.status()
        ));
    }
    broken(error)
}
