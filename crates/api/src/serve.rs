//! Connections: how they are answered, and how long a slow one may take.
//!
//! What is sent is asked for piece by piece, so one that does not read costs what fits into its
//! buffers, for as long as it likes: a log is looked at in a pager for an hour. One that does not
//! write is closed.

use crate::{ApiError, App, Authority, Peer, routes};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request},
    response::{IntoResponse, Response},
};
use gofer_engine::Engine;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{any::Any, io, pin::pin, time::Duration};
use tokio::{
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutBody};

/// The largest body of a request.
const LARGEST_BODY: usize = 2 << 20;
/// After no file was left for another connection.
const NO_FILES: Duration = Duration::from_secs(1);

/// How long is waited for whom.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For the head of a request; also for the next one on a connection.
    head: Duration,
    /// For the next piece of a request's body.
    body: Duration,
    /// For those who still read, when nothing more is answered.
    end: Duration,
}

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(30),
    body: Duration::from_secs(30),
    end: Duration::from_secs(2),
};

/// Answers on a Unix socket until `shutdown`; what was asked before is still answered, and streams
/// end.
pub async fn serve(
    listener: UnixListener,
    engine: Engine,
    authority: Authority,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let app = App::new(engine, authority, shutdown.clone());
    accept(listener, router(app), PATIENCE, shutdown).await;
    Ok(())
}

async fn accept(
    listener: UnixListener,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    let (connections, end) = (TaskTracker::new(), CancellationToken::new());
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                let answered = answer(stream, router.clone(), patience, stop.clone());
                let end = end.clone();
                connections.spawn(async move { end.run_until_cancelled(answered).await });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                stop.run_until_cancelled(sleep(NO_FILES)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if timeout(patience.end, connections.wait()).await.is_err() {
        end.cancel();
        connections.wait().await;
    }
}

/// All that comes on one connection.
async fn answer(stream: UnixStream, router: Router, patience: Patience, stop: CancellationToken) {
    let peer = Peer::of(&stream);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request =
            request.map(|body| Body::new(TimeoutBody::new(patience.body, body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection was closed");
    }
}

/// Every route, with the limits that hold for all.
pub(crate) fn router(app: App) -> Router {
    routes::routes()
        .fallback(routes::nothing_here)
        .method_not_allowed_fallback(routes::not_this_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

/// The details went to our own log with the panic; the caller is told that it was our mistake.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::Internal.into_response()
}

#[cfg(test)]
mod tests;
