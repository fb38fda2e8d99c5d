use crate::routes::Document;
use utoipa::OpenApi;

/// The OpenAPI document, as it is published.
pub fn openapi_json() -> String {
    // A document that was built in memory can be written.
    Document::openapi().to_pretty_json().unwrap_or_default() + "\n"
}
