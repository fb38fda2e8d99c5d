use crate::{
    Error, LogPiece, LogQuery, RunEvent, RunRef, ShellSession, ShellTarget, Which,
    marked::{self, MARKED},
    shell,
    stream::{self, log_frame, run_event},
    transport::{Call, Transport},
    url::{path, query},
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use gofer_api_types::{
    Clean, Cleaned, LogFrame, Page, Problem, RerunRun, ResumeRun, Resumed, Run, RunSummary,
    RunsQuery, StartRun, StartShell, Version, Volume,
};
use hyper::Method;
use serde::Serialize;
use serde_json::Value;
use std::{fmt, path::Path};
use uuid::Uuid;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// A client of one server. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Transport,
    at: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the server that listens on this Unix socket. Nothing is sent yet.
    pub fn unix(socket: impl AsRef<Path>) -> Self {
        let socket = socket.as_ref();
        Self {
            transport: Transport::unix(socket),
            at: socket.display().to_string(),
        }
    }

    /// Registers a pipeline's canonical document. One that is equal to the newest version is that
    /// version.
    pub async fn apply(
        &self,
        namespace: &str,
        pipeline: &str,
        document: &Value,
    ) -> Result<Version, Error> {
        let path = path(&["namespaces", namespace, "pipelines", pipeline]);
        self.transport
            .json(with_body(Method::PUT, path, document)?)
            .await
    }

    /// Starts a run. It is stored when this returns.
    pub async fn start_run(
        &self,
        namespace: &str,
        pipeline: &str,
        start: &StartRun,
    ) -> Result<Run, Error> {
        let path = path(&["namespaces", namespace, "pipelines", pipeline, "runs"]);
        self.transport
            .json(with_body(Method::POST, path, start)?)
            .await
    }

    /// Goes on with the pipeline's newest unfinished run.
    pub async fn resume_run(
        &self,
        namespace: &str,
        pipeline: &str,
        resume: &ResumeRun,
    ) -> Result<Resumed, Error> {
        let path = path(&["namespaces", namespace, "pipelines", pipeline, "resume"]);
        self.transport
            .json(with_body(Method::POST, path, resume)?)
            .await
    }

    /// A run with its tasks.
    pub async fn run(&self, run: &RunRef) -> Result<Run, Error> {
        match run {
            RunRef::Id(id) => self.get(path(&["runs", &id.to_string()])).await,
            RunRef::Of {
                namespace,
                pipeline,
                which,
            } => {
                let which = which.to_string();
                let parts = [
                    "namespaces",
                    namespace,
                    "pipelines",
                    pipeline,
                    "runs",
                    &which,
                ];
                self.get(path(&parts)).await
            }
            RunRef::Any(which) => {
                let id = self.newest(*which).await?;
                self.get(path(&["runs", &id.to_string()])).await
            }
        }
    }

    /// Runs, newest first, a part at a time.
    pub async fn runs(&self, wanted: &RunsQuery) -> Result<Page<RunSummary>, Error> {
        let pairs = [
            ("namespace", wanted.namespace.clone()),
            ("pipeline", wanted.pipeline.clone()),
            ("state", wanted.state.clone()),
            ("limit", wanted.limit.map(|limit| limit.to_string())),
            ("after", wanted.after.clone()),
        ];
        self.get(query(path(&["runs"]), &pairs)).await
    }

    /// The canonical document of the run's version.
    pub async fn config(&self, run: Uuid) -> Result<Value, Error> {
        self.get(path(&["runs", &run.to_string(), "config"])).await
    }

    /// Asks the run to stop. A second call stops its finally tasks too.
    pub async fn cancel(&self, run: Uuid) -> Result<Run, Error> {
        let path = path(&["runs", &run.to_string(), "cancel"]);
        self.transport.json(call(Method::POST, path, JSON)).await
    }

    /// Does a run that is over again, or parts of it. It goes on when this returns.
    pub async fn rerun(&self, run: Uuid, rerun: &RerunRun) -> Result<Run, Error> {
        let path = path(&["runs", &run.to_string(), "rerun"]);
        self.transport
            .json(with_body(Method::POST, path, rerun)?)
            .await
    }

    /// What happens to the run, from the beginning or after this line of its history, until it is
    /// over. When the connection breaks, the last item is an error: call again with the last line.
    pub fn events(
        &self,
        run: Uuid,
        after: Option<u64>,
    ) -> BoxStream<'static, Result<RunEvent, Error>> {
        let path = path(&["runs", &run.to_string(), "events"]);
        let call = Call {
            last_event: after,
            ..call(Method::GET, path, EVENTS)
        };
        stream::events(self.transport.clone(), call, run_event)
    }

    /// An attempt's log, byte for byte.
    pub fn logs(&self, run: Uuid, log: &LogQuery) -> BoxStream<'static, Result<Bytes, Error>> {
        let call = call(Method::GET, log_path(run, log), "application/octet-stream");
        stream::bytes(self.transport.clone(), call)
    }

    /// An attempt's log, byte for byte, with marks where bytes are missing.
    pub fn log_pieces(
        &self,
        run: Uuid,
        log: &LogQuery,
    ) -> BoxStream<'static, Result<LogPiece, Error>> {
        let call = call(Method::GET, log_path(run, log), MARKED);
        marked::pieces(self.transport.clone(), call)
    }

    /// An attempt's log with times and streams, and with marks where bytes are missing.
    pub fn log_frames(
        &self,
        run: Uuid,
        log: &LogQuery,
    ) -> BoxStream<'static, Result<LogFrame, Error>> {
        let call = call(Method::GET, log_path(run, log), EVENTS);
        stream::events(self.transport.clone(), call, log_frame)
    }

    /// Takes away what is not needed, or says what would go.
    pub async fn clean(&self, clean: Clean) -> Result<Cleaned, Error> {
        let call = with_body(Method::POST, path(&["clean"]), &clean)?;
        self.transport.json(call).await
    }

    /// Volumes that are kept for pipelines.
    pub async fn volumes(&self) -> Result<Vec<Volume>, Error> {
        self.get(path(&["volumes"])).await
    }

    /// Deletes a volume that is kept.
    pub async fn delete_volume(
        &self,
        namespace: &str,
        pipeline: &str,
        volume: &str,
    ) -> Result<(), Error> {
        let parts = [
            "namespaces",
            namespace,
            "pipelines",
            pipeline,
            "volumes",
            volume,
        ];
        let call = call(Method::DELETE, path(&parts), JSON);
        self.transport.send(call).await.map(drop)
    }

    /// Runs a command in an attempt.
    pub async fn shell(
        &self,
        run: Uuid,
        target: &ShellTarget,
        start: &StartShell,
    ) -> Result<ShellSession, Error> {
        let (run, item) = (run.to_string(), target.item.map(|item| item.to_string()));
        let mut parts = vec!["runs", &run, "shell", &target.task];
        parts.extend(item.as_deref());
        let attempt = target.attempt.map(|attempt| attempt.to_string());
        let path = query(path(&parts), &[("attempt", attempt)]);
        shell::open(Path::new(&self.at), &path, start).await
    }

    pub(crate) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: String,
    ) -> Result<T, Error> {
        self.transport.json(call(Method::GET, path, JSON)).await
    }

    /// The nth newest run of all pipelines.
    async fn newest(&self, which: Which) -> Result<Uuid, Error> {
        let back = match which {
            Which::Back(back) => back,
            Which::Number(_) => return Err(no_such_run(which)),
        };
        let mut wanted = RunsQuery::default();
        let mut left = back;
        while left > 0 {
            wanted.limit = Some(u32::try_from(left).unwrap_or(u32::MAX).min(200));
            let page = self.runs(&wanted).await?;
            let got = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
            match page.items.last() {
                Some(run) if got >= left => return Ok(run.id),
                _ => left -= got,
            }
            match page.next {
                Some(next) => wanted.after = Some(next),
                None => break,
            }
        }
        Err(no_such_run(which))
    }
}

fn no_such_run(which: Which) -> Error {
    let detail = format!("there is no run {which}");
    Error::Problem(Problem::new(
        "not_found",
        "There is no such thing",
        404,
        detail,
    ))
}

pub(crate) fn call(method: Method, path: String, accept: &'static str) -> Call {
    Call {
        method,
        path,
        accept,
        body: None,
        last_event: None,
    }
}

pub(crate) fn with_body(
    method: Method,
    path: String,
    body: &impl Serialize,
) -> Result<Call, Error> {
    let body = serde_json::to_vec(body).map_err(|error| Error::Protocol(error.to_string()))?;
    Ok(Call {
        body: Some(body),
        ..call(method, path, JSON)
    })
}

fn log_path(run: Uuid, log: &LogQuery) -> String {
    let (run, item) = (run.to_string(), log.item.map(|item| item.to_string()));
    let mut parts = vec!["runs", &run, "logs", &log.task];
    parts.extend(item.as_deref());
    let options = &log.options;
    let pairs = [
        (
            "attempt",
            options.attempt.map(|attempt| attempt.to_string()),
        ),
        ("follow", options.follow.then(|| "true".to_owned())),
        ("tail", options.tail.map(|tail| tail.to_string())),
        ("service", options.service.clone()),
        ("timestamps", options.timestamps.then(|| "true".to_owned())),
    ];
    query(path(&parts), &pairs)
}
