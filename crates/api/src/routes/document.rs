use crate::{Caller, openapi_json};
use axum::{http::header::CONTENT_TYPE, response::IntoResponse};

/// Read this document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "read_openapi",
    tag = "server",
    responses((status = 200, description = "The OpenAPI document", body = Object)),
)]
pub(crate) async fn read_openapi(_caller: Caller) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], openapi_json())
}
