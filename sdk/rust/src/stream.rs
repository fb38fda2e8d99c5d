//! What comes piece by piece: events of a run, and logs.

use crate::{
    Error,
    sse::{self, Parser},
    transport::{self, Call, Transport},
};
use bytes::Bytes;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use gofer_api_types::{Change, End, LogOptions, Progress};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent {
    /// A line of its history.
    Change {
        /// The line's number: what to go on after.
        line: u64,
        /// The line.
        change: Change,
    },
    /// Something worth a line on a screen; it is not kept.
    Progress(Progress),
    /// The run is over, and nothing of it is left on a scheduler. The last event.
    End(End),
}

/// Which log, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Of which task.
    pub task: String,
    /// Of which item of a fan-out.
    pub item: Option<u32>,
    /// Which attempt, from where, how far.
    pub options: LogOptions,
}

/// The bytes of an answer.
pub(crate) fn bytes(transport: Transport, call: Call) -> BoxStream<'static, Result<Bytes, Error>> {
    let body = async move {
        let body = transport.send(call).await?.into_body();
        Ok::<_, Error>(
            body.into_data_stream()
                .map_err(|error| transport::unreachable(&error)),
        )
    };
    stream::once(body).try_flatten().boxed()
}

/// The events of an answer, each read by `read`; what it knows nothing of is passed over. An
/// answer that breaks off before `read` saw its last event is an error.
pub(crate) fn events<T: Send + 'static>(
    transport: Transport,
    call: Call,
    read: fn(&sse::Event) -> Result<Read<T>, Error>,
) -> BoxStream<'static, Result<T, Error>> {
    let state = State {
        body: bytes(transport, call),
        parser: Parser::default(),
        over: false,
    };
    stream::try_unfold(state, move |mut state| async move {
        if state.over {
            return Ok(None);
        }
        let Some(piece) = state.body.next().await else {
            return Err(Error::Unreachable(
                "the connection was closed before the end".into(),
            ));
        };
        let (mut events, mut items) = (Vec::new(), Vec::new());
        let pushed = state.parser.push(&piece?, &mut events);
        pushed.map_err(|_| Error::Protocol("an event without end".into()))?;
        for event in &events {
            match read(event)? {
                Read::Item(item) => items.push(Ok(item)),
                Read::Last(item) => {
                    items.extend(item.map(Ok));
                    state.over = true;
                }
                Read::Unknown => {}
            }
        }
        Ok(Some((stream::iter(items), state)))
    })
    .try_flatten()
    .boxed()
}

struct State {
    body: BoxStream<'static, Result<Bytes, Error>>,
    parser: Parser,
    over: bool,
}

/// What an event was.
pub(crate) enum Read<T> {
    Item(T),
    Last(Option<T>),
    Unknown,
}

pub(crate) fn run_event(event: &sse::Event) -> Result<Read<RunEvent>, Error> {
    Ok(match event.kind.as_str() {
        "change" => {
            let line = event.id.as_deref().and_then(|id| id.parse().ok());
            let line = line.ok_or_else(|| Error::Protocol("a change without a number".into()))?;
            Read::Item(RunEvent::Change {
                line,
                change: data(event)?,
            })
        }
        "progress" => Read::Item(RunEvent::Progress(data(event)?)),
        "end" => Read::Last(Some(RunEvent::End(data(event)?))),
        "problem" => return Err(Error::Problem(data(event)?)),
        _ => Read::Unknown,
    })
}

pub(crate) fn log_frame(event: &sse::Event) -> Result<Read<gofer_api_types::LogFrame>, Error> {
    Ok(match event.kind.as_str() {
        "frame" => Read::Item(data(event)?),
        "end" => Read::Last(None),
        "problem" => return Err(Error::Problem(data(event)?)),
        _ => Read::Unknown,
    })
}

fn data<T: DeserializeOwned>(event: &sse::Event) -> Result<T, Error> {
    serde_json::from_str(&event.data).map_err(|error| Error::Protocol(error.to_string()))
}
