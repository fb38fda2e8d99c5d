//! Server-sent events.

use crate::ApiError;
use axum::{
    http::HeaderMap,
    response::{
        IntoResponse, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use std::{convert::Infallible, str::FromStr};

/// An event with JSON as its data.
pub(crate) fn event(
    kind: &str,
    id: Option<&str>,
    data: &impl Serialize,
) -> Result<Event, ApiError> {
    let event = Event::default().event(kind);
    let event = if let Some(id) = id {
        event.id(id)
    } else {
        event
    };
    event
        .json_data(data)
        .map_err(|error| ApiError::internal("an event cannot be written", &error))
}

/// The event `problem`: what would have been the answer, had it been known before the stream began.
pub(crate) fn problem(error: &ApiError) -> Event {
    event("problem", None, &error.problem()).unwrap_or_else(|_| Event::default().event("problem"))
}

/// What the client saw last, if it says so in a way that we understand.
pub(crate) fn last_event<T: FromStr>(headers: &HeaderMap) -> Option<T> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// The answer.
pub(crate) fn response(events: impl Stream<Item = Event> + Send + 'static) -> impl IntoResponse {
    Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default())
}
