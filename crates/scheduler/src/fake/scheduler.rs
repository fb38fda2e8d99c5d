use super::{
    Machine, Order, World,
    call::{Line, Window},
    container::Container,
    order::Done,
    stream::Follower,
    teller::Teller,
};
use crate::{
    Collected, Ensure, Error, Fact, LogEvent, Ours, Role, Scheduler, Session, Shell, StartError,
    Started, Tar,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use gofer_core::{
    definition::VolumeSource,
    id::{AttemptId, RunId, StoreId},
    name::VolumeName,
    planted,
    run::{Reason, Stage},
};
use std::{fmt::Display, sync::Arc, time::Duration};

/// One Gofer's connection to a [`Machine`].
#[derive(Clone)]
pub struct Fake {
    line: Line,
}

impl Fake {
    /// A connection for this store.
    pub fn new(machine: Machine, store: StoreId) -> Self {
        let world = Arc::clone(&machine.world);
        Self::seen_from(machine, store, world)
    }

    /// A connection whose calls and mishaps are those of `world`.
    pub fn seen_from(machine: Machine, store: StoreId, world: Arc<dyn World>) -> Self {
        Self {
            line: Line {
                machine,
                store,
                world,
            },
        }
    }

    fn look(&self, attempt: &AttemptId) -> Option<Container> {
        self.line.machine.inspect(self.line.store, attempt)
    }

    fn follow(
        &self,
        request: &Ensure,
        container: &Container,
        replay: bool,
    ) -> BoxStream<'static, LogEvent> {
        let world = &self.line.world;
        let mut teller = Teller::new(Arc::clone(world), request.facts.clone());
        if let Some(at) = container.started {
            let main = &request.attempt.main;
            let digest = if main.pinned { "" } else { "@sha256:fake" };
            teller.say(Fact::Started(Started {
                at: world.shown(at),
                image: Some(format!("{}{digest}", main.image)),
                node: Some("fake".to_owned()),
            }));
        }
        Follower::new(self.line.clone(), container, teller, replay).stream()
    }

    /// Reads what it is given to the end.
    async fn take_inputs(&self, request: &Ensure) -> Result<(), StartError> {
        let Some(inputs) = &request.inputs else {
            return Ok(());
        };
        let (mut tar, mut bytes) = (inputs.tar(), Vec::new());
        while let Some(piece) = tar.next().await {
            match piece {
                Ok(piece) => bytes.extend(piece),
                Err(error) => {
                    return Err(StartError::Failed {
                        reason: Reason::StartFailed,
                        message: error.to_string(),
                        never_again: false,
                    });
                }
            }
        }
        self.line.world.given(&request.id, bytes);
        Ok(())
    }

    /// Makes it, unless it is there. It may turn out to run already.
    async fn create(&self, request: &Ensure) -> Result<Made, StartError> {
        let program = self.line.world.program(&request.id);
        if let Some(error) = program.start_error.clone() {
            wanted(request).await?;
            self.line.world.happened("start_refused");
            return Err(error);
        }
        for (_, source, _) in &request.attempt.main.volumes {
            if let VolumeSource::Persistent(name) = source {
                let Line { machine, store, .. } = &self.line;
                machine.keep_volume(*store, &request.pipeline, name);
            }
        }
        self.take_inputs(request).await?;
        loop {
            let program = Box::new(program.clone());
            let order = Order::Create(program, request.epoch, request.recipe.clone());
            match self.line.order("create", &request.id, order).await {
                Ok(Done::Conflict) => {
                    self.line.world.happened("conflict");
                    let found = self.line.ask("inspect", || self.look(&request.id)).await;
                    let found = found.map_err(start_error)?;
                    let gone = || start_error("its name is taken, and there is nothing to see");
                    let found = found.ok_or_else(gone)?;
                    if !self.makes_way(request, &found).await? {
                        return Ok(Made::Before(Box::new(found)));
                    }
                }
                Ok(Done::Made(serial)) => return Ok(Made::New(serial)),
                Ok(_) => return Err(start_error("it was not made")),
                Err(error) => return Err(start_error(error)),
            }
        }
    }

    /// What bears the name was made of something else, or by an earlier owner, and never ran.
    async fn makes_way(&self, request: &Ensure, found: &Container) -> Result<bool, StartError> {
        if request.stage > Stage::Creating || found.started.is_some() || planted::is(16) {
            return Ok(false);
        }
        if found.epoch > request.epoch {
            return Err(StartError::Refused);
        }
        let is_in_the_way = found.recipe != request.recipe;
        if is_in_the_way {
            self.line.world.happened("made_anew");
            self.give_up(&request.id, found.serial).await?;
        }
        Ok(is_in_the_way)
    }

    async fn give_up(&self, id: &AttemptId, serial: u64) -> Result<(), StartError> {
        let order = self.line.order("give_up", id, Order::GiveUp(serial)).await;
        match order.map_err(start_error)? {
            Done::Conflict => Err(start_error("it runs")),
            _ => Ok(()),
        }
    }

    /// Asks for the permit. Where it turns out that the attempt is not to be, its container goes.
    async fn permitted(&self, request: &Ensure, serial: u64) -> Result<(), StartError> {
        if request.permit.may_start(&serial.to_string()).await.is_ok() {
            return Ok(());
        }
        if request.behind.is_some() && wanted(request).await.is_err() {
            self.line.world.happened("given_up");
            self.give_up(&request.id, serial).await?;
        }
        Err(StartError::Refused)
    }
}

/// What came of making a container.
enum Made {
    /// This one.
    New(u64),
    /// It was there.
    Before(Box<Container>),
}

async fn wanted(request: &Ensure) -> Result<(), StartError> {
    let wanted = request.permit.wanted().await;
    wanted.map_err(|_| StartError::Refused)
}

fn start_error(error: impl Display) -> StartError {
    StartError::Away(error.to_string())
}

#[async_trait]
impl Scheduler for Fake {
    async fn ensure(&self, request: Ensure) -> Result<BoxStream<'static, LogEvent>, StartError> {
        let id = &request.id;
        let is_blind = request.stage == Stage::Creating && self.line.world.mishap("blind");
        let found = if is_blind {
            None
        } else {
            let look = || self.look(id);
            self.line.ask("inspect", look).await.map_err(start_error)?
        };
        let is_another = |container: &Container| {
            let permitted = request.permitted.as_ref();
            permitted.is_some_and(|permitted| *permitted != container.serial.to_string())
        };
        let made = match found {
            None if request.stage > Stage::Creating => return Err(StartError::Vanished),
            Some(container) if request.stage > Stage::Creating && is_another(&container) => {
                return Err(StartError::Vanished);
            }
            None => self.create(&request).await?,
            Some(container) if self.makes_way(&request, &container).await? => {
                self.create(&request).await?
            }
            Some(container) => Made::Before(Box::new(container)),
        };
        let serial = match made {
            Made::Before(container) if container.started.is_some() => {
                return Ok(self.follow(&request, &container, true));
            }
            Made::Before(container) => container.serial,
            Made::New(serial) => serial,
        };
        let window = Window::open(&self.line.world);
        self.permitted(&request, serial).await?;
        self.line.world.pause("permitted").await;
        let mut done = self.line.order("start", id, Order::Start(serial)).await;
        while done.is_err() && planted::is(3) {
            done = self.line.order("start", id, Order::Start(serial)).await;
        }
        let done = done.map_err(start_error)?;
        drop(window);
        let is_it = |found: &Container| done == Done::Yes && found.serial == serial;
        match self.look(id).filter(is_it) {
            Some(container) => Ok(self.follow(&request, &container, false)),
            None => Err(StartError::Vanished),
        }
    }

    async fn logs(&self, attempt: &AttemptId) -> Result<BoxStream<'static, LogEvent>, Error> {
        let found = self.line.ask("logs", || self.look(attempt)).await?;
        let written = found.map(|container| container.written).unwrap_or_default();
        let events = written
            .into_iter()
            .map(|(at, stream, bytes)| LogEvent::Bytes {
                stream,
                at: self.line.world.shown(at),
                bytes: Bytes::from(bytes),
            });
        let events: Vec<LogEvent> = std::iter::once(LogEvent::Replay).chain(events).collect();
        Ok(stream::iter(events).boxed())
    }

    async fn stop(&self, attempt: &AttemptId, grace: Duration) -> Result<(), Error> {
        let term = self.line.world.reaction();
        let order = Order::Stop(term, grace.max(term));
        self.line.order("stop", attempt, order).await.map(|_| ())
    }

    async fn collect(&self, attempt: &AttemptId) -> Result<Collected, Error> {
        let found = self.line.ask("collect", || self.look(attempt)).await?;
        let ended = found.filter(|container| container.end.is_some());
        let program = ended.map(|container| container.program);
        Ok(Collected {
            artifacts: program.as_ref().is_some_and(|it| it.artifacts.is_some()),
            output: program.and_then(|program| program.output),
        })
    }

    async fn artifacts(&self, attempt: &AttemptId) -> Result<Option<Tar>, Error> {
        let found = self.line.ask("artifacts", || self.look(attempt)).await?;
        let ended = found.filter(|container| container.end.is_some());
        let Some(tar) = ended.and_then(|container| container.program.artifacts) else {
            return Ok(None);
        };
        let breaks = self.line.world.mishap("artifacts_cut");
        let sent = if breaks { tar.len() / 2 } else { tar.len() };
        let pieces = tar.get(..sent).unwrap_or_default().chunks(700);
        let mut pieces: Vec<_> = pieces.map(|it| Ok(Bytes::copy_from_slice(it))).collect();
        if breaks {
            pieces.push(Err(Error::Away("the connection broke".to_owned())));
        }
        Ok(Some(stream::iter(pieces).boxed()))
    }

    async fn keep(&self, attempt: &AttemptId) -> Result<bool, Error> {
        self.line.ask("keep", || self.look(attempt).is_some()).await
    }

    async fn shell(&self, _: &AttemptId, _: Shell) -> Result<Session, Error> {
        Err(Error::Unsupported("the fake runs nothing".to_owned()))
    }

    async fn remove(&self, attempt: &AttemptId) -> Result<(), Error> {
        self.line
            .order("remove", attempt, Order::Remove)
            .await
            .map(|_| ())
    }

    async fn list_ours(&self) -> Result<Vec<Ours>, Error> {
        let ours = |container: Container| Ours {
            role: Role::Attempt,
            run: Some(container.attempt.run),
            name: container.attempt.to_string(),
            running: container.is_running(),
            epoch: Some(container.epoch),
            owner: None,
            attempt: Some(container.attempt),
        };
        let Line { machine, store, .. } = &self.line;
        self.line
            .ask("list", || {
                machine.of_store(*store).into_iter().map(ours).collect()
            })
            .await
    }

    async fn release(&self, _run: &RunId) -> Result<(), Error> {
        self.line.ask("release", || ()).await
    }

    async fn prepare(&self, _run: &RunId) {}

    async fn volume_ensure(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error> {
        let Line { machine, store, .. } = &self.line;
        let keep = || machine.keep_volume(*store, pipeline, name);
        self.line.ask("volume_ensure", keep).await
    }

    async fn volumes(&self) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error> {
        let Line { machine, store, .. } = &self.line;
        let kept = self.line.ask("volumes", || machine.volumes(*store)).await?;
        let size = |(pipeline, name)| (pipeline, name, None);
        Ok(kept.into_iter().map(size).collect())
    }

    async fn volume_remove(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error> {
        let Line { machine, store, .. } = &self.line;
        let remove = || machine.remove_volume(*store, pipeline, name);
        self.line.ask("volume_remove", remove).await
    }

    async fn exec(&self, _: &AttemptId, _: &[String]) -> Result<(i32, Vec<u8>), Error> {
        Err(Error::Unsupported("the fake runs nothing".to_owned()))
    }

    async fn close(&self) {}
}
