//! Making an attempt exist and start, once.

use crate::{
    engine::{Engine, Live, Seen, State},
    follow::{self, Begin, Memory, Watched},
    image, labels,
    link::Ear,
    remedy::{self, Kind},
    sink::{Sink, Source},
    source, spec,
    supplies::{self, Lease},
};
use bollard::{
    errors::Error as Raw,
    query_parameters::{
        CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder,
        UploadToContainerOptionsBuilder,
    },
};
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use gofer_core::{
    definition::Pull,
    run::{Reason, Stage},
};
use gofer_scheduler::{Ensure, LogEvent, StartError};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_stream::wrappers::ReceiverStream;

type Log = BoxStream<'static, LogEvent>;

/// One order on its way.
struct Bringing {
    engine: Arc<Engine>,
    request: Ensure,
    name: String,
    live: Arc<Live>,
    ear: Ear,
}

/// What became of the creation.
enum Created {
    /// By us, just now.
    New,
    /// It was there.
    Before(Seen),
    /// Not at all: the sandbox that it was to join is gone.
    Homeless,
}

pub(crate) async fn ensure(engine: &Arc<Engine>, request: Ensure) -> Result<Log, StartError> {
    spec::check(&request.attempt)?;
    let name = labels::attempt_name(engine.store, &request.id);
    let bringing = Bringing {
        live: engine.live(&request.id),
        ear: engine.link.listen(&name),
        engine: engine.clone(),
        request,
        name,
    };
    let id = bringing.request.id.clone();
    let brought = Box::pin(bringing.bring()).await;
    if matches!(
        brought,
        Err(StartError::Failed { .. } | StartError::Refused)
    ) {
        engine.over(&id);
    }
    brought
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
            self.pull().await?;
        }
        let run = self.request.id.run;
        let lease = supplies::sandbox(&self.engine, run, self.request.more_to_come).await;
        match self.create(lease.as_ref()).await? {
            Created::New => self.start(lease, true).await,
            Created::Before(seen) => self.take_up(seen).await,
            Created::Homeless => {
                lease.into_iter().for_each(Lease::spoil);
                Box::pin(self.alone()).await
            }
        }
    }

    /// Goes on with a container that was there before. Only one that never ran is started.
    async fn take_up(self, seen: Seen) -> Result<Log, StartError> {
        if seen.state != State::Created {
            return Ok(self.follow(Begin::Found(seen), None).await);
        }
        if self.request.stage > Stage::Starting {
            // It ran once, so this is another one, or the engine forgot: it must not run again.
            return Err(StartError::Vanished);
        }
        Box::pin(self.start(None, false)).await
    }

    async fn pull(&self) -> Result<(), StartError> {
        let name = spec::image(&self.request.attempt.main);
        image::pull(&self.engine, name, &self.request.facts).await
    }

    async fn create(&self, lease: Option<&Lease>) -> Result<Created, StartError> {
        let Ensure { id, attempt, .. } = &self.request;
        let volume = supplies::volume(&self.engine, id.run).await;
        let volume = volume.map_err(|error| self.failure(error))?;
        let mut pulled = attempt.main.pull != Pull::Missing;
        loop {
            let error = match self.create_once(&volume, lease).await {
                Ok(()) => return Ok(Created::New),
                Err(error) => error,
            };
            match remedy::kind(error) {
                Kind::Said(_, words) if lease.is_some() && is_of_network(&words) => {
                    return Ok(Created::Homeless);
                }
                Kind::Said(409, _) => {
                    let existing = self.existing().await?;
                    let gone =
                        || remedy::failed(Reason::EngineError, "its container came and went");
                    return existing.map(Created::Before).ok_or_else(gone);
                }
                Kind::Said(404, words) if words.to_ascii_lowercase().contains("no such image") => {
                    if pulled {
                        return Err(remedy::not_here(&attempt.main.image));
                    }
                    pulled = true;
                    self.pull().await?;
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

    async fn create_once(&self, volume: &str, lease: Option<&Lease>) -> Result<(), Raw> {
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
            labels: marks.labels(),
            volume,
            holder: lease.and_then(Lease::id),
        };
        let options = CreateContainerOptionsBuilder::new()
            .name(&self.name)
            .build();
        let body = spec::body(&attempt.main, around);
        self.engine
            .docker
            .create_container(Some(options), body)
            .await
            .map(drop)
    }

    async fn upload(&self, name: &str, script: &str) -> Result<(), Raw> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o755);
        header.set_size(script.len() as u64);
        tar.append_data(&mut header, name, script.as_bytes())?;
        let body = bollard::body_full(Bytes::from(tar.into_inner()?));
        let options = UploadToContainerOptionsBuilder::new()
            .path(spec::PLACE)
            .build();
        self.engine
            .docker
            .upload_to_container(&self.name, Some(options), body)
            .await
    }

    /// The container of our name, after a look at its labels.
    async fn existing(&self) -> Result<Option<Seen>, StartError> {
        let inspected = match self.engine.docker.inspect_container(&self.name, None).await {
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
            return Ok(Some(Seen::of(&inspected)));
        }
        let text = format!(
            "a container named {} is there and is not Gofer's; rename or remove it",
            self.name
        );
        Err(remedy::failed(Reason::EngineError, text))
    }

    /// Attaches, asks, starts. `new`: this call created it, so nobody started it yet.
    async fn start(self, lease: Option<Lease>, new: bool) -> Result<Log, StartError> {
        let attach = self.attach();
        let permit = self.request.permit.may_start();
        let (attached, permitted) = tokio::join!(attach, permit);
        permitted.map_err(|_| StartError::Refused)?;
        let source = attached.map_err(|error| self.failure(error))?;
        let Err(error) = self.engine.docker.start_container(&self.name, None).await else {
            return Ok(self.follow(Begin::Fresh(source), lease).await);
        };
        match (lease, remedy::kind(error)) {
            (Some(lease), Kind::Said(_, words)) if new && is_of_network(&words) => {
                lease.spoil();
                let options = RemoveContainerOptionsBuilder::new().force(true).build();
                let removed = self
                    .engine
                    .docker
                    .remove_container(&self.name, Some(options))
                    .await;
                removed.map_err(|error| self.failure(error))?;
                Box::pin(self.alone()).await
            }
            (_, Kind::Away(words)) => Err(StartError::Away(remedy::away(&words))),
            (_, Kind::Said(status_code, message)) => {
                Err(self.failure(Raw::DockerResponseServerError {
                    status_code,
                    message,
                }))
            }
        }
    }

    /// What is read from before the start on; the script is in place then.
    async fn attach(&self) -> Result<Source, Raw> {
        if let Some((name, script)) = spec::script_file(&self.request.attempt.main.exec) {
            self.upload(name, script).await?;
        }
        source::attach(&self.engine, &self.name).await
    }

    /// Its sandbox was gone and it never ran: it is made on a network of its own.
    async fn alone(self) -> Result<Log, StartError> {
        match self.create(None).await? {
            Created::Before(seen) => self.take_up(seen).await,
            Created::New | Created::Homeless => self.start(None, true).await,
        }
    }

    fn failure(&self, error: Raw) -> StartError {
        remedy::of_start(error, &self.request.attempt.main.image)
    }

    /// Completes when it was said that it started.
    async fn follow(self, begin: Begin, lease: Option<Lease>) -> Log {
        let (sink, from) = Sink::new(self.engine.brand);
        let (announced, when) = oneshot::channel();
        let (run, more_to_come) = (self.request.id.run, self.request.more_to_come);
        let watched = Watched {
            id: self.request.id,
            name: self.name,
            image: self.request.attempt.main.image,
            exec: self.request.attempt.main.exec,
            facts: self.request.facts,
            sink,
            ear: self.ear,
            live: self.live,
            lease,
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
            // Not earlier: it would take the engine from this one's start.
            supplies::want_volume(&self.engine, run);
        }
        ReceiverStream::new(from).boxed()
    }
}

fn is_of_network(words: &str) -> bool {
    words.contains("cannot join network") || words.contains("No such container")
}
