use super::{runs::RunPath, start};
use crate::{
    ApiError, App, Caller,
    extract::{Body, Path},
};
use axum::{Json, extract::State, http::StatusCode};
use gofer_api_types::{Problem, RerunRun, Run};
use gofer_core::{name::TaskName, run as core};
use gofer_engine as engine;

/// Do a run again.
///
/// All of it, what failed, or what depends on certain tasks. The run keeps its number, its version
/// and its params; its earlier attempts stay, and new ones are added. Whatever speaks against it
/// is said at once, and then nothing has changed.
#[utoipa::path(
    post,
    path = "/api/v1/runs/{run}/rerun",
    operation_id = "rerun_run",
    tag = "runs",
    params(RunPath),
    request_body = RerunRun,
    responses(
        (status = 202, description = "The run goes on", body = Run),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not over, or cannot be rerun so", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "All that is missing or wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rerun_run(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<RunPath>,
    Body(body): Body<RerunRun>,
) -> Result<(StatusCode, Json<Run>), ApiError> {
    let mut problems = Vec::new();
    let secrets = start::secrets(body.secrets, &mut problems);
    let mut keys = Vec::new();
    for from in &body.from {
        match key(from) {
            Ok(key) => keys.push(key),
            Err(problem) => problems.push(problem),
        }
    }
    if body.failed && !keys.is_empty() {
        problems.push("`failed` and `from` do not go together".to_owned());
    }
    if !problems.is_empty() {
        return Err(ApiError::Refused(problems));
    }
    let again = match (body.failed, keys.is_empty()) {
        (true, _) => core::Again::Failed,
        (false, true) => core::Again::Everything,
        (false, false) => core::Again::From(keys),
    };
    let rerun = engine::Rerun {
        run: path.run,
        again,
        secrets,
    };
    let row = app.engine.rerun(rerun).await?;
    Ok((StatusCode::ACCEPTED, Json(app.document(row.id).await?)))
}

/// `TASK` or `TASK/INDEX`.
fn key(text: &str) -> Result<core::Key, String> {
    let (task, item) = match text.split_once('/') {
        None => (text, None),
        Some((task, item)) => {
            let wrong = |_| format!("{text:?} is neither TASK nor TASK/INDEX");
            (task, Some(item.parse::<u32>().map_err(wrong)?))
        }
    };
    let task: TaskName = task.parse().map_err(|error| format!("{error}"))?;
    Ok(core::Key { task, item })
}
