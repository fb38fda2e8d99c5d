//! Making an attempt exist and start, once.

mod ahead;
mod among;

use crate::{
    engine::{Brand, Engine, Live, Seen, State},
    files,
    follow::{self, Begin, Memory, Watched},
    furnish,
    image::{self, Facts},
    labels,
    link::Ear,
    machine::Reach,
    made::Made,
    place::{self, Place},
    registry,
    remedy::{self, Kind},
    services,
    sink::{Sink, Source},
    source, spec,
    supplies::{self, Home, Lease},
    volumes::{self, Owner},
};
use bollard::{errors::Error as Raw, query_parameters::CreateContainerOptionsBuilder};
use futures_util::{StreamExt, stream::BoxStream};
use gofer_core::{
    definition::Pull,
    id::Epoch,
    run::{Reason, Stage},
};
use gofer_scheduler::{Attempt, Ensure, LogEvent, Role, StartError};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::oneshot;
use tokio_stream::wrappers::ReceiverStream;

/// How often a name that is taken by nothing is looked at: for half a minute.
const MOST_LOOKS: u32 = 300;
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// An engine that was asked to start something is at it by then, and not done.
const AFTER_ASKING: Duration = Duration::from_millis(5);

type Log = BoxStream<'static, LogEvent>;

/// One order on its way.
struct Bringing {
    engine: Arc<Engine>,
    request: Ensure,
    name: String,
    live: Arc<Live>,
    ear: Ear,
    /// What its image is, once that is known.
    image: OnceLock<Arc<Facts>>,
}

/// What became of the creation.
enum Created {
    /// By us, just now.
    New(String),
    /// It was there.
    Before(Seen),
    /// Not at all: the sandbox that it was to join is gone.
    Homeless,
}

pub(crate) async fn ensure(engine: &Arc<Engine>, request: Ensure) -> Result<Log, StartError> {
    let name = labels::attempt_name(engine.store, &request.id);
    if !is_all_ours(&request) {
        engine.supplies.unclear(request.id.run);
    }
    let bringing = Bringing {
        live: engine.live(&request.id),
        ear: engine.link.listen(&name),
        engine: engine.clone(),
        request,
        name,
        image: OnceLock::new(),
    };
    let id = bringing.request.id.clone();
    let services = services::names(engine, &id, &bringing.request.attempt);
    let brought = Box::pin(bringing.bring()).await;
    if !matches!(brought, Ok(_) | Err(StartError::Refused)) {
        engine.supplies.unclear(id.run);
    }
    if matches!(
        brought,
        Err(StartError::Failed { .. } | StartError::Refused)
    ) {
        engine.over(&id);
    }
    // One who was refused may have lost them to another.
    if let Err(StartError::Failed { .. }) = brought {
        services::stop_soon(engine, &id, &services);
    }
    brought
}

/// Everything that this attempt needs is made by this process, and noted when it is. The first owner
/// of a run has the first epoch.
fn is_all_ours(request: &Ensure) -> bool {
    let Attempt { main, services, .. } = &request.attempt;
    let is_simple = services.is_empty() && main.volumes.is_empty();
    is_simple && request.stage == Stage::Creating && request.epoch == Epoch(1)
}

impl Bringing {
    async fn bring(self) -> Result<Log, StartError> {
        if self.request.stage > Stage::Creating {
            return match self.existing().await? {
                Some(seen) => self.take_up(seen).await,
                None => Err(StartError::Vanished),
            };
        }
        if self.request.attempt.main.pull == Pull::Always && !self.request.attempt.main.pinned {
            self.wanted().await?;
            self.pull().await?;
        }
        if !self.request.attempt.services.is_empty() {
            self.wanted().await?;
            return Box::pin(self.among_services()).await;
        }
        let home = self.home().await?;
        match self.create(home.holder()).await? {
            Created::New(container) => self.start(&container, home).await,
            Created::Before(seen) => self.take_up(seen).await,
            Created::Homeless => {
                home.spoil();
                Box::pin(self.alone()).await
            }
        }
    }

    /// Goes on with a container that was there before. Only one that never ran is started.
    async fn take_up(self, seen: Seen) -> Result<Log, StartError> {
        if seen.state != State::Created {
            return Ok(self.follow(seen.id.clone(), Begin::Found(seen), None).await);
        }
        if self.request.stage > Stage::Starting {
            // It ran once, so this is another one, or the engine forgot: it must not run again.
            return Err(StartError::Vanished);
        }
        if !self.request.attempt.services.is_empty() {
            return Box::pin(self.among_services()).await;
        }
        Box::pin(self.start(&seen.id, Home::Own)).await
    }

    async fn pull(&self) -> Result<(), StartError> {
        registry::pull(
            &self.engine,
            &self.request.attempt.main,
            &self.request.facts,
        )
        .await
    }

    async fn create(&self, holder: Option<&str>) -> Result<Created, StartError> {
        let Ensure { id, attempt, .. } = &self.request;
        let place = self.place().await?;
        volumes::ready(&self.engine, self.owner(), &attempt.main).await?;
        let mut pulled = attempt.main.pull != Pull::Missing;
        let mut looks = 0;
        loop {
            let error = match self.create_once(&place, holder).await {
                Ok(container) => {
                    let made = Made {
                        container: container.clone(),
                        volume: place.volume().map(str::to_owned),
                        is_bare: place.is_bare(),
                        at: None,
                        left: None,
                    };
                    // What is beside it has to be looked for.
                    if attempt.services.is_empty() {
                        self.engine.made.note(id, made);
                    }
                    return Ok(Created::New(container));
                }
                Err(error) => error,
            };
            match remedy::kind(error) {
                Kind::Said(_, words) if holder.is_some() && is_of_network(&words) => {
                    return Ok(Created::Homeless);
                }
                Kind::Said(409, _) => {
                    if let Some(existing) = self.named(&mut looks).await? {
                        return Ok(Created::Before(existing));
                    }
                }
                Kind::Said(404, words) if words.to_ascii_lowercase().contains("no such image") => {
                    if pulled {
                        return Err(remedy::not_here(&attempt.main.image));
                    }
                    pulled = true;
                    self.wanted().await?;
                    self.pull().await?;
                    if let Some(image) = image::look(&self.engine, &attempt.main.image).await {
                        let _ = self.image.set(image);
                    }
                }
                Kind::Said(status_code, message) => {
                    let raw = Raw::DockerResponseServerError {
                        status_code,
                        message,
                    };
                    return Err(self.failure(raw));
                }
                Kind::Away(words) => return Err(StartError::Away(remedy::away(&words))),
            }
        }
    }

    /// What has our name, unless it makes way.
    async fn named(&self, looks: &mut u32) -> Result<Option<Seen>, StartError> {
        self.engine.supplies.unclear(self.request.id.run);
        match self.existing().await? {
            Some(existing) if self.makes_way(&existing).await? => return Ok(None),
            Some(existing) => return Ok(Some(existing)),
            None => {}
        }
        // The engine keeps the name before there is anything to see of it: somebody who has died
        // since asked for the same, or it has just been taken away.
        *looks += 1;
        if *looks > MOST_LOOKS {
            let text = "the engine keeps its name for a container that never comes";
            return Err(remedy::failed(Reason::EngineError, text));
        }
        self.engine.clock.sleep(LOOK_AGAIN).await;
        Ok(None)
    }

    /// What is at `/gofer`.
    async fn place(&self) -> Result<Place, StartError> {
        let Ensure {
            id,
            attempt,
            inputs,
            ..
        } = &self.request;
        let engine = &self.engine;
        let labels = labels::of_run(engine.store, id.run, Role::Volume);
        match engine.reach() {
            Reach::Layers if self.brings_nothing() => return Ok(Place::Own),
            Reach::Layers | Reach::Here => return Ok(Place::Bare(labels)),
            Reach::Unknown | Reach::Elsewhere => {}
        }
        if let Some(image) = image::look(engine, &attempt.main.image).await {
            let is_roots = place::is_roots(engine.brand, attempt, inputs.is_some(), &image);
            let _ = self.image.set(image);
            if is_roots {
                return Ok(Place::Plain(labels));
            }
        }
        let volume = supplies::volume(engine, id.run).await;
        volume.map(Place::Open).map_err(|error| self.failure(error))
    }

    /// The engine's id of the new container.
    async fn create_once(&self, place: &Place, holder: Option<&str>) -> Result<String, Raw> {
        let Ensure {
            id,
            pipeline,
            number,
            epoch,
            attempt,
            ..
        } = &self.request;
        let marks = labels::Marks {
            store: self.engine.store,
            id,
            epoch: *epoch,
            pipeline,
            number: *number,
            chosen: &attempt.labels,
        };
        let around = spec::Around {
            brand: self.engine.brand,
            options: &self.engine.options,
            labels: marks.with_services(&attempt.services, &self.request.recipe),
            mounts: place
                .mounts()
                .into_iter()
                .chain(volumes::mounts(&self.engine, self.owner(), &attempt.main))
                .collect(),
            holder,
        };
        let options = CreateContainerOptionsBuilder::new()
            .name(&self.name)
            .build();
        let body = spec::body(&attempt.main, around);
        self.engine
            .docker
            .create_container(Some(options), body)
            .await
            .map(|created| created.id)
    }

    fn owner(&self) -> Owner<'_> {
        Owner {
            run: self.request.id.run,
            pipeline: &self.request.pipeline,
        }
    }

    /// The container of our name, after a look at its labels.
    async fn existing(&self) -> Result<Option<Seen>, StartError> {
        let inspected = match self.engine.inspect(&self.name).await {
            Ok(inspected) => inspected,
            Err(error) => match remedy::kind(error) {
                Kind::Said(404, _) => return Ok(None),
                Kind::Said(_, words) => return Err(remedy::failed(Reason::EngineError, words)),
                Kind::Away(words) => return Err(StartError::Away(remedy::away(&words))),
            },
        };
        let labels = inspected
            .config
            .as_ref()
            .and_then(|config| config.labels.as_ref());
        let ours = labels.and_then(|labels| labels::read(labels, self.engine.store, "", false));
        if ours.and_then(|ours| ours.attempt).as_ref() == Some(&self.request.id) {
            let seen = Seen::of(&inspected);
            return Ok(Some(seen).filter(|seen| !self.is_another(seen)));
        }
        let text = format!(
            "a container named {} is there and is not Gofer's; rename or remove it",
            self.name
        );
        Err(remedy::failed(Reason::EngineError, text))
    }

    /// It has the name of the one that was permitted, and is not it.
    fn is_another(&self, seen: &Seen) -> bool {
        let permitted = self.request.permitted.as_ref();
        self.request.stage > Stage::Creating && permitted.is_some_and(|id| *id != seen.id)
    }

    /// Attaches, asks, starts what nobody has started yet.
    async fn start(self, container: &str, home: Home) -> Result<Log, StartError> {
        if let Some(inputs) = &self.request.inputs {
            self.wanted().await?;
            self.furnished(container).await?;
            // Before the permit: it may take long, and what is permitted has to start.
            files::put_inputs(&self.engine, &self.name, &**inputs).await?;
        }
        let (attached, allowed, image) = tokio::join!(
            self.attach(),
            self.allowed(container, home),
            self.furnished(container)
        );
        let lease = match allowed? {
            Ok(lease) => lease,
            Err(home) => return self.rehome(container, home).await,
        };
        let (source, image) = (attached?, image?);
        let (started, ()) = tokio::join!(
            self.engine.docker.start_container(container, None),
            self.look_at(image)
        );
        let Err(error) = started else {
            let begin = Begin::Fresh(source);
            return Ok(self.follow(container.to_owned(), begin, lease).await);
        };
        match remedy::kind(error) {
            // Of the one that it joined: it was gone, or its engine was started anew.
            Kind::Said(_, words)
                if is_of_network(&words)
                    && !words.contains(container)
                    && self.request.attempt.services.is_empty() =>
            {
                self.rehome(container, Home::of(lease)).await
            }
            Kind::Away(words) => Err(StartError::Away(remedy::away(&words))),
            Kind::Said(status_code, message) => Err(self.failure(Raw::DockerResponseServerError {
                status_code,
                message,
            })),
        }
    }

    /// What is read from before the start on; the files are in place then.
    async fn attach(&self) -> Result<Source, StartError> {
        let main = &self.request.attempt.main;
        if self.engine.brand == Brand::Podman {
            let furnished = furnish::in_place(&self.engine, &self.name).await;
            furnished.map_err(|error| self.failure(error))?;
        }
        self.after_those_before().await?;
        volumes::open(&self.engine, self.owner(), &self.name, main).await?;
        files::put(&self.engine, &self.name, main).await?;
        let attached = source::attach(&self.engine, &self.name).await;
        attached.map_err(|error| self.failure(error))
    }

    async fn furnished(&self, container: &str) -> Result<Option<String>, StartError> {
        let (id, brings_nothing) = (&self.request.id, self.brings_nothing());
        let furnished = furnish::furnish(&self.engine, id, container, brings_nothing).await;
        furnished.map_err(|error| self.failure(error))
    }

    fn brings_nothing(&self) -> bool {
        place::brings_nothing(&self.request.attempt, self.request.inputs.is_some())
    }

    /// Of an image it is told what it was by the time that it started; the question is not to be in the
    /// way of the start.
    async fn look_at(&self, image: Option<String>) {
        let Some(id) = image.filter(|_| self.image.get().is_none()) else {
            return;
        };
        self.engine.clock.sleep(AFTER_ASKING).await;
        let asked = &self.request.attempt.main.image;
        if let Some(image) = image::look_at(&self.engine, asked, &id).await {
            let _ = self.image.set(image);
        }
    }

    fn failure(&self, error: Raw) -> StartError {
        remedy::of_start(error, &self.request.attempt.main.image)
    }

    /// Completes when it was said that it started.
    async fn follow(mut self, container: String, begin: Begin, mut lease: Option<Lease>) -> Log {
        if let Some(lease) = &mut lease {
            lease.used_by(&self.request.id);
        }
        if let Begin::Found(_) = begin {
            services::take_up(&self.engine, &mut self.request);
        }
        let services = services::names(&self.engine, &self.request.id, &self.request.attempt);
        let (sink, from) = Sink::new(self.engine.brand);
        let (announced, when) = oneshot::channel();
        let (run, more_to_come) = (self.request.id.run, self.request.more_to_come);
        let made = self.engine.made.find(&self.request.id);
        let is_carried = made.is_some_and(|made| made.volume.is_some());
        let watched = Watched {
            id: self.request.id,
            name: self.name,
            container,
            image: self.request.attempt.main.image,
            exec: self.request.attempt.main.exec,
            known: self.image.into_inner(),
            facts: self.request.facts,
            sink,
            ear: self.ear,
            live: self.live,
            lease,
            services,
            generation: self.engine.link.presence().borrow().generation.clone(),
            restarted: false,
            announced: Some(announced),
            heard: Memory::default(),
            judging: Arc::default(),
            engine: self.engine.clone(),
        };
        self.engine.tasks.spawn(follow::follow(watched, begin));
        // Closed without a word: the end came first, and is a fact.
        let _ = when.await;
        if more_to_come {
            supplies::make_sandboxes(&self.engine, run);
        }
        if more_to_come && is_carried {
            // Not earlier: it would take the engine from this one's start.
            supplies::want_volume(&self.engine, run);
        }
        ReceiverStream::new(from).boxed()
    }
}

fn is_of_network(words: &str) -> bool {
    words.contains("cannot join network") || words.contains("No such container")
}
