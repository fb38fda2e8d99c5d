//! The log as its users see it: writers that die, followers, readers that jump about.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at what it did not expect"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the logs of the tests are short"
)]

mod cap;
mod crash;
mod follow;
mod lines;
mod seek;

use gofer_core::{
    Timestamp,
    id::{AttemptId, RunId},
};
use gofer_logs::{Body, Counts, Disk, Frame, More, Options, Reader, Start, Stream, Writer};
use proptest::prelude::*;
use std::sync::Arc;

fn attempt() -> AttemptId {
    AttemptId {
        run: RunId(uuid::Uuid::from_u128(7)),
        task: "build".parse().unwrap(),
        item: Some(3),
        number: 1,
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(1_700_000_000_000_000 + micros).unwrap()
}

fn small(block: usize) -> Options {
    Options { block, cap: None }
}

/// A piece of output: engine bytes, and what is shown of them.
#[derive(Clone, Debug)]
struct Piece {
    time: i64,
    stream: Stream,
    engine: u64,
    stored: Vec<u8>,
}

fn piece(time: i64, stream: Stream, text: &[u8]) -> Piece {
    Piece {
        time,
        stream,
        engine: text.len() as u64,
        stored: text.to_vec(),
    }
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let byte = any::<u8>().prop_map(|byte| if byte < 20 { b'\n' } else { byte });
    let bytes = proptest::collection::vec(byte, 0..100);
    let one =
        (0..50i64, any::<bool>(), bytes, 0..3u64).prop_map(|(time, is_out, mut stored, more)| {
            if time % 2 == 0 {
                stored.push(b'\n');
            }
            let stream = if is_out {
                Stream::Stdout
            } else {
                Stream::Stderr
            };
            let masked = if more == 2 { 5 } else { 0 };
            Piece {
                time,
                stream,
                engine: stored.len() as u64 + masked,
                stored,
            }
        });
    proptest::collection::vec(one, 0..40)
}

fn write(writer: &mut Writer, pieces: &[Piece]) -> Result<(), gofer_logs::Error> {
    write_noting(writer, pieces, &mut Counts::default())
}

/// Writes what is not there yet, and notes how much was taken without an error.
fn write_noting(
    writer: &mut Writer,
    pieces: &[Piece],
    taken: &mut Counts,
) -> Result<(), gofer_logs::Error> {
    let mut skip = writer.counts();
    for piece in pieces {
        let passed = skip.of(piece.stream).min(piece.engine);
        match piece.stream {
            Stream::Stdout => skip.stdout -= passed,
            Stream::Stderr => skip.stderr -= passed,
        }
        let rest = if passed == piece.engine {
            &[][..]
        } else {
            &piece.stored[passed as usize..]
        };
        writer.append(at(piece.time), piece.stream, piece.engine - passed, rest)?;
        *taken = writer.counts();
    }
    Ok(())
}

fn expected(pieces: &[Piece], stream: Stream) -> Vec<u8> {
    pieces
        .iter()
        .filter(|piece| piece.stream == stream)
        .flat_map(|p| p.stored.clone())
        .collect()
}

fn engine_counts(pieces: &[Piece]) -> Counts {
    let of = |stream| {
        pieces
            .iter()
            .filter(|p| p.stream == stream)
            .map(|p| p.engine)
            .sum()
    };
    Counts {
        stdout: of(Stream::Stdout),
        stderr: of(Stream::Stderr),
    }
}

fn bytes(disk: &Arc<dyn Disk>, start: Start, only: Option<Stream>) -> Vec<u8> {
    let mut reader = Reader::open(Arc::clone(disk), &attempt());
    reader.seek(start, only).unwrap();
    let mut out = Vec::new();
    reader.write_to(&mut out).unwrap();
    out
}

/// The next frames, for as long as there are any.
fn each_frame(reader: &mut Reader, mut visit: impl FnMut(Frame<'_>)) -> bool {
    loop {
        match reader.read_more().unwrap() {
            More::Frames(frames) => frames.for_each(&mut visit),
            More::Waiting => return false,
            More::Ended(_) => return true,
        }
    }
}

fn output<'a>(frame: &Frame<'a>) -> Option<(Stream, &'a [u8])> {
    match frame.body {
        Body::Output { stream, bytes } => Some((stream, bytes)),
        _ => None,
    }
}
