use crate::{
    ApiError, App, Caller,
    extract::{Body, Path},
};
use axum::{Json, extract::State, http::StatusCode};
use gofer_api_types::{self as api, Clean, Cleaned, Problem, Spare, Volume};
use gofer_core::name::{NamespaceName, PipelineName, VolumeName};
use gofer_engine::{KeptVolume, SpareKind, Spares};
use serde::Deserialize;
use utoipa::IntoParams;

/// A volume of a pipeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct VolumePath {
    /// Its pipeline's namespace.
    #[param(value_type = String)]
    namespace: NamespaceName,
    /// Its pipeline.
    #[param(value_type = String)]
    pipeline: PipelineName,
    /// Its name.
    #[param(value_type = String)]
    volume: VolumeName,
}

/// Take away what is not needed.
///
/// Runs beyond what is kept, logs without a run, containers kept for a look, and what dead processes
/// left on the container engine. Nothing of a run that goes on.
#[utoipa::path(
    post,
    path = "/api/v1/clean",
    operation_id = "clean",
    tag = "clean",
    request_body = Clean,
    responses(
        (status = 200, description = "What went, or would", body = Cleaned),
    ),
)]
pub(crate) async fn clean(
    _caller: Caller,
    State(app): State<App>,
    Body(clean): Body<Clean>,
) -> Result<Json<Cleaned>, ApiError> {
    let Spares { things, engine } = app.engine.clean(clean.dry_run).await?;
    let things = things.into_iter().map(|spare| Spare {
        kind: kind(spare.kind),
        name: spare.name,
        why: spare.why,
        bytes: spare.bytes,
        failure: spare.failure,
    });
    Ok(Json(Cleaned {
        things: things.collect(),
        engine,
    }))
}

fn kind(kind: SpareKind) -> api::SpareKind {
    match kind {
        SpareKind::Run => api::SpareKind::Run,
        SpareKind::Log => api::SpareKind::Log,
        SpareKind::Container => api::SpareKind::Container,
        SpareKind::Volume => api::SpareKind::Volume,
        SpareKind::Network => api::SpareKind::Network,
        SpareKind::Image => api::SpareKind::Image,
    }
}

/// List volumes that are kept.
///
/// By pipeline and name.
#[utoipa::path(
    get,
    path = "/api/v1/volumes",
    operation_id = "list_volumes",
    tag = "volumes",
    responses(
        (status = 200, description = "All of them", body = Vec<Volume>),
        (status = 503, description = "The container engine does not answer", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list_volumes(
    _caller: Caller,
    State(app): State<App>,
) -> Result<Json<Vec<Volume>>, ApiError> {
    let volumes = app.engine.volumes().await?.into_iter();
    let volume = |volume: KeptVolume| Volume {
        namespace: volume.namespace,
        pipeline: volume.pipeline,
        name: volume.name.to_string(),
        bytes: volume.bytes,
    };
    Ok(Json(volumes.map(volume).collect()))
}

/// Delete a volume that is kept.
///
/// Refused while a run that is not over may use it.
#[utoipa::path(
    delete,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/volumes/{volume}",
    operation_id = "delete_volume",
    tag = "volumes",
    params(VolumePath),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such volume", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Something uses it", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn delete_volume(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<VolumePath>,
) -> Result<StatusCode, ApiError> {
    let VolumePath {
        namespace,
        pipeline,
        volume,
    } = path;
    app.engine
        .delete_volume(&namespace, &pipeline, &volume)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
