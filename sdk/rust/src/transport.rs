//! HTTP/1.1 over a Unix socket.

use crate::Error;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use gofer_api_types::{PROBLEM_JSON, Problem};
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, Uri,
    body::Incoming,
    header::{ACCEPT, CONTENT_TYPE},
};
use hyper_util::{
    client::legacy::{
        self,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use serde::de::DeserializeOwned;
use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::UnixStream,
};

/// An answer that is not one of ours is read this far to say what it was.
const MOST_OF_AN_ERROR: usize = 64 << 10;

/// A connection that nobody uses is given up before the server closes it.
const LONGEST_IDLE: Duration = Duration::from_secs(15);

/// What to send.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) accept: &'static str,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) last_event: Option<u64>,
}

#[derive(Clone)]
pub(crate) struct Transport {
    http: legacy::Client<Connector, Full<Bytes>>,
}

impl Transport {
    pub(crate) fn unix(path: &Path) -> Self {
        let connector = Connector {
            path: Arc::new(path.to_owned()),
        };
        Self {
            http: legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(LONGEST_IDLE)
                .build(connector),
        }
    }

    /// Sends, and gives the answer if it is a good one.
    pub(crate) async fn send(&self, call: Call) -> Result<Response<Incoming>, Error> {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("http://gofer{}", call.path))
            .header(ACCEPT, call.accept);
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(id) = call.last_event {
            request = request.header("last-event-id", id);
        }
        let request = request
            .body(Full::from(call.body.unwrap_or_default()))
            .map_err(|error| Error::Protocol(error.to_string()))?;
        let answer = self
            .http
            .request(request)
            .await
            .map_err(|error| unreachable(&error))?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(refusal(answer).await)
        }
    }

    /// Sends, and reads the answer as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        let body = self.send(call).await?.into_body();
        let bytes = body
            .collect()
            .await
            .map_err(|error| unreachable(&error))?
            .to_bytes();
        serde_json::from_slice(&bytes).map_err(|error| Error::Protocol(error.to_string()))
    }
}

async fn refusal(answer: Response<Incoming>) -> Error {
    let status = answer.status();
    let kind = answer.headers().get(CONTENT_TYPE).cloned();
    let body = http_body_util::Limited::new(answer.into_body(), MOST_OF_AN_ERROR)
        .collect()
        .await;
    let bytes = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    if kind.is_some_and(|kind| kind.as_bytes() == PROBLEM_JSON.as_bytes())
        && let Ok(problem) = serde_json::from_slice::<Problem>(&bytes)
    {
        return Error::Problem(problem);
    }
    Error::Protocol(format!("status {status} without a problem document"))
}

/// The sentence of the innermost cause: hyper's own say only that something failed.
pub(crate) fn unreachable(error: &(dyn std::error::Error + 'static)) -> Error {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Error::Unreachable(cause.to_string())
}

#[derive(Clone)]
struct Connector {
    path: Arc<PathBuf>,
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Socket>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = Arc::clone(&self.path);
        Box::pin(async move {
            let stream = UnixStream::connect(path.as_path()).await?;
            Ok(TokioIo::new(Socket(stream)))
        })
    }
}

/// A Unix socket that hyper's pool takes.
struct Socket(UnixStream);

impl Connection for Socket {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
