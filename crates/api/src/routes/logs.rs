use crate::{
    ApiError, App, Caller,
    extract::{Path, Query},
    log::{self, Events, Marked, Range, Raw, Target, Timed},
    sse,
};
use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderMap,
        header::{ACCEPT, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response, sse::Event},
};
use futures_util::{Stream, StreamExt, stream};
use gofer_api_types::{LogOptions, Problem};
use gofer_core::{id::RunId, name::TaskName, run::Key};
use serde::Deserialize;
use std::iter;
use utoipa::IntoParams;

const EVENTS: &str = "text/event-stream";
const MARKED: &str = "application/vnd.gofer.log";

/// A task of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TaskPath {
    /// The run.
    #[param(value_type = uuid::Uuid)]
    run: RunId,
    /// The task.
    #[param(value_type = String)]
    task: TaskName,
}

/// An item of a fan-out of a run.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ItemPath {
    /// The run.
    #[param(value_type = uuid::Uuid)]
    run: RunId,
    /// The task.
    #[param(value_type = String)]
    task: TaskName,
    /// The item, from 0.
    item: u32,
}

/// Read a task's log.
///
/// The attempt's bytes and nothing else. With `Accept: text/event-stream` it comes as events
/// `frame`, with times, streams and marks where bytes are missing, each with the place behind it
/// as its id; then `end`, or `problem` when nobody will bring the attempt to its end. With
/// `Accept: application/vnd.gofer.log` it comes in chunks of one byte, a length of four bytes, the
/// highest first, and so much: `b` and bytes of the log, or `m` and a `LogFrame` that says where
/// bytes are missing.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/logs/{task}",
    operation_id = "read_log",
    tag = "logs",
    params(TaskPath, LogOptions),
    responses(
        (status = 200, description = "The log", content(
            (Vec<u8> = "application/octet-stream"),
            (Vec<u8> = "application/vnd.gofer.log"),
            (gofer_api_types::LogFrame = "text/event-stream"),
        )),
        (status = 404, description = "No such run, task or attempt", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read_log(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<TaskPath>,
    Query(options): Query<LogOptions>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = Key {
        task: path.task,
        item: None,
    };
    read(app, path.run, key, options, &headers).await
}

/// Read an item's log.
///
/// As a task's.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/logs/{task}/{item}",
    operation_id = "read_item_log",
    tag = "logs",
    params(ItemPath, LogOptions),
    responses(
        (status = 200, description = "The log", content(
            (Vec<u8> = "application/octet-stream"),
            (Vec<u8> = "application/vnd.gofer.log"),
            (gofer_api_types::LogFrame = "text/event-stream"),
        )),
        (status = 404, description = "No such run, item or attempt", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read_item_log(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<ItemPath>,
    Query(options): Query<LogOptions>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let key = Key {
        task: path.task,
        item: Some(path.item),
    };
    read(app, path.run, key, options, &headers).await
}

async fn read(
    app: App,
    run: RunId,
    key: Key,
    options: LogOptions,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let mut target = Target {
        run,
        key,
        number: options.attempt,
        service: None,
    };
    if let Some(name) = &options.service {
        target = target.with_service(&app, name).await?;
    }
    // What can be refused is refused before the answer begins.
    if target.attempt(&app).await?.is_none() && !options.follow {
        return Err(target.not_yet(&app).await?);
    }
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains(EVENTS)) {
        let range = Range::new(options.tail, sse::last_event(headers), options.follow);
        let pieces = log::pieces(app, target, range, Events::default());
        return Ok(sse::response(events(pieces)).into_response());
    }
    let range = Range::new(options.tail, None, options.follow);
    let is_marked = accept.is_some_and(|accept| accept.contains(MARKED));
    let body = match (is_marked, options.timestamps) {
        (false, false) => Body::from_stream(log::pieces(app, target, range, Raw::default())),
        (false, true) => Body::from_stream(log::pieces(app, target, range, Timed::default())),
        (true, false) => {
            Body::from_stream(log::pieces(app, target, range, Marked::<Raw>::default()))
        }
        (true, true) => {
            Body::from_stream(log::pieces(app, target, range, Marked::<Timed>::default()))
        }
    };
    let kind = if is_marked {
        MARKED
    } else {
        "application/octet-stream"
    };
    let headers = [(CONTENT_TYPE, kind), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((headers, body).into_response())
}

/// The pieces, then the end, unless a problem was it.
fn events(
    pieces: impl Stream<Item = Result<Vec<Event>, ApiError>> + Send + 'static,
) -> impl Stream<Item = Event> + Send + 'static {
    let pieces = pieces.map(Some).chain(stream::iter(iter::once(None)));
    let pieces = pieces.scan(false, |is_over, piece| {
        let events = match piece {
            _ if *is_over => Vec::new(),
            Some(Ok(events)) => events,
            Some(Err(error)) => {
                *is_over = true;
                vec![sse::problem(&error)]
            }
            None => vec![Event::default().event("end").data("{}")],
        };
        std::future::ready(Some(stream::iter(events)))
    });
    pieces.flatten()
}
