//! A log that comes in chunks: its bytes, and marks where bytes are missing.

use crate::{
    Error,
    transport::{self, Call, Transport},
};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use gofer_api_types::LogFrame;
use http_body_util::BodyExt;
use hyper::header::CONTENT_TYPE;

pub(crate) const MARKED: &str = "application/vnd.gofer.log";
/// What and how long: stands in front of each chunk.
const HEAD: usize = 5;
/// No mark of ours comes near this.
const LONGEST_MARK: usize = 1 << 20;

/// A piece of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPiece {
    /// Bytes of it.
    Bytes(Bytes),
    /// Bytes are missing here, or may be: a hole, or what was dropped.
    Missing(LogFrame),
}

/// The pieces of an answer. From a server that knows no marks, all of it is bytes.
pub(crate) fn pieces(
    transport: Transport,
    call: Call,
) -> BoxStream<'static, Result<LogPiece, Error>> {
    let pieces = async move {
        let answer = transport.send(call).await?;
        let kind = answer.headers().get(CONTENT_TYPE);
        let is_marked = kind.is_some_and(|kind| kind.as_bytes() == MARKED.as_bytes());
        let body = answer
            .into_body()
            .into_data_stream()
            .map_err(|error| transport::unreachable(&error));
        Ok::<_, Error>(if is_marked {
            parsed(body.boxed())
        } else {
            body.map_ok(LogPiece::Bytes).boxed()
        })
    };
    stream::once(pieces).try_flatten().boxed()
}

fn parsed(
    body: BoxStream<'static, Result<Bytes, Error>>,
) -> BoxStream<'static, Result<LogPiece, Error>> {
    let state = (body, Chunks::default());
    stream::try_unfold(state, |(mut body, mut chunks)| async move {
        loop {
            if let Some(piece) = chunks.next()? {
                return Ok(Some((piece, (body, chunks))));
            }
            match body.next().await {
                Some(bytes) => chunks.push(&bytes?),
                None if chunks.is_whole() => return Ok(None),
                None => return Err(Error::Unreachable("the log broke off".into())),
            }
        }
    })
    .boxed()
}

/// Takes bytes, gives pieces.
#[derive(Debug, Default)]
struct Chunks {
    waiting: BytesMut,
    /// Bytes of the log that belong to the chunk that has begun.
    left: usize,
}

impl Chunks {
    fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    fn is_whole(&self) -> bool {
        self.waiting.is_empty() && self.left == 0
    }

    fn next(&mut self) -> Result<Option<LogPiece>, Error> {
        loop {
            if self.left > 0 {
                let ready = self.left.min(self.waiting.len());
                self.left -= ready;
                let bytes = self.waiting.split_to(ready).freeze();
                return Ok((!bytes.is_empty()).then_some(LogPiece::Bytes(bytes)));
            }
            let Some(&[kind, a, b, c, d]) = self.waiting.first_chunk::<HEAD>() else {
                return Ok(None);
            };
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            match kind {
                b'b' => {
                    self.waiting.advance(HEAD);
                    self.left = length;
                }
                b'm' if length <= LONGEST_MARK => {
                    if self.waiting.len() < HEAD + length {
                        return Ok(None);
                    }
                    self.waiting.advance(HEAD);
                    let mark = self.waiting.split_to(length);
                    let mark = serde_json::from_slice(&mark);
                    let mark = mark.map_err(|error| Error::Protocol(error.to_string()))?;
                    return Ok(Some(LogPiece::Missing(mark)));
                }
                _ => return Err(Error::Protocol("a log in chunks of an unknown kind".into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: u8, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&[kind], &length[..], bytes].concat()
    }

    fn mark() -> LogFrame {
        LogFrame::Dropped {
            at: "2026-11-24T12:00:00Z".parse().unwrap(),
            bytes: 7,
        }
    }

    /// Bytes before and after each mark, however they were cut.
    fn read(pieces: &[&[u8]]) -> Result<(Vec<Vec<u8>>, Vec<LogFrame>), Error> {
        let (mut chunks, mut texts, mut marks) = (Chunks::default(), vec![Vec::new()], Vec::new());
        for piece in pieces {
            chunks.push(piece);
            while let Some(piece) = chunks.next()? {
                match piece {
                    LogPiece::Bytes(bytes) => texts.last_mut().unwrap().extend_from_slice(&bytes),
                    LogPiece::Missing(mark) => {
                        marks.push(mark);
                        texts.push(Vec::new());
                    }
                }
            }
        }
        assert!(chunks.is_whole());
        Ok((texts, marks))
    }

    #[test]
    fn marks_stand_between_the_bytes_wherever_the_answer_is_cut() {
        let json = serde_json::to_vec(&mark()).unwrap();
        let all = [
            chunk(b'b', b"one\nm\0\0"),
            chunk(b'm', &json),
            chunk(b'b', b""),
            chunk(b'b', b"two"),
        ]
        .concat();
        for at in 0..=all.len() {
            let (texts, marks) = read(&[&all[..at], &all[at..]]).unwrap();
            assert_eq!(texts, [&b"one\nm\0\0"[..], b"two"], "{at}");
            assert_eq!(marks, [mark()], "{at}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        assert!(read(&[&chunk(b'x', b"?")]).is_err());
        assert!(read(&[&chunk(b'm', b"{}")]).is_err());
        assert!(read(&[b"m\xff\xff\xff\xff"]).is_err(), "no end of a mark");
    }
}
