use crate::{
    ApiError, App, Caller,
    extract::{Body, Path},
};
use axum::{Json, extract::State, http::StatusCode};
use gofer_api_types::{Problem, PutObject, StoredObject};
use gofer_core::{
    name::{NamespaceName, ObjectKey, PipelineName},
    run::Object,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// What fits into an output fits into an object.
const MOST_BYTES: usize = 64 << 10;

/// A pipeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PipelinePath {
    /// Where it is.
    #[param(value_type = String)]
    namespace: NamespaceName,
    /// Its name.
    #[param(value_type = String)]
    pipeline: PipelineName,
}

/// An object of a pipeline.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ObjectPath {
    /// Where the pipeline is.
    #[param(value_type = String)]
    namespace: NamespaceName,
    /// Its name.
    #[param(value_type = String)]
    pipeline: PipelineName,
    /// The object's key; a slash in it is written `%2F`.
    #[param(value_type = String)]
    key: ObjectKey,
}

/// List a pipeline's objects.
///
/// In the order of their keys.
#[utoipa::path(
    get,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/objects",
    operation_id = "list_objects",
    tag = "objects",
    params(PipelinePath),
    responses((status = 200, description = "The objects", body = Vec<StoredObject>)),
)]
pub(crate) async fn list_objects(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<PipelinePath>,
) -> Result<Json<Vec<StoredObject>>, ApiError> {
    let objects = app.store().objects(&path.namespace, &path.pipeline).await?;
    Ok(Json(objects.into_iter().map(stored).collect()))
}

/// Give a pipeline's object a value.
#[utoipa::path(
    put,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/objects/{key}",
    operation_id = "put_object",
    tag = "objects",
    params(ObjectPath),
    request_body = PutObject,
    responses(
        (status = 200, description = "The object", body = StoredObject),
        (status = 422, description = "The value is too long", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put_object(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<ObjectPath>,
    Body(body): Body<PutObject>,
) -> Result<Json<StoredObject>, ApiError> {
    let (key, value) = (path.key, body.value);
    if value.len() > MOST_BYTES {
        let bytes = value.len();
        let problem = format!("object {key} would have {bytes} bytes; at most {MOST_BYTES} fit");
        return Err(ApiError::Refused(vec![problem]));
    }
    let at = app.engine.now();
    let object = Object { key, value, at };
    let put = app
        .store()
        .put_object(&path.namespace, &path.pipeline, object.clone());
    put.await?;
    Ok(Json(stored(object)))
}

/// Forget a pipeline's object.
#[utoipa::path(
    delete,
    path = "/api/v1/namespaces/{namespace}/pipelines/{pipeline}/objects/{key}",
    operation_id = "delete_object",
    tag = "objects",
    params(ObjectPath),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such object", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn delete_object(
    _caller: Caller,
    State(app): State<App>,
    Path(path): Path<ObjectPath>,
) -> Result<StatusCode, ApiError> {
    let ObjectPath {
        namespace,
        pipeline,
        key,
    } = path;
    app.store()
        .delete_object(&namespace, &pipeline, &key)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn stored(object: Object) -> StoredObject {
    StoredObject {
        key: object.key.to_string(),
        value: object.value,
        updated_at: object.at,
    }
}
