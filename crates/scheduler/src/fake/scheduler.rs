use super::{Machine, container::Container, stream::Follower};
use crate::{Collected, Ensure, Error, Fact, LogEvent, Ours, Role, Scheduler, StartError, Started};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use gofer_core::{
    id::{AttemptId, RunId, StoreId},
    name::VolumeName,
    run::Stage,
};
use std::time::Duration;

/// One Gofer's connection to a [`Machine`].
#[derive(Clone)]
pub struct Fake {
    machine: Machine,
    store: StoreId,
}

impl Fake {
    /// A connection for this store.
    pub fn new(machine: Machine, store: StoreId) -> Self {
        Self { machine, store }
    }

    /// Every call takes its time, and may find nobody there. `Err` before or after it was done.
    async fn call<T>(&self, point: &'static str, act: impl FnOnce() -> T) -> Result<T, Error> {
        let away = || Error::Away("the engine does not answer".to_owned());
        self.machine.world.pause(point).await;
        if self.machine.away_until().is_some() || self.machine.world.mishap("not_reached") {
            return Err(away());
        }
        let answer = act();
        self.machine.world.pause(point).await;
        if self.machine.world.mishap("answer_lost") {
            return Err(away());
        }
        Ok(answer)
    }

    async fn start_call<T>(
        &self,
        point: &'static str,
        act: impl FnOnce() -> T,
    ) -> Result<T, StartError> {
        self.call(point, act)
            .await
            .map_err(|error| StartError::Away(error.to_string()))
    }

    fn follow(
        &self,
        request: &Ensure,
        container: &Container,
        replay: bool,
    ) -> BoxStream<'static, LogEvent> {
        if let Some(at) = container.started {
            let image = Some(format!("{}@sha256:fake", request.attempt.main.image));
            let started = Started {
                at,
                image,
                node: Some("fake".to_owned()),
            };
            let _ = request.facts.send(Fact::Started(started.clone()));
            if self.machine.world.mishap("doubled") {
                let _ = request.facts.send(Fact::Started(started));
            }
        }
        let (machine, id, facts) = (
            self.machine.clone(),
            request.id.clone(),
            request.facts.clone(),
        );
        Follower::new(machine, self.store, id, facts, replay).stream()
    }
}

#[async_trait]
impl Scheduler for Fake {
    async fn ensure(&self, request: Ensure) -> Result<BoxStream<'static, LogEvent>, StartError> {
        let id = &request.id;
        let found = self
            .start_call("inspect", || self.machine.look(self.store, id))
            .await?;
        match &found {
            Some(container) if container.started.is_some() => {
                return Ok(self.follow(&request, container, true));
            }
            None if request.stage > Stage::Creating => return Err(StartError::Vanished),
            None => {
                let program = self.machine.world.program(id);
                if let Some(error) = program.start_error.clone() {
                    return Err(error);
                }
                let create = || self.machine.create(self.store, id, request.epoch, program);
                self.start_call("create", create).await?;
            }
            Some(_) => {}
        }
        request
            .permit
            .may_start()
            .await
            .map_err(|_| StartError::Refused)?;
        self.machine.world.pause("permitted").await;
        let start = || self.machine.start(self.store, id);
        match self.start_call("start", start).await {
            Ok(Some(_)) => {}
            Ok(None) => return Err(StartError::Vanished),
            Err(away) => return Err(away),
        }
        match self.machine.look(self.store, id) {
            Some(container) => Ok(self.follow(&request, &container, false)),
            None => Err(StartError::Vanished),
        }
    }

    async fn logs(&self, attempt: &AttemptId) -> Result<BoxStream<'static, LogEvent>, Error> {
        let now = self.machine.world.now();
        let found = self
            .call("logs", || self.machine.look(self.store, attempt))
            .await?;
        let written = found
            .map(|container| container.written(now))
            .unwrap_or_default();
        let events = written
            .into_iter()
            .map(|(at, stream, bytes)| LogEvent::Bytes {
                stream,
                at,
                bytes: Bytes::from(bytes),
            });
        let events: Vec<LogEvent> = std::iter::once(LogEvent::Replay).chain(events).collect();
        Ok(stream::iter(events).boxed())
    }

    async fn stop(&self, attempt: &AttemptId, grace: Duration) -> Result<(), Error> {
        self.call("stop", || self.machine.stop(self.store, attempt, grace))
            .await
    }

    async fn collect(&self, attempt: &AttemptId) -> Result<Collected, Error> {
        let found = self
            .call("collect", || self.machine.look(self.store, attempt))
            .await?;
        let output = found
            .filter(|c| c.end.is_some())
            .and_then(|c| c.program.output);
        Ok(Collected { output })
    }

    async fn remove(&self, attempt: &AttemptId) -> Result<(), Error> {
        self.call("remove", || self.machine.remove(self.store, attempt))
            .await
    }

    async fn list_ours(&self) -> Result<Vec<Ours>, Error> {
        let ours = |container: Container| Ours {
            role: Role::Attempt,
            run: Some(container.attempt.run),
            name: container.attempt.to_string(),
            running: container.is_running(),
            epoch: Some(container.epoch),
            attempt: Some(container.attempt),
        };
        self.call("list", || {
            self.machine
                .of_store(self.store)
                .into_iter()
                .map(ours)
                .collect()
        })
        .await
    }

    async fn release(&self, _run: &RunId) -> Result<(), Error> {
        self.call("release", || ()).await
    }

    async fn prepare(&self, _run: &RunId) {}

    async fn volume_ensure(&self, _pipeline: &str, _name: &VolumeName) -> Result<(), Error> {
        Err(Error::Unsupported("the fake has no volumes".to_owned()))
    }

    async fn volumes(&self) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error> {
        Ok(Vec::new())
    }

    async fn volume_remove(&self, _pipeline: &str, _name: &VolumeName) -> Result<(), Error> {
        Err(Error::Unsupported("the fake has no volumes".to_owned()))
    }

    async fn exec(&self, _: &AttemptId, _: &[String]) -> Result<(i32, Vec<u8>), Error> {
        Err(Error::Unsupported("the fake runs nothing".to_owned()))
    }

    async fn close(&self) {}
}
