//! The HTTP API under `/api/v1`: who may, what they asked for, what came of it.
//!
//! Every handler takes a [`Caller`] first: there is no way to be reached without one.

mod app;
mod caller;
mod convert;
mod cursor;
mod error;
mod extract;
mod log;
mod openapi;
mod routes;
mod serve;
mod sse;
mod wake;

pub use caller::{Authority, Caller, Peer};
pub use error::ApiError;
pub use openapi::openapi_json;
pub use serve::serve;

use app::App;
