//! One file for each command.

mod artifacts;
mod cancel;
mod clean;
mod doctor;
mod explain;
mod init;
mod logs;
mod man;
mod object;
mod run;
mod runs;
mod schema;
mod shell;
mod show;
mod validate;
mod volume;

pub(crate) use artifacts::artifacts;
pub(crate) use cancel::cancel;
pub(crate) use clean::clean;
pub(crate) use doctor::doctor;
pub(crate) use explain::explain;
pub(crate) use init::init;
pub(crate) use logs::logs;
pub(crate) use man::{completion, man};
pub(crate) use object::object;
pub(crate) use run::{rerun, run};
pub(crate) use runs::runs;
pub(crate) use schema::schema;
pub(crate) use shell::shell;
pub(crate) use show::show;
pub(crate) use validate::validate;
pub(crate) use volume::volume;
