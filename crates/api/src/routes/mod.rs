//! What can be asked for. One registration makes the route and its entry in the OpenAPI document.

mod artifacts;
mod clean;
mod document;
mod events;
mod logs;
mod objects;
mod pipelines;
mod rerun;
mod runs;
mod shell;
mod start;

use crate::{ApiError, App, Caller, openapi::Document};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every route, with its entry.
pub(crate) fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(pipelines::apply))
        .routes(routes!(start::start_run))
        .routes(routes!(start::resume_run))
        .routes(routes!(runs::list_runs))
        .routes(routes!(runs::read_run))
        .routes(routes!(runs::read_run_of_pipeline))
        .routes(routes!(runs::read_config))
        .routes(routes!(runs::cancel_run))
        .routes(routes!(rerun::rerun_run))
        .routes(routes!(events::read_events))
        .routes(routes!(logs::read_log))
        .routes(routes!(logs::read_item_log))
        .routes(routes!(shell::open_shell))
        .routes(routes!(shell::open_item_shell))
        .routes(routes!(artifacts::list_artifacts))
        .routes(routes!(artifacts::fetch_artifacts))
        .routes(routes!(artifacts::fetch_artifact))
        .routes(routes!(objects::list_objects))
        .routes(routes!(objects::put_object, objects::delete_object))
        .routes(routes!(clean::clean))
        .routes(routes!(clean::list_volumes))
        .routes(routes!(clean::delete_volume))
        .routes(routes!(document::read_openapi))
}

pub(crate) async fn nothing_here(_caller: Caller) -> ApiError {
    ApiError::NotFound("there is nothing at this address".into())
}

pub(crate) async fn not_this_method(_caller: Caller) -> ApiError {
    ApiError::MethodNotAllowed
}
