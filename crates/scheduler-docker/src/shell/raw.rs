//! A terminal's bytes as they are. The client library takes one that begins with a byte below 3
//! for the header of a frame, and would wait for the rest of it.

use super::wires::Wires;
use crate::{engine::Engine, source::wire::Place};
use bollard::{container::LogOutput, errors::Error as Raw};
use futures_util::{StreamExt, TryStreamExt};
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_util::io::ReaderStream;

/// Asks for a connection that is a terminal's from then on. `None`: this engine is not reached so.
pub(super) async fn terminal(
    engine: &Engine,
    path: &str,
    body: &str,
) -> Result<Option<Wires>, Raw> {
    let Some(place) = Place::of(&engine.endpoint) else {
        return Ok(None);
    };
    let version = engine.docker.client_version();
    let mut connection = place.connect().await?;
    let request = format!(
        "POST /v{}.{}{path} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\n\
         Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {}\r\n\r\n{body}",
        version.major_version,
        version.minor_version,
        body.len()
    );
    connection.write_all(request.as_bytes()).await?;
    let (reader, writer) = tokio::io::split(connection);
    let mut reader = BufReader::new(reader);
    let (mut line, mut status, mut length) = (String::new(), None, 0);
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
        let said = text.to_ascii_lowercase();
        let said = said.strip_prefix("content-length:");
        length = said
            .and_then(|said| said.trim().parse().ok())
            .unwrap_or(length);
    }
    match status {
        Some(101 | 200) => Ok(Some(Wires {
            output: ReaderStream::new(reader)
                .map_ok(|message| LogOutput::Console { message })
                .map_err(Raw::from)
                .boxed(),
            input: Box::pin(writer),
            is_terminal: true,
        })),
        status => {
            let mut message = String::new();
            reader.take(length).read_to_string(&mut message).await?;
            Err(Raw::DockerResponseServerError {
                status_code: status.unwrap_or(0),
                message: words(&message),
            })
        }
    }
}

/// What the engine says in its document of an error.
fn words(document: &str) -> String {
    let said = document.trim().strip_prefix("{\"message\":\"");
    let said = said.and_then(|said| said.strip_suffix("\"}"));
    said.unwrap_or(document).to_owned()
}
