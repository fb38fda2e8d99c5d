use crate::{
    ApiError, App, Caller,
    extract::{Path, Query},
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use gofer_api_types::{Artifact, ArtifactKind, ArtifactsQuery, Page, Problem};
use gofer_core::{
    Timestamp,
    id::{AttemptId, RunId},
    name::TaskName,
    run::Key,
};
use gofer_objects::{Error, File, Kind};
use serde::Deserialize;
use std::io;
use utoipa::IntoParams;

/// The most names in one part of a list.
const MOST: u32 = 1_000;
const USUAL: u32 = 200;

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

/// List a task's artifacts.
///
/// What the attempt left in `$GOFER_ARTIFACTS`, a part at a time; empty if that is nothing.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/artifacts/{task}",
    operation_id = "list_artifacts",
    tag = "artifacts",
    params(TaskPath, ArtifactsQuery),
    responses(
        (status = 200, description = "A part of the list", body = Page<Artifact>),
        (status = 404, description = "No such run, task, item or attempt", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_artifacts(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<TaskPath>,
    Query(query): Query<ArtifactsQuery>,
) -> Result<Json<Page<Artifact>>, ApiError> {
    let nothing = || {
        let items = Vec::new();
        Json(Page { items, next: None })
    };
    let Some(id) = find(&app, path, &query).await? else {
        return Ok(nothing());
    };
    let index = app.engine.objects().index(&id).await?;
    let begin: usize = match query.after.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(begin)) => begin,
        Some(Err(_)) => return Err(malformed("`after` is no place in this list")),
    };
    let most = query.limit.unwrap_or(USUAL).clamp(1, MOST) as usize;
    let left = index.files.get(begin..).unwrap_or_default();
    let items = left.iter().take(most).map(artifact).collect();
    let next = (left.len() > most).then(|| (begin + most).to_string());
    Ok(Json(Page { items, next }))
}

/// Fetch a task's artifacts.
///
/// All that the attempt left, as a tar. Every name in it was checked: nothing leads out of the
/// folder into which it is unpacked.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/artifacts/{task}/tar",
    operation_id = "fetch_artifacts",
    tag = "artifacts",
    params(TaskPath, ArtifactsQuery),
    responses(
        (status = 200, description = "The archive", body = Vec<u8>, content_type = "application/x-tar"),
        (status = 404, description = "No such run, task, item or attempt, or it left nothing", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn fetch_artifacts(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<TaskPath>,
    Query(query): Query<ArtifactsQuery>,
) -> Result<Response, ApiError> {
    let task = path.task.clone();
    let id = find(&app, path, &query).await?;
    let id = id.ok_or_else(|| ApiError::NotFound(format!("{task} left no artifacts")))?;
    let tar = app.engine.objects().tar(&id).await?;
    let body = Body::from_stream(tar.map_err(io::Error::other));
    Ok(download(body, "application/x-tar"))
}

/// Fetch one file of a task's artifacts.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/artifacts/{task}/file",
    operation_id = "fetch_artifact",
    tag = "artifacts",
    params(TaskPath, ArtifactsQuery),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "No such run, task, item, attempt or file", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn fetch_artifact(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<TaskPath>,
    Query(query): Query<ArtifactsQuery>,
) -> Result<Response, ApiError> {
    let task = path.task.clone();
    let wanted = query.path.clone();
    let wanted = wanted.ok_or_else(|| malformed("`path` says which file"))?;
    let none = || ApiError::NotFound(format!("{task} left no file {wanted:?}"));
    let id = find(&app, path, &query).await?.ok_or_else(none)?;
    let objects = app.engine.objects();
    let index = objects.index(&id).await?;
    let (bytes, file) = objects.file(&id, &index, &wanted).ok_or_else(none)?;
    let body = Body::from_stream(file.map_err(io::Error::other));
    let mut response = download(body, "application/octet-stream");
    response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
    Ok(response)
}

/// The attempt, if it left anything.
async fn find(
    app: &App,
    path: TaskPath,
    query: &ArtifactsQuery,
) -> Result<Option<AttemptId>, ApiError> {
    let (run, item) = (path.run, query.item);
    let key = Key {
        task: path.task,
        item,
    };
    let attempts = app.store().attempts(run, &key).await?;
    let attempt = match query.attempt {
        None => attempts.last(),
        Some(number) => {
            let found = attempts.iter().find(|attempt| attempt.number == number);
            let none = || ApiError::NotFound(format!("{} has no attempt {number}", key.task));
            Some(found.ok_or_else(none)?)
        }
    };
    let left = attempt.filter(|attempt| attempt.artifacts.is_some());
    Ok(left.map(|attempt| AttemptId {
        run,
        task: key.task,
        item,
        number: attempt.number,
    }))
}

fn artifact(file: &File) -> Artifact {
    let entry = &file.entry;
    let (kind, bytes, target) = match &entry.kind {
        Kind::File { bytes } => (ArtifactKind::File, *bytes, None),
        Kind::Folder => (ArtifactKind::Folder, 0, None),
        Kind::Link { target } => (ArtifactKind::Link, 0, Some(target)),
        Kind::SameAs { first } => (ArtifactKind::SameAs, 0, Some(first)),
    };
    let modified = i64::try_from(entry.modified).ok();
    let modified = modified.and_then(|seconds| Timestamp::from_second(seconds).ok());
    Artifact {
        path: entry.path.clone(),
        kind,
        bytes,
        target: target.cloned(),
        mode: entry.mode,
        modified_at: modified.unwrap_or_default(),
    }
}

/// Never shown by a browser, whatever is in it.
fn download(body: Body, kind: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, body).into_response()
}

fn malformed(what: &str) -> ApiError {
    ApiError::Malformed(axum::http::StatusCode::BAD_REQUEST, what.to_owned())
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Gone(_) => Self::NotFound(error.to_string()),
            Error::Full | Error::Away(_) | Error::Unauthorized(_) | Error::NoBucket => {
                Self::Unavailable(error.to_string())
            }
            Error::Damaged { .. } | Error::NoPlace(_) | Error::NoTls(_) | Error::Failed(_) => {
                Self::internal("artifacts cannot be read", &error)
            }
        }
    }
}
