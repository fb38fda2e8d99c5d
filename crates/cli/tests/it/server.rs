//! A server that says what it is told to say.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What there is to be told.
#[derive(Clone, Default)]
pub(crate) struct Script {
    /// The run, as it is at the end.
    pub(crate) run: Value,
    /// `change` events before `end`: the data of each.
    pub(crate) changes: Vec<Value>,
    /// By `TASK` or `TASK/INDEX`.
    pub(crate) logs: BTreeMap<String, Vec<u8>>,
    /// The task whose log comes late.
    pub(crate) late: Option<&'static str>,
    /// Said behind each log: what is missing of it.
    pub(crate) missing: Vec<Value>,
    /// What `POST …/resume` says; without it there is nothing to go on with.
    pub(crate) resumed: Option<&'static str>,
}

const LATE: Duration = Duration::from_millis(300);

#[derive(Clone)]
struct App {
    script: Script,
    heard: Arc<Mutex<Vec<String>>>,
}

pub(crate) struct Server {
    _folder: tempfile::TempDir,
    pub(crate) socket: PathBuf,
    heard: Arc<Mutex<Vec<String>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    pub(crate) fn start(script: Script) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let heard = Arc::default();
        let app = App {
            script,
            heard: Arc::clone(&heard),
        };
        let listener = runtime
            .block_on(async { tokio::net::UnixListener::bind(&socket) })
            .unwrap();
        runtime
            .handle()
            .spawn(async move { axum::serve(listener, router(app)).await });
        Self {
            _folder: folder,
            socket,
            heard,
            runtime: Some(runtime),
        }
    }

    /// Bodies of what was asked for.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn router(app: App) -> Router {
    let api = Router::new()
        .route("/namespaces/{ns}/pipelines/{p}", put(apply))
        .route("/namespaces/{ns}/pipelines/{p}/runs", post(start))
        .route("/namespaces/{ns}/pipelines/{p}/resume", post(resume))
        .route(
            "/namespaces/{ns}/pipelines/{p}/runs/{which}",
            get(by_number),
        )
        .route("/runs", get(list))
        .route("/runs/{id}", get(run))
        .route("/runs/{id}/events", get(events))
        .route("/runs/{id}/cancel", post(run))
        .route("/runs/{id}/rerun", post(start))
        .route("/runs/{id}/config", get(config))
        .route("/runs/{id}/logs/{task}", get(log))
        .route("/runs/{id}/logs/{task}/{item}", get(item_log));
    Router::new().nest("/api/v1", api).with_state(app)
}

async fn apply() -> Json<Value> {
    Json(json!({ "number": 1, "created_at": "2026-11-24T12:00:00Z" }))
}

async fn start(State(app): State<App>, body: String) -> Json<Value> {
    app.heard.lock().unwrap().push(body);
    Json(app.script.run)
}

async fn resume(State(app): State<App>, body: String) -> Json<Value> {
    app.heard.lock().unwrap().push(body);
    match app.script.resumed {
        Some(how) => Json(json!({ "run": app.script.run, "how": how })),
        None => Json(json!({ "run": null, "how": "nothing" })),
    }
}

async fn by_number(
    State(app): State<App>,
    Path((_, pipeline, which)): Path<(String, String, String)>,
) -> Response {
    let is_there = app.script.run["pipeline"] == *pipeline && (which == "latest" || which == "42");
    if is_there {
        return Json(app.script.run).into_response();
    }
    let problem = json!({ "type": "urn:gofer:problem:not_found", "title": "There is no such thing", "status": 404, "detail": "there is no such run" });
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "application/problem+json")],
        problem.to_string(),
    )
        .into_response()
}

async fn list(
    State(app): State<App>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let is_wanted = query
        .get("pipeline")
        .is_none_or(|name| app.script.run["pipeline"] == **name);
    let items: Vec<Value> = is_wanted
        .then(|| app.script.run.clone())
        .into_iter()
        .collect();
    Json(json!({ "items": items, "next": null }))
}

async fn run(State(app): State<App>) -> Json<Value> {
    Json(app.script.run)
}

/// As the run was made: two tasks, one after the other.
async fn config() -> Json<Value> {
    let tasks = json!({ "load": { "image": "i" }, "report": { "image": "i", "depends_on": { "load": "success" } } });
    Json(json!({ "name": "etl", "tasks": tasks }))
}

async fn events(State(app): State<App>) -> Response {
    let change = |(line, change): (usize, &Value)| {
        format!("id: {}\nevent: change\ndata: {change}\n\n", line + 1)
    };
    let mut events: Vec<String> = app.script.changes.iter().enumerate().map(change).collect();
    let end = json!({ "state": app.script.run["state"] });
    events.push(format!("event: end\ndata: {end}\n\n"));
    let text = events.concat();
    ([(header::CONTENT_TYPE, "text/event-stream")], text).into_response()
}

async fn log(
    State(app): State<App>,
    Path((_, task)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if app.script.late == Some(task.as_str()) {
        tokio::time::sleep(LATE).await;
    }
    let bytes = app.script.logs.get(&task).cloned().unwrap_or_default();
    let marked = "application/vnd.gofer.log";
    if headers.get(header::ACCEPT).is_none_or(|it| it != marked) {
        return bytes.into_response();
    }
    let chunk = |kind: u8, bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&[kind], &length[..], bytes].concat()
    };
    let mut chunks = vec![chunk(b'b', &bytes)];
    let marks = app.script.missing.iter();
    chunks.extend(marks.map(|mark| chunk(b'm', mark.to_string().as_bytes())));
    ([(header::CONTENT_TYPE, marked)], chunks.concat()).into_response()
}

async fn item_log(
    State(app): State<App>,
    Path((_, task, item)): Path<(String, String, u32)>,
) -> Vec<u8> {
    app.script
        .logs
        .get(&format!("{task}/{item}"))
        .cloned()
        .unwrap_or_default()
}
