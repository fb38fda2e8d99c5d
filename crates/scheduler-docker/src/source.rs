//! Where log bytes come from: a running container's own pipes, or the engine's record of them.

mod newlines;
pub(crate) mod wire;

use self::{
    newlines::Newlines,
    wire::{Frames, Place},
};
use crate::{
    engine::{Brand, Engine},
    sink::{Counts, Piece, Source},
};
use bollard::{
    container::LogOutput,
    errors::Error,
    query_parameters::{AttachContainerOptionsBuilder, LogsOptionsBuilder},
};
use bytes::{Buf, Bytes};
use futures_util::{StreamExt, TryStreamExt};
use gofer_core::Timestamp;
use gofer_scheduler::Stream;
use std::sync::Arc;

/// The container's pipes from now on: from the first byte, if it has not been started yet.
pub(crate) async fn attach(engine: &Arc<Engine>, name: &str) -> Result<Source, Error> {
    let options = AttachContainerOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .stream(true);
    let attached = engine
        .docker
        .attach_container(name, Some(options.build()))
        .await?;
    let clock = engine.clock.clone();
    // The other half is kept: to drop it would close ours.
    let input = attached.input;
    let pieces = attached.output.try_filter_map(move |frame| {
        let _ = &input;
        let piece = split(frame).map(|(stream, bytes)| Piece {
            stream,
            at: clock.now(),
            bytes,
        });
        std::future::ready(Ok(piece))
    });
    Ok(pieces.boxed())
}

/// What part of the engine's record is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Goes on while the container runs.
    pub(crate) follow: bool,
    /// Only what was recorded after this.
    pub(crate) after: Option<Timestamp>,
}

/// The engine's own record, with the times that it noted.
pub(crate) fn record(engine: &Engine, name: &str, wanted: Wanted) -> Source {
    let since = wanted
        .after
        .map_or(0, |after| i32::try_from(after.as_second()).unwrap_or(0));
    let frames = match Place::of(&engine.endpoint) {
        Some(place) => wire::frames(place, path(engine, name, wanted.follow, since)),
        None => by_client(engine, name, wanted.follow, since),
    };
    let pieces = frames.try_filter_map(move |(stream, bytes)| {
        let piece =
            dated(stream, &bytes).filter(|piece| wanted.after.is_none_or(|after| piece.at > after));
        std::future::ready(Ok(piece))
    });
    if engine.brand != Brand::Docker {
        return pieces.boxed();
    }
    let mut newlines = Newlines::default();
    pieces.map_ok(move |piece| newlines.restore(piece)).boxed()
}

fn path(engine: &Engine, name: &str, follow: bool, since: i32) -> String {
    let version = engine.docker.client_version();
    format!(
        "/v{}.{}/containers/{name}/logs?stdout=1&stderr=1&timestamps=1&follow={}&since={since}",
        version.major_version,
        version.minor_version,
        u8::from(follow),
    )
}

fn by_client(engine: &Engine, name: &str, follow: bool, since: i32) -> Frames {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .timestamps(true)
        .follow(follow)
        .since(since);
    let frames = engine.docker.logs(name, Some(options.build()));
    frames
        .try_filter_map(|frame| std::future::ready(Ok(split(frame))))
        .boxed()
}

/// What comes after the first so many bytes of each stream.
pub(crate) fn behind(source: Source, mut skipped: Counts) -> Source {
    let rest = source.map_ok(move |mut piece| {
        let left = skipped.of(piece.stream);
        let skip = usize::try_from(*left)
            .unwrap_or(usize::MAX)
            .min(piece.bytes.len());
        *left -= skip as u64;
        piece.bytes.advance(skip);
        piece
    });
    rest.boxed()
}

fn split(frame: LogOutput) -> Option<(Stream, Bytes)> {
    match frame {
        LogOutput::StdOut { message } => Some((Stream::Stdout, message)),
        LogOutput::StdErr { message } => Some((Stream::Stderr, message)),
        // The torn end of a frame: whose bytes they are cannot be said.
        LogOutput::StdIn { .. } | LogOutput::Console { .. } => None,
    }
}

/// Takes the engine's time off a record.
fn dated(stream: Stream, bytes: &Bytes) -> Option<Piece> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let at = std::str::from_utf8(bytes.get(..space)?)
        .ok()?
        .parse()
        .ok()?;
    Some(Piece {
        stream,
        at,
        bytes: bytes.slice(space + 1..),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_are_skipped_in_each_stream_on_its_own() {
        let piece = |stream, text: &str| Piece {
            stream,
            at: Timestamp::UNIX_EPOCH,
            bytes: Bytes::from(text.to_owned()),
        };
        let (out, err) = (Stream::Stdout, Stream::Stderr);
        let pieces = [
            piece(out, "abc"),
            piece(err, "xyz"),
            piece(out, "def"),
            piece(err, "!"),
        ];
        let source = futures_util::stream::iter(pieces.map(Ok)).boxed();
        let mut counts = Counts::default();
        *counts.of(out) = 4;
        *counts.of(err) = 3;
        let rest: Vec<Piece> = behind(source, counts).try_collect().await.unwrap();
        let rest: Vec<_> = rest.iter().map(|piece| piece.bytes.as_ref()).collect();
        assert_eq!(rest, [b"".as_slice(), b"", b"ef", b"!"]);
    }

    #[test]
    fn a_records_time_is_taken_off_and_its_bytes_stay_as_they_are() {
        let record = Bytes::from_static(b"2026-11-24T09:00:00.123456789Z  a\xff\0\n");
        let piece = dated(Stream::Stdout, &record).unwrap();
        assert_eq!(piece.bytes, Bytes::from_static(b" a\xff\0\n"));
        assert_eq!(piece.at.to_string(), "2026-11-24T09:00:00.123456789Z");
    }
}
