use crate::{ApiError, App, Authority, Peer, routes};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    response::{IntoResponse, Response},
};
use gofer_engine::Engine;
use std::{any::Any, io};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

/// The largest body of a request.
const LARGEST_BODY: usize = 2 << 20;

/// Answers on a Unix socket until `shutdown`; what was asked before is still answered, and streams
/// end.
pub async fn serve(
    listener: UnixListener,
    engine: Engine,
    authority: Authority,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let stop = shutdown.clone();
    let app = App::new(engine, authority, shutdown);
    let service = router(app).into_make_service_with_connect_info::<Peer>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// Every route, with the limits that hold for all.
pub(crate) fn router(app: App) -> Router {
    let (router, _) = routes::documented().split_for_parts();
    router
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
