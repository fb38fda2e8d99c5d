//! A person in an attempt: beside its process while that runs, in a copy of what it left after it.

mod kept;
mod raw;
mod running;
mod wires;

pub(crate) use kept::{end, keep, left};

use crate::{
    engine::{Engine, Seen, State},
    labels,
    remedy::{self, Kind},
};
use bollard::{
    models::ContainerInspectResponse, query_parameters::ContainerArchiveInfoOptionsBuilder,
};
use gofer_core::id::AttemptId;
use gofer_scheduler::{Error, Session, Shell};
use std::sync::Arc;

/// Prefers the shell that people are used to.
const BEST_SHELL: &str = "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi";
const PLAIN_SHELL: &str = "/bin/sh";

pub(crate) async fn open(
    engine: &Arc<Engine>,
    id: &AttemptId,
    shell: Shell,
) -> Result<Session, Error> {
    let name = labels::attempt_name(engine.store, id);
    let inspected = match engine.docker.inspect_container(&name, None).await {
        Ok(inspected) => inspected,
        Err(error) => {
            return Err(match remedy::kind(error) {
                Kind::Said(404, _) => Error::Failed(GONE.to_owned()),
                Kind::Said(_, words) => Error::Failed(words),
                Kind::Away(words) => Error::Away(remedy::away(&words)),
            });
        }
    };
    if !is_of(engine, &inspected, id) {
        let words = format!("the container {name} is not Gofer's");
        return Err(Error::Failed(words));
    }
    let argv = argv(engine, &name, &shell).await?;
    match Seen::of(&inspected).state {
        State::Running => running::open(engine, &name, argv, &shell).await,
        State::Ended => kept::open(engine, id, &inspected, argv, &shell).await,
        State::Created => Err(Error::Failed("its container was never started".to_owned())),
        State::Paused => Err(Error::Failed(format!(
            "its container is paused: docker unpause {name} lets it go on"
        ))),
    }
}

const GONE: &str = "its container is not there any more: somebody else removed it, as a prune of \
                    the engine does";

fn is_of(engine: &Engine, inspected: &ContainerInspectResponse, id: &AttemptId) -> bool {
    let config = inspected.config.as_ref();
    let marks = config.and_then(|config| config.labels.as_ref());
    let ours = marks.and_then(|marks| labels::read(marks, engine.store, "", false));
    ours.and_then(|ours| ours.attempt).as_ref() == Some(id)
}

/// What is executed: the command, or a shell if the image has one.
async fn argv(engine: &Engine, name: &str, shell: &Shell) -> Result<Vec<String>, Error> {
    if !shell.command.is_empty() {
        return Ok(shell.command.clone());
    }
    let options = ContainerArchiveInfoOptionsBuilder::new()
        .path(PLAIN_SHELL)
        .build();
    let looked = engine
        .docker
        .get_container_archive_info(name, Some(options));
    match looked.await.map_err(remedy::kind) {
        Ok(_) => Ok([PLAIN_SHELL, "-c", BEST_SHELL].map(str::to_owned).into()),
        Err(Kind::Said(404, _)) => Err(Error::Failed(
            "its image has no shell; give a command that it has: `-- COMMAND`".to_owned(),
        )),
        Err(Kind::Said(_, words)) => Err(Error::Failed(words)),
        Err(Kind::Away(words)) => Err(Error::Away(remedy::away(&words))),
    }
}
