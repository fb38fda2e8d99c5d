use crate::{
    ApiError, App, Caller,
    extract::{Body, Path},
};
use axum::{Json, extract::State};
use gofer_api_types::{Problem, Version};
use gofer_core::{
    definition::Pipeline,
    name::{NamespaceName, PipelineName},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// A pipeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PipelinePath {
    /// Its namespace.
    #[param(value_type = String)]
    pub(crate) namespace: NamespaceName,
    /// Its name.
    #[param(value_type = String)]
    pub(crate) pipeline: PipelineName,
}

/// Register a pipeline.
///
/// The body is the canonical document. One that is equal to the newest version is that version;
/// any other becomes the next one.
#[utoipa::path(
    put,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}",
    operation_id = "apply",
    tag = "pipelines",
    params(PipelinePath),
    request_body(content = Object, description = "The canonical document"),
    responses(
        (status = 200, description = "The version", body = Version),
        (status = 400, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 2 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a pipeline: all that is wrong with it", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn apply(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<PipelinePath>,
    Body(document): Body<serde_json::Value>,
) -> Result<Json<Version>, ApiError> {
    let pipeline: Pipeline = serde_json::from_value(document)
        .map_err(|error| ApiError::Refused(vec![error.to_string()]))?;
    refuse_another_place(&path, &pipeline)?;
    let version = app.engine.apply(&path.namespace, pipeline).await?;
    Ok(Json(Version {
        number: version.number,
        created_at: version.created_at,
    }))
}

/// What a document says about itself must be where it is sent.
fn refuse_another_place(path: &PipelinePath, pipeline: &Pipeline) -> Result<(), ApiError> {
    let mut problems = Vec::new();
    if pipeline.name != path.pipeline {
        problems.push(format!(
            "the document is of {}, not of {}",
            pipeline.name, path.pipeline
        ));
    }
    if let Some(pinned) = pipeline
        .namespace
        .as_ref()
        .filter(|pinned| **pinned != path.namespace)
    {
        problems.push(format!(
            "the document belongs to namespace {pinned}, not {}",
            path.namespace
        ));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Refused(problems))
    }
}
