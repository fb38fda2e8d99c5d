use crate::{
    ApiError, App, Caller, convert, cursor,
    extract::{Path, Query},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
};
use gofer_api_types::{Page, Problem, Run, RunState, RunSummary, RunsQuery};
use gofer_core::{
    id::RunId,
    name::{NamespaceName, PipelineName},
};
use gofer_store::Filter;
use serde::Deserialize;
use std::{fmt::Display, str::FromStr};
use utoipa::IntoParams;

/// The most runs in one part of a list.
const MOST: u32 = 200;
const USUAL: u32 = 50;

/// A run.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RunPath {
    /// Its identity.
    #[param(value_type = uuid::Uuid)]
    pub(crate) run: RunId,
}

/// A run by its place in its pipeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct NumberPath {
    /// Its pipeline's namespace.
    #[param(value_type = String)]
    namespace: NamespaceName,
    /// Its pipeline.
    #[param(value_type = String)]
    pipeline: PipelineName,
    /// Its number, `latest`, or `-1`, `-2` … counted back from the newest.
    run: String,
}

/// List runs.
///
/// Newest first, a part at a time.
#[utoipa::path(
    get,
    path = "/api/v1/runs",
    operation_id = "list_runs",
    tag = "runs",
    params(RunsQuery),
    responses(
        (status = 200, description = "A part of the list", body = Page<RunSummary>),
        (status = 400, description = "A filter that makes no sense", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_runs(
    _caller: Caller,
    State(app): State<App>,
    Query(query): Query<RunsQuery>,
) -> Result<Json<Page<RunSummary>>, ApiError> {
    let after = query.after.as_deref().map(cursor::read).transpose()?;
    let most = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let page = app.store().runs(&filter(&query)?, after, most).await?;
    let mut items = Vec::with_capacity(page.rows.len());
    for row in page.rows {
        let interrupted = app.is_interrupted(&row).await?;
        items.push(convert::summary(row, interrupted));
    }
    Ok(Json(convert::page(items, page.next)))
}

/// Read a run.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}",
    operation_id = "read_run",
    tag = "runs",
    params(RunPath),
    responses(
        (status = 200, description = "The run with its tasks", body = Run),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read_run(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<RunPath>,
) -> Result<Json<Run>, ApiError> {
    Ok(Json(app.document(path.run).await?))
}

/// Read a run by its place in its pipeline.
#[utoipa::path(
    get,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/runs/{run}",
    operation_id = "read_run_of_pipeline",
    tag = "runs",
    params(NumberPath),
    responses(
        (status = 200, description = "The run with its tasks", body = Run),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read_run_of_pipeline(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<NumberPath>,
) -> Result<Json<Run>, ApiError> {
    let run = find(&app, &path).await?;
    Ok(Json(app.document(run).await?))
}

/// Read the definition of a run.
///
/// The canonical document of the version that the run is pinned to.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{run}/config",
    operation_id = "read_config",
    tag = "runs",
    params(RunPath),
    responses(
        (status = 200, description = "The document", body = Object),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read_config(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<RunPath>,
) -> Result<impl IntoResponse, ApiError> {
    let row = app.store().run(path.run).await?;
    let canonical = app.version_of(&row).await?;
    Ok(([(CONTENT_TYPE, "application/json")], canonical))
}

/// Cancel a run.
///
/// Tasks that have started are told to stop and get their grace period; tasks that have not
/// started never do. A second call also stops the run's finally tasks. A run that is over stays
/// as it is.
#[utoipa::path(
    post,
    path = "/api/v1/runs/{run}/cancel",
    operation_id = "cancel_run",
    tag = "runs",
    params(RunPath),
    responses(
        (status = 202, description = "The run is stopping, or over", body = Run),
        (status = 404, description = "No such run", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel_run(
    caller: Caller,
    State(app): State<App>,
    Path(path): Path<RunPath>,
) -> Result<(StatusCode, Json<Run>), ApiError> {
    match app.engine.cancel(path.run, caller.name()).await {
        Ok(()) | Err(gofer_engine::Error::Over(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok((StatusCode::ACCEPTED, Json(app.document(path.run).await?)))
}

async fn find(app: &App, path: &NumberPath) -> Result<RunId, ApiError> {
    let NumberPath {
        namespace,
        pipeline,
        run,
    } = path;
    let nothing = || ApiError::NotFound(format!("there is no run {pipeline}/{run}"));
    let back = match run.strip_prefix('-') {
        Some(back) => back.parse::<u64>().map_err(|_| nothing())?,
        None if run == "latest" => 1,
        None => {
            let number = run.parse().map_err(|_| nothing())?;
            let row = app.store().run_by_number(namespace, pipeline, number).await;
            return row.map(|row| row.id).map_err(|error| match error {
                gofer_store::Error::NotFound(_) => nothing(),
                error => error.into(),
            });
        }
    };
    let filter = Filter {
        namespace: Some(namespace.clone()),
        pipeline: Some(pipeline.clone()),
        ..Filter::default()
    };
    let (mut left, mut after) = (back, None);
    while left > 0 {
        let most = u32::try_from(left).unwrap_or(MOST).min(MOST);
        let page = app.store().runs(&filter, after, most).await?;
        let got = page.rows.len() as u64;
        match page.rows.last() {
            Some(row) if got >= left => return Ok(row.id),
            _ => left -= got.min(left),
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Err(nothing())
}

fn filter(query: &RunsQuery) -> Result<Filter, ApiError> {
    let words = query.state.iter().flat_map(|words| words.split(','));
    let states = words.map(|word| parsed::<RunState>(word).map(convert::stored_state));
    Ok(Filter {
        namespace: query.namespace.as_deref().map(parsed).transpose()?,
        pipeline: query.pipeline.as_deref().map(parsed).transpose()?,
        states: states.collect::<Result<_, _>>()?,
        claimed: false,
    })
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, ApiError> {
    text.parse()
        .map_err(|error: T::Err| ApiError::Malformed(StatusCode::BAD_REQUEST, error.to_string()))
}
