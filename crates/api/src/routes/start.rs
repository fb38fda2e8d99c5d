use super::pipelines::PipelinePath;
use crate::{
    ApiError, App, Caller,
    extract::{Body, Path},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
};
use gofer_api_types::{
    Mount, OnlyTasks, Problem, ResumeHow, ResumeRun, Resumed, Run, SecretValue, StartRun,
};
use gofer_core::{
    id::RunId,
    name::{PipelineName, SecretName, TriggerName},
    run as core,
};
use gofer_engine as engine;
use gofer_secrets::SecretText;
use std::collections::BTreeMap;

type Secrets = Vec<(SecretName, SecretText)>;

/// Start a run.
///
/// It is stored when this answers, and driven from then on. Whatever is missing or wrong, secrets
/// and params together, is reported at once, and nothing is started.
#[utoipa::path(
    post,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/runs",
    operation_id = "start_run",
    tag = "runs",
    params(PipelinePath),
    request_body = StartRun,
    responses(
        (status = 201, description = "The run", body = Run),
        (status = 404, description = "No such version", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The pipeline is quarantined", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "All that is missing or wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn start_run(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<PipelinePath>,
    Body(body): Body<StartRun>,
) -> Result<impl IntoResponse, ApiError> {
    let mut problems = Vec::new();
    let secrets = secrets(body.secrets, &mut problems);
    let trigger = body.trigger.unwrap_or_else(|| "manual".to_owned());
    if let Err(error) = trigger.parse::<TriggerName>() {
        problems.push(error.to_string());
    }
    let mut calls = BTreeMap::new();
    for (name, version) in body.calls {
        match name.parse::<PipelineName>() {
            Ok(name) => drop(calls.insert(name, version)),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(ApiError::Refused(problems));
    }
    let start = engine::Start {
        namespace: path.namespace,
        pipeline: path.pipeline,
        version: body.version,
        params: body.params,
        secrets,
        trigger,
        calls,
        mounts: body.mounts.into_iter().map(mount).collect(),
        only: body.only.map(wanted),
        like: body.like.map(RunId),
    };
    let row = app.engine.start(start).await?;
    let run = app.document(row.id).await?;
    let location = [(LOCATION, format!("/api/v1/runs/{}", run.id))];
    Ok((StatusCode::CREATED, location, Json(run)))
}

/// Go on with the pipeline's newest unfinished run.
///
/// It keeps its own version and params. If a living process drives it, nothing changes.
#[utoipa::path(
    post,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/resume",
    operation_id = "resume_run",
    tag = "runs",
    params(PipelinePath),
    request_body = ResumeRun,
    responses(
        (status = 200, description = "What came of it", body = Resumed),
        (status = 422, description = "Secrets that are missing or wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn resume_run(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<PipelinePath>,
    Body(body): Body<ResumeRun>,
) -> Result<Json<Resumed>, ApiError> {
    let mut problems = Vec::new();
    let secrets = secrets(body.secrets, &mut problems);
    if !problems.is_empty() {
        return Err(ApiError::Refused(problems));
    }
    let resumed = app
        .engine
        .resume(&path.namespace, &path.pipeline, secrets)
        .await?;
    let (row, how) = match resumed {
        engine::Resumed::Driving(row) => (row, ResumeHow::Driving),
        engine::Resumed::Following(row) => (row, ResumeHow::Following),
        engine::Resumed::Nothing => {
            return Ok(Json(Resumed {
                run: None,
                how: ResumeHow::Nothing,
            }));
        }
    };
    Ok(Json(Resumed {
        run: Some(app.document(row.id).await?),
        how,
    }))
}

fn mount(mount: Mount) -> core::Mount {
    core::Mount {
        source: mount.source,
        target: mount.target,
        read_only: mount.read_only,
    }
}

fn wanted(only: OnlyTasks) -> engine::Wanted {
    engine::Wanted {
        tasks: only.tasks,
        with_ancestors: only.with_ancestors,
        outputs: only.outputs,
    }
}

pub(super) fn secrets(given: BTreeMap<String, SecretValue>, problems: &mut Vec<String>) -> Secrets {
    let mut secrets = Vec::with_capacity(given.len());
    for (name, value) in given {
        match name.parse::<SecretName>() {
            Ok(name) => secrets.push((name, SecretText::new(value.0))),
            Err(error) => problems.push(error.to_string()),
        }
    }
    secrets
}
