//! Attempts on a Docker or Podman engine: the one that the user has.
//!
//! `find` says which, [`Docker::connect`] reaches it, and [`Docker`] is then a
//! [`gofer_scheduler::Scheduler`]. What each call costs and how engines lie is in
//! `docs/design/0003-docker-adapter.md`.

mod artifacts;
mod beneath;
mod collect;
mod connect;
mod engine;
mod ensure;
mod files;
mod find;
mod follow;
mod furnish;
mod holder;
mod image;
mod labels;
mod layer;
mod left;
mod link;
mod machine;
mod made;
mod place;
mod probe;
mod registry;
mod remedy;
mod removal;
mod scheduler;
mod services;
mod shell;
mod sink;
mod source;
mod spec;
mod supplies;
mod volumes;

pub use connect::{ConnectError, Reached};
pub use engine::{Brand, Options};
pub use find::{Endpoint, Environment, FindError, Found, find, find_named};
pub use probe::Probe;
pub use scheduler::Docker;
