//! Where an attempt's log bytes go, and the one line that is kept back: what the container's init
//! writes when it cannot execute the command.

use crate::engine::Brand;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream::BoxStream};
use gofer_core::Timestamp;
use gofer_scheduler::{LogEvent, Stream};
use tokio::sync::mpsc;

/// Bytes of a container with the time that belongs to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) stream: Stream,
    pub(crate) at: Timestamp,
    pub(crate) bytes: Bytes,
}

/// How a source of pieces came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// It said so. Of an attach this is no proof: a dying engine says the same.
    Closed,
    Failed,
}

/// Bytes of each stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    stdout: u64,
    stderr: u64,
}

impl Counts {
    pub(crate) fn of(&mut self, stream: Stream) -> &mut u64 {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

pub(crate) type Source = BoxStream<'static, Result<Piece, bollard::errors::Error>>;

/// Frames are as small as what the container wrote at once; handed on like that, a log of many
/// lines would cost more to hand on than to keep.
const AT_ONCE: usize = 64 * 1024;
const FRAMES: usize = 256;

pub(crate) struct Sink {
    to: mpsc::Sender<LogEvent>,
    init: InitLine,
    taken: Counts,
}

impl Sink {
    pub(crate) fn new(brand: Brand) -> (Self, mpsc::Receiver<LogEvent>) {
        let (to, from) = mpsc::channel(64);
        (Self::to(brand, to), from)
    }

    /// One that hands everything to somebody who is there already.
    pub(crate) fn to(brand: Brand, to: mpsc::Sender<LogEvent>) -> Self {
        Self {
            to,
            init: InitLine::new(brand),
            taken: Counts::default(),
        }
    }

    /// What follows begins with the first byte.
    pub(crate) async fn replay(&mut self) {
        self.taken = Counts::default();
        self.init.restart();
        self.send(LogEvent::Replay).await;
    }

    /// What came before may miss its end.
    pub(crate) async fn broken(&mut self) {
        for piece in self.init.let_go() {
            self.hand_on(piece).await;
        }
        self.taken = Counts::default();
        self.send(LogEvent::Broken).await;
    }

    /// How much came since the last replay or break.
    pub(crate) fn taken(&self) -> Counts {
        self.taken
    }

    /// Hands on everything until the source ends. A reader who is slow slows the container down;
    /// one who is gone does not.
    pub(crate) async fn drain(&mut self, source: Source) -> Drained {
        let mut source = source.ready_chunks(FRAMES);
        while let Some(chunk) = source.next().await {
            let mut joined: Option<(Piece, BytesMut)> = None;
            for piece in chunk {
                let Ok(piece) = piece else {
                    self.flush(joined).await;
                    return Drained::Failed;
                };
                joined = Some(match joined.take() {
                    Some((first, mut rest))
                        if first.stream == piece.stream
                            && first.bytes.len() + rest.len() + piece.bytes.len() <= AT_ONCE =>
                    {
                        rest.extend_from_slice(&piece.bytes);
                        (first, rest)
                    }
                    full => {
                        self.flush(full).await;
                        (piece, BytesMut::new())
                    }
                });
            }
            self.flush(joined).await;
        }
        Drained::Closed
    }

    async fn flush(&mut self, joined: Option<(Piece, BytesMut)>) {
        let Some((mut piece, rest)) = joined else {
            return;
        };
        *self.taken.of(piece.stream) += (piece.bytes.len() + rest.len()) as u64;
        if !rest.is_empty() {
            let mut whole = BytesMut::with_capacity(piece.bytes.len() + rest.len());
            whole.extend_from_slice(&piece.bytes);
            whole.extend_from_slice(&rest);
            piece.bytes = whole.freeze();
        }
        for piece in self.init.pass(piece) {
            self.hand_on(piece).await;
        }
    }

    /// The container ended with `code`: says what its init had to say, if that is why.
    pub(crate) async fn finish(&mut self, code: Option<i32>) -> Option<String> {
        if matches!(code, Some(1 | 126 | 127))
            && let Some(words) = self.init.words()
        {
            return Some(words);
        }
        for piece in self.init.let_go() {
            self.hand_on(piece).await;
        }
        None
    }

    async fn hand_on(&self, piece: Piece) {
        let Piece { stream, at, bytes } = piece;
        if !bytes.is_empty() {
            self.send(LogEvent::Bytes { stream, at, bytes }).await;
        }
    }

    async fn send(&self, event: LogEvent) {
        // Nobody reads any more: the container goes on all the same.
        let _ = self.to.send(event).await;
    }
}

/// Keeps the log back as long as it could be nothing but the init's own line.
struct InitLine {
    prefix: &'static [u8],
    held: Option<Vec<Piece>>,
}

/// Longer than any command's name and the init's words around it.
const LONGEST: usize = 8 * 1024;

impl InitLine {
    fn new(brand: Brand) -> Self {
        let prefix: &[u8] = match brand {
            Brand::Docker => b"[FATAL tini (",
            Brand::Podman => b"ERROR (catatonit:",
        };
        Self {
            prefix,
            held: Some(Vec::new()),
        }
    }

    fn restart(&mut self) {
        self.held = Some(Vec::new());
    }

    fn let_go(&mut self) -> Vec<Piece> {
        self.held.take().unwrap_or_default()
    }

    fn pass(&mut self, piece: Piece) -> Vec<Piece> {
        let Some(held) = &mut self.held else {
            return vec![piece];
        };
        let stderr = piece.stream == Stream::Stderr;
        held.push(piece);
        if stderr && self.may_be_it() {
            Vec::new()
        } else {
            self.let_go()
        }
    }

    fn text(&self) -> Vec<u8> {
        self.held
            .iter()
            .flatten()
            .flat_map(|piece| piece.bytes.iter().copied())
            .collect()
    }

    fn may_be_it(&self) -> bool {
        let text = self.text();
        let same = text.iter().zip(self.prefix).all(|(a, b)| a == b);
        let one_line = text.iter().rev().skip(1).all(|byte| *byte != b'\n');
        same && one_line && text.len() <= LONGEST
    }

    /// The line without its frame, if the whole log is that line.
    fn words(&self) -> Option<String> {
        let text = self.text();
        let line = text.strip_prefix(self.prefix)?.strip_suffix(b"\n")?;
        let line = String::from_utf8_lossy(line);
        let words = line
            .split_once([']', ':'])
            .map_or(line.as_ref(), |(_, words)| words);
        Some(words.trim().to_owned())
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
