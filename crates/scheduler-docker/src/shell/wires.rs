//! Bytes between a session and a process on the engine.

use crate::{engine::Engine, remedy};
use bollard::{container::LogOutput, errors::Error as Raw};
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use gofer_scheduler::{Error, Session, ShellEvent, Size, Stream};
use std::pin::Pin;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
};
use tokio_stream::wrappers::ReceiverStream;

/// Pieces on their way in either direction.
const PIECES: usize = 16;

/// The engine's end.
pub(super) struct Wires {
    pub(super) output: BoxStream<'static, Result<LogOutput, Raw>>,
    pub(super) input: Pin<Box<dyn AsyncWrite + Send>>,
    /// All that comes is what a terminal shows.
    pub(super) is_terminal: bool,
}

/// Our end.
pub(super) struct Ends {
    input: mpsc::Receiver<Bytes>,
    size: watch::Receiver<Size>,
    events: mpsc::Sender<Result<ShellEvent, Error>>,
}

/// A session and what serves it.
pub(super) fn session(terminal: Option<Size>) -> (Session, Ends) {
    let (to_process, input) = mpsc::channel(PIECES);
    let (events, from_process) = mpsc::channel(PIECES);
    let wanted = terminal.unwrap_or(Size {
        columns: 80,
        rows: 24,
    });
    let (resized, size) = watch::channel(wanted);
    let session = Session {
        input: to_process,
        size: resized,
        events: ReceiverStream::new(from_process).boxed(),
    };
    let ends = Ends {
        input,
        size,
        events,
    };
    (session, ends)
}

/// How the passing on of bytes came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// The process closed its side.
    All,
    /// Nobody listens any more.
    Left,
}

impl Ends {
    /// Passes bytes on until the process closes its side, or nobody listens any more.
    pub(super) async fn pass<F: Future<Output = ()>>(
        &mut self,
        engine: &Engine,
        wires: &mut Wires,
        resize: impl Fn(Size) -> F,
    ) -> Passed {
        let Self {
            input,
            size,
            events,
        } = self;
        let Wires {
            output,
            input: to_process,
            is_terminal,
        } = wires;
        // Beside the reading: a process may wait for its output to be taken before it reads on.
        let feeding = async {
            while let Some(bytes) = input.recv().await {
                if to_process.write_all(&bytes).await.is_err() || to_process.flush().await.is_err()
                {
                    break;
                }
            }
            // It may have closed its input before us.
            let _ = to_process.shutdown().await;
            std::future::pending::<()>().await;
        };
        let sizing = async {
            while *is_terminal && size.changed().await.is_ok() {
                let wanted = *size.borrow_and_update();
                resize(wanted).await;
            }
            std::future::pending::<()>().await;
        };
        let reading = async {
            while let Some(frame) = output.next().await {
                let Some(event) = event(frame, *is_terminal) else {
                    continue;
                };
                let is_broken = event.is_err();
                if events.send(event).await.is_err() || is_broken {
                    return Passed::Left;
                }
            }
            Passed::All
        };
        tokio::select! {
            biased;
            () = events.closed() => Passed::Left,
            () = engine.closing.cancelled() => Passed::Left,
            passed = reading => passed,
            () = feeding => Passed::Left,
            () = sizing => Passed::Left,
        }
    }

    /// The last word.
    pub(super) async fn end(self, code: Result<i32, Error>) {
        // Whoever has left has no use for it.
        let _ = self.events.send(code.map(ShellEvent::Exit)).await;
    }
}

fn event(frame: Result<LogOutput, Raw>, is_terminal: bool) -> Option<Result<ShellEvent, Error>> {
    let (stream, bytes) = match frame {
        Ok(LogOutput::StdOut { message }) => (Stream::Stdout, message),
        Ok(LogOutput::StdErr { message }) => (Stream::Stderr, message),
        // What a terminal shows; else the engine's own words.
        Ok(LogOutput::Console { message }) if is_terminal => (Stream::Stdout, message),
        Ok(LogOutput::Console { message }) => (Stream::Stderr, message),
        Ok(LogOutput::StdIn { .. }) => return None,
        Err(error) => return Some(Err(remedy::plain(error))),
    };
    (!bytes.is_empty()).then_some(Ok(ShellEvent::Bytes(stream, bytes)))
}
