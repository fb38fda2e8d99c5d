//! A service's container, until it is started.

use super::{One, existing, follow, marks, of_service, sandbox::Shared, tell};
use crate::{
    engine::{Engine, State},
    files, image, labels,
    link::Backoff,
    place::Place,
    registry,
    remedy::{self, Kind},
    source, spec,
    volumes::{self, Owner},
};
use bollard::{models::ContainerCreateBody, query_parameters::CreateContainerOptionsBuilder};
use gofer_core::{definition::Pull, id::AttemptId};
use gofer_scheduler::{Container, Ensure, Fact, LogEvent, Role, Service, StartError};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A service whose container exists.
pub(super) struct Made<'a> {
    pub(super) service: &'a Service,
    container: String,
    state: State,
}

/// Makes all of them that are not there, at once.
pub(super) async fn create<'a>(
    engine: &Arc<Engine>,
    request: &'a Ensure,
    shared: &Shared,
) -> Result<Vec<Made<'a>>, StartError> {
    let services = request.attempt.services.iter();
    let creating = services.map(|service| async {
        let created = create_one(engine, request, shared, service).await;
        created.map_err(|error| of_service(&service.name, error))
    });
    let created = futures_util::future::join_all(creating).await;
    created.into_iter().collect()
}

async fn create_one<'a>(
    engine: &Arc<Engine>,
    request: &'a Ensure,
    shared: &Shared,
    service: &'a Service,
) -> Result<Made<'a>, StartError> {
    let said = &service.container;
    let container = labels::service_name(engine.store, &request.id, &service.name);
    let made = |state| Made {
        service,
        container: container.clone(),
        state,
    };
    volumes::ready(engine, owner(request), said).await?;
    let mut pulled = said.pull != Pull::Missing;
    if said.pull == Pull::Always && !said.pinned {
        registry::pull(engine, said, &request.facts).await?;
    }
    let mut backoff = Backoff::new();
    loop {
        let options = CreateContainerOptionsBuilder::new()
            .name(&container)
            .build();
        let body = body(engine, request, shared, service);
        let Err(error) = engine.docker.create_container(Some(options), body).await else {
            let found = image::look(engine, &said.image).await;
            tell_image(request, said, found.map(|facts| facts.digest.clone()));
            volumes::open(engine, owner(request), &container, said).await?;
            return Ok(made(State::Created));
        };
        match remedy::kind(error) {
            Kind::Away(words) => return Err(StartError::Away(remedy::away(&words))),
            Kind::Said(409, _) => {
                if let Some((seen, inspected)) = existing(engine, &request.id, &container).await? {
                    let id = inspected.image.unwrap_or_default();
                    let found = image::digest(engine, &said.image, &id).await;
                    tell_image(request, said, found);
                    return Ok(made(seen.state));
                }
                backoff.pause(engine).await;
            }
            Kind::Said(404, words) if words.to_ascii_lowercase().contains("no such image") => {
                if pulled {
                    return Err(remedy::not_here(&said.image));
                }
                pulled = true;
                registry::pull(engine, said, &request.facts).await?;
            }
            Kind::Said(status, words) => {
                return Err(remedy::start_words(status, &words, &said.image));
            }
        }
    }
}

/// What its image is, for the rest of the run.
fn tell_image(request: &Ensure, said: &Container, found: Option<String>) {
    if let Some(image) = found.filter(|_| !said.pinned) {
        let name = said.image.clone();
        tell(request, Fact::ServiceImage { name, image });
    }
}

fn body(
    engine: &Engine,
    request: &Ensure,
    shared: &Shared,
    service: &Service,
) -> ContainerCreateBody {
    let said = &service.container;
    // A script that is a file needs a folder to lie in.
    let own = spec::script(&said.exec).map(|_| {
        let labels = labels::of_run(engine.store, request.id.run, Role::Volume);
        Place::Plain(labels).mounts()
    });
    let users = volumes::mounts(engine, owner(request), said);
    let around = spec::Around {
        brand: engine.brand,
        options: &engine.options,
        labels: marks(engine, request).of_service(&service.name),
        mounts: own.into_iter().flatten().chain(users).collect(),
        holder: Some(&shared.id),
    };
    spec::body(said, around)
}

fn owner(request: &Ensure) -> Owner<'_> {
    Owner {
        run: request.id.run,
        pipeline: &request.pipeline,
    }
}

/// Starts one, if it was not started before, and reads its log from the first byte.
pub(super) async fn start(
    engine: &Arc<Engine>,
    id: &AttemptId,
    made: Made<'_>,
    log: Option<mpsc::Sender<LogEvent>>,
) -> Result<One, StartError> {
    let Made {
        service,
        container,
        state,
    } = made;
    let pipes = if state == State::Created {
        let image = &service.container.image;
        let failure = |error| of_service(&service.name, remedy::of_start(error, image));
        let put = files::put(engine, &container, &service.container).await;
        put.map_err(|error| of_service(&service.name, error))?;
        let pipes = source::attach(engine, &container).await.map_err(failure)?;
        let started = engine.docker.start_container(&container, None).await;
        started.map_err(failure)?;
        Some(pipes)
    } else {
        None
    };
    Ok(follow(
        engine,
        id,
        (service.name.clone(), container),
        log,
        pipes,
    ))
}
