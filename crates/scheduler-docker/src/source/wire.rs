//! The engine's record as it comes over the wire. Asked in HTTP/1.0 an engine sends it without
//! chunks; in 1.1 every line is a chunk of its own, which costs a general client 17 CPU-seconds for
//! three million lines.

use crate::find::Endpoint;
use bollard::errors::Error;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use gofer_scheduler::Stream;
use std::{io, path::PathBuf};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
};
use tokio_util::codec::{Decoder, FramedRead};

pub(super) type Frames = BoxStream<'static, Result<(Stream, Bytes), Error>>;

/// Where an engine is that can be asked without TLS.
pub(crate) enum Place {
    Unix(PathBuf),
    Tcp(String),
}

impl Place {
    pub(crate) fn of(endpoint: &Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::Unix(path) => Some(Self::Unix(path.clone())),
            Endpoint::Tcp(address) => Some(Self::Tcp(address.clone())),
            Endpoint::Tls { .. } => None,
        }
    }

    pub(crate) async fn connect(&self) -> io::Result<Connection> {
        Ok(match self {
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
        })
    }
}

pub(crate) trait Both: AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Both for T {}
pub(crate) type Connection = Box<dyn Both>;

const BUFFER: usize = 256 * 1024;

/// Asks for the record and takes it apart.
pub(super) fn frames(place: Place, path: String) -> Frames {
    let asked = async move {
        let reader = ask(&place, &path).await?;
        let frames = FramedRead::with_capacity(reader, Multiplexed, BUFFER);
        Ok::<_, Error>(frames.map_err(Error::from))
    };
    futures_util::stream::once(asked).try_flatten().boxed()
}

async fn ask(place: &Place, path: &str) -> Result<BufReader<Connection>, Error> {
    let (reader, _) = answer(place, path, BUFFER).await?;
    Ok(reader)
}

/// Asks, and gives back what the answer begins with.
pub(crate) async fn head(place: &Place, path: &str) -> Result<Vec<(String, String)>, Error> {
    let (_, head) = answer(place, path, 1024).await?;
    Ok(head)
}

/// Asks, and gives back all of the answer but what it begins with.
pub(crate) async fn body(place: &Place, path: &str) -> Result<Vec<u8>, Error> {
    let (mut reader, _) = answer(place, path, 4096).await?;
    let mut body = Vec::new();
    reader.read_to_end(&mut body).await?;
    Ok(body)
}

type Answer = (BufReader<Connection>, Vec<(String, String)>);

async fn answer(place: &Place, path: &str, buffer: usize) -> Result<Answer, Error> {
    let mut connection = place.connect().await?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut reader = BufReader::with_capacity(buffer, connection);
    let (mut line, mut head) = (String::new(), Vec::new());
    let mut status = None;
    loop {
        line.clear();
        if reader.read_line(&mut line).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        status = status.or_else(|| text.split(' ').nth(1)?.parse::<u16>().ok());
        let named = text.split_once(": ");
        head.extend(named.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    match status {
        Some(200) => Ok((reader, head)),
        status => {
            let mut message = String::new();
            reader.take(64 * 1024).read_to_string(&mut message).await?;
            let status_code = status.unwrap_or(0);
            Err(Error::DockerResponseServerError {
                status_code,
                message,
            })
        }
    }
}

/// Frames of eight bytes (stream, three zeros, length) and as many as the length says.
struct Multiplexed;

const HEADER: usize = 8;

impl Decoder for Multiplexed {
    type Item = (Stream, Bytes);
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        let Some(header) = buffer.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [stream, _, _, _, length @ ..] = *header;
        let stream = match stream {
            0 | 1 => Stream::Stdout,
            2 => Stream::Stderr,
            // The engine's own words about why it cannot go on.
            _ => return Err(io::Error::other("the engine broke its record off")),
        };
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if buffer.len() - HEADER < length {
            return Ok(None);
        }
        buffer.advance(HEADER);
        Ok(Some((stream, buffer.split_to(length).freeze())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_apart_wherever_they_are_torn() {
        let wire = b"\x01\0\0\0\0\0\0\x02ab\x02\0\0\0\0\0\0\x00\x02\0\0\0\0\0\0\x01\xff";
        for torn in 0..wire.len() {
            let mut buffer = BytesMut::new();
            let mut seen = Vec::new();
            for part in [&wire[..torn], &wire[torn..]] {
                buffer.extend_from_slice(part);
                while let Some(frame) = Multiplexed.decode(&mut buffer).unwrap() {
                    seen.push(frame);
                }
            }
            let frame = |stream, bytes: &'static [u8]| (stream, Bytes::from_static(bytes));
            let (out, err) = (Stream::Stdout, Stream::Stderr);
            assert_eq!(
                seen,
                [frame(out, b"ab"), frame(err, b""), frame(err, b"\xff")],
                "{torn}"
            );
        }
    }

    #[test]
    fn a_torn_end_is_an_error_and_no_end() {
        let mut buffer = BytesMut::from(&b"\x01\0\0\0\0\0\0\x05ab"[..]);
        assert!(Multiplexed.decode_eof(&mut buffer).is_err());
    }
}
