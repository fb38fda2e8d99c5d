use super::runs::RunPath;
use crate::{
    ApiError, App, Caller, convert,
    extract::{Path, Query},
    sse,
    wake::Wake,
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, sse::Event},
};
use futures_util::{StreamExt, stream};
use gofer_api_types::{Change, End, Problem};
use gofer_core::{id::RunId, run::Key};
use gofer_store::RunRow;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;
use utoipa::IntoParams;

/// Lines of history read at once.
const LINES: u32 = 500;
/// A job that writes much wakes us much; there is no look sooner after another.
const GAP: Duration = Duration::from_millis(2);

/// Where to begin.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only lines of the history after this one; the header `Last-Event-ID` says the same.
    after: Option<u64>,
}

/// Watch a run.
///
/// Server-sent events: `change` for each line of the run's history, with the line's number as its
/// id; `progress` for notes that are not kept; `end`, once and last, when the run is over and
/// nothing of it is left on a scheduler; `problem`, last, when nobody drives the run any more.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/events",
    operation_id = "read_events",
    tag = "runs",
    params(
        RunPath,
        EventsQuery,
        ("last-event-id" = Option<u64>, Header, description = "Go on after this line"),
    ),
    responses(
        (status = 200, description = "Events", body = Change, content_type = "text/event-stream"),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read_events(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<RunPath>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    app.store().run(path.run).await?;
    let after = sse::last_event(&headers).or(query.after).unwrap_or(0);
    let feed = Feed {
        wake: Wake::new(&app, path.run),
        app,
        run: path.run,
        after,
        notes: BTreeMap::new(),
        is_over: false,
        looked: Instant::now(),
    };
    let events = stream::unfold(feed, |mut feed| async move {
        let events = feed.next().await?;
        Some((stream::iter(events), feed))
    });
    Ok(sse::response(events.flatten()))
}

/// What is told about a run, and how far.
struct Feed {
    app: App,
    run: RunId,
    after: u64,
    notes: BTreeMap<Key, String>,
    wake: Wake,
    is_over: bool,
    /// When it was last looked for news.
    looked: Instant,
}

impl Feed {
    /// The next events; `None` after the last.
    async fn next(&mut self) -> Option<Vec<Event>> {
        if self.is_over {
            return None;
        }
        match self.look_until_there_is_something().await {
            Ok(events) => events,
            Err(error) => {
                self.is_over = true;
                Some(vec![sse::problem(&error)])
            }
        }
    }

    async fn look_until_there_is_something(&mut self) -> Result<Option<Vec<Event>>, ApiError> {
        loop {
            self.looked = Instant::now();
            let mut events = self.changes().await?;
            self.add_notes(&mut events)?;
            if events.is_empty() {
                let row = self.app.store().run(self.run).await?;
                if self.has_ended(&row).await? {
                    // Lines that came between the two looks.
                    events = self.changes().await?;
                    if events.is_empty() {
                        self.is_over = true;
                        let state = convert::run_state(row.head.state);
                        return Ok(Some(vec![sse::event("end", None, &End { state })?]));
                    }
                }
            }
            if !events.is_empty() {
                return Ok(Some(events));
            }
            if self.wake.wait().await.is_err() {
                return Ok(None);
            }
            tokio::time::sleep_until(self.looked + GAP).await;
        }
    }

    async fn changes(&mut self) -> Result<Vec<Event>, ApiError> {
        let lines = self
            .app
            .store()
            .history(self.run, self.after, LINES)
            .await?;
        let mut events = Vec::with_capacity(lines.len());
        for (line, change) in lines {
            self.after = line;
            let id = line.to_string();
            events.push(sse::event("change", Some(&id), &convert::change(&change))?);
        }
        Ok(events)
    }

    fn add_notes(&mut self, events: &mut Vec<Event>) -> Result<(), ApiError> {
        let now: BTreeMap<Key, String> = self.app.engine.progress(self.run).into_iter().collect();
        for (key, text) in &now {
            if self.notes.get(key) != Some(text) {
                let note = convert::progress(key, Some(text));
                events.push(sse::event("progress", None, &note)?);
            }
        }
        for key in self.notes.keys().filter(|key| !now.contains_key(key)) {
            events.push(sse::event("progress", None, &convert::progress(key, None))?);
        }
        self.notes = now;
        Ok(())
    }

    /// Over, and cleaned up behind. It is a problem if nobody will bring it there.
    async fn has_ended(&self, row: &RunRow) -> Result<bool, ApiError> {
        let is_over = row.head.state.is_over();
        match row.claim {
            None if is_over => Ok(true),
            _ if self.app.is_driven(row).await? => Ok(false),
            _ if is_over => Ok(true),
            _ => Err(ApiError::interrupted(row)),
        }
    }
}
