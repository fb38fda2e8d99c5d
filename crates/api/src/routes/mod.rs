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

use crate::{ApiError, App, Caller};
use axum::{
    Router,
    routing::{MethodFilter, on},
};
use pastey::paste;
use utoipa::{OpenApi, Path, openapi::HttpMethod};

/// Hands every handler to a macro.
macro_rules! with_every_handler {
    ($use_them:ident) => {
        $use_them! {
            pipelines::apply,
            start::start_run,
            start::resume_run,
            runs::list_runs,
            runs::read_run,
            runs::read_run_of_pipeline,
            runs::read_config,
            runs::cancel_run,
            rerun::rerun_run,
            events::read_events,
            logs::read_log,
            logs::read_item_log,
            shell::open_shell,
            shell::open_item_shell,
            artifacts::list_artifacts,
            artifacts::fetch_artifacts,
            artifacts::fetch_artifact,
            objects::list_objects,
            objects::put_object,
            objects::delete_object,
            clean::clean,
            clean::list_volumes,
            clean::delete_volume,
            document::read_openapi,
        }
    };
}

macro_rules! document_them {
    ($($module:ident::$handler:ident),* $(,)?) => {
        #[derive(OpenApi)]
        #[openapi(
            info(
                title = "Gofer",
                description = "Runs container jobs from a pipeline file. Errors are problem documents (RFC 9457).",
                license(name = "Apache-2.0", identifier = "Apache-2.0"),
            ),
            paths($($module::$handler),*)
        )]
        pub(crate) struct Document;
    };
}

macro_rules! route_them {
    ($($module:ident::$handler:ident),* $(,)?) => {
        /// Every route. The document is not made for this: that takes longer than all else that a
        /// server does when it begins.
        pub(crate) fn routes() -> Router<App> {
            Router::new()$(.route(
                &paste!($module::[<__path_ $handler>]::path()),
                on(filter(&paste!($module::[<__path_ $handler>]::methods())), $module::$handler),
            ))*
        }
    };
}

with_every_handler!(document_them);
with_every_handler!(route_them);

fn filter(methods: &[HttpMethod]) -> MethodFilter {
    let filters = methods.iter().map(|method| match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    });
    // A handler has at least one.
    filters
        .reduce(MethodFilter::or)
        .unwrap_or(MethodFilter::GET)
}

pub(crate) async fn nothing_here(_caller: Caller) -> ApiError {
    ApiError::NotFound("there is nothing at this address".into())
}

pub(crate) async fn not_this_method(_caller: Caller) -> ApiError {
    ApiError::MethodNotAllowed
}
