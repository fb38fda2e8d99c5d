use crate::routes;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(info(
    title = "Gofer",
    description = "Runs container jobs from a pipeline file. Errors are problem documents (RFC 9457).",
    license(name = "Apache-2.0", identifier = "Apache-2.0"),
))]
pub(crate) struct Document;

/// The OpenAPI document, as it is published.
pub fn openapi_json() -> String {
    let (_, document) = routes::documented().split_for_parts();
    // A document that was built in memory can be written.
    document.to_pretty_json().unwrap_or_default() + "\n"
}
