//! The engine's API over its socket, with nothing between: one connection, kept open.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
};

pub(crate) struct Docker {
    connection: BufReader<UnixStream>,
}

impl Docker {
    pub(crate) fn connect() -> Result<Self> {
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        let path = host
            .strip_prefix("unix://")
            .unwrap_or("/var/run/docker.sock");
        let path = PathBuf::from(path);
        let stream = UnixStream::connect(&path)
            .with_context(|| format!("no engine answers at {}", path.display()))?;
        Ok(Self {
            connection: BufReader::with_capacity(256 * 1024, stream),
        })
    }

    pub(crate) fn create(&mut self, body: &Value) -> Result<String> {
        let created = self.call("POST", "/containers/create", Some(body))?;
        let id = created["Id"]
            .as_str()
            .context("the engine created nothing")?;
        Ok(id.to_owned())
    }

    pub(crate) fn start(&mut self, id: &str) -> Result<()> {
        self.call("POST", &format!("/containers/{id}/start"), None)
            .map(drop)
    }

    /// Answers with the exit code, when there is one.
    pub(crate) fn wait(&mut self, id: &str) -> Result<i64> {
        let ended = self.call("POST", &format!("/containers/{id}/wait"), None)?;
        ended["StatusCode"]
            .as_i64()
            .context("the engine told no exit code")
    }

    pub(crate) fn remove(&mut self, id: &str) -> Result<()> {
        let path = format!("/containers/{id}?force=1&v=1");
        self.call("DELETE", &path, None).map(drop)
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<Value> {
        self.call("GET", path, None)
    }

    /// The containers created between two moments (seconds since 1970), oldest first.
    pub(crate) fn created(&mut self, since: f64, until: f64) -> Result<Vec<Value>> {
        let wanted = "%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22create%22%5D%7D";
        let path = format!("/events?since={since:.6}&until={until:.6}&filters={wanted}");
        self.send("GET", &path, None, "")?;
        let (_, body) = self.answer()?;
        let events = serde_json::Deserializer::from_slice(&body).into_iter::<Value>();
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// Turns this connection into the container's two streams, as the engine frames them.
    pub(crate) fn attach(mut self, id: &str) -> Result<Attached> {
        let path = format!("/containers/{id}/attach?stream=1&stdout=1&stderr=1");
        self.send(
            "POST",
            &path,
            None,
            "Connection: Upgrade\r\nUpgrade: tcp\r\n",
        )?;
        let (status, _) = self.head()?;
        if status != 101 {
            bail!("the engine did not attach: {status}");
        }
        Ok(Attached {
            stream: self.connection,
        })
    }

    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        self.send(method, path, body, "")?;
        let (status, body) = self.answer()?;
        if status >= 400 {
            bail!(
                "{method} {path}: {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }

    fn send(&mut self, method: &str, path: &str, body: Option<&Value>, more: &str) -> Result<()> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} /v1.41{path} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{more}\r\n{body}"
        );
        Ok(self.connection.get_mut().write_all(request.as_bytes())?)
    }

    fn answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let (status, length) = self.head()?;
        let mut body = Vec::new();
        match length {
            Length::Known(length) => {
                let read = self
                    .connection
                    .by_ref()
                    .take(length)
                    .read_to_end(&mut body)?;
                if u64::try_from(read)? < length {
                    bail!("the engine's answer broke off");
                }
            }
            Length::Chunked => read_chunks(&mut self.connection, &mut body)?,
        }
        Ok((status, body))
    }

    fn head(&mut self) -> Result<(u16, Length)> {
        read_head(&mut self.connection)
    }
}

#[derive(Debug, PartialEq)]
enum Length {
    Known(u64),
    Chunked,
}

fn read_head(from: &mut impl BufRead) -> Result<(u16, Length)> {
    let first = read_line(from)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("no answer of HTTP: {first:?}"))?;
    let mut length = Length::Known(0);
    loop {
        let line = read_line(from)?.to_ascii_lowercase();
        match line.split_once(':') {
            None => return Ok((status, length)),
            Some(("content-length", value)) => length = Length::Known(value.trim().parse()?),
            Some(("transfer-encoding", _)) => length = Length::Chunked,
            Some(_) => {}
        }
    }
}

fn read_chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let size = u64::from_str_radix(&read_line(from)?, 16)?;
        from.by_ref().take(size).read_to_end(body)?;
        read_line(from)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        bail!("the engine closed the connection");
    }
    Ok(line.trim_end().to_owned())
}

/// What a container writes, from before its start to its end.
pub(crate) struct Attached {
    stream: BufReader<UnixStream>,
}

impl Attached {
    /// Reads to the end and throws away; says how many bytes came, the engine's marks included.
    pub(crate) fn discard(mut self) -> Result<u64> {
        Ok(std::io::copy(&mut self.stream, &mut std::io::sink())?)
    }

    /// The next piece and nothing of the engine's marks; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        next_frame(&mut self.stream)
    }

    pub(crate) fn all(mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(piece) = self.next()? {
            all.extend(piece);
        }
        Ok(all)
    }
}

fn next_frame(from: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    if from.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut mark = [0; 8];
    from.read_exact(&mut mark)?;
    let [_, _, _, _, length @ ..] = mark;
    let mut piece = vec![0; usize::try_from(u32::from_be_bytes(length))?];
    from.read_exact(&mut piece)?;
    Ok(Some(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_chunks_is_put_together_and_the_next_one_is_left_alone() {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                    3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let mut from = text.as_bytes();
        assert_eq!(read_head(&mut from).unwrap(), (200, Length::Chunked));
        let mut body = Vec::new();
        read_chunks(&mut from, &mut body).unwrap();
        assert_eq!(body, b"abc0123456789");
        assert_eq!(read_head(&mut from).unwrap(), (204, Length::Known(0)));
    }

    #[test]
    fn frames_lose_their_marks_and_keep_every_byte() {
        let mut from: &[u8] = b"\x01\0\0\0\0\0\0\x03a\0b\x02\0\0\0\0\0\0\x01\xff";
        assert_eq!(next_frame(&mut from).unwrap().unwrap(), b"a\0b");
        assert_eq!(next_frame(&mut from).unwrap().unwrap(), b"\xff");
        assert!(next_frame(&mut from).unwrap().is_none());
    }

    #[test]
    fn a_frame_that_breaks_off_is_an_error_and_not_an_end() {
        let mut from: &[u8] = b"\x01\0\0\0\0\0\0\x03a";
        assert!(next_frame(&mut from).is_err());
    }
}
