//! The contract, answered.

use crate::{
    artifacts, collect,
    engine::Engine,
    ensure, holder, labels, removal, shell,
    sink::Sink,
    source::{self, Wanted},
    volumes,
};
use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use gofer_core::{
    id::{AttemptId, RunId},
    name::VolumeName,
};
use gofer_scheduler::{
    Collected, Ensure, Error, LogEvent, Ours, Scheduler, Session, Shell, StartError, Tar,
};
use std::{sync::Arc, time::Duration};
use tokio_stream::wrappers::ReceiverStream;

/// A scheduler on a Docker or Podman engine.
#[derive(Clone)]
pub struct Docker {
    pub(crate) engine: Arc<Engine>,
}

#[async_trait]
impl Scheduler for Docker {
    async fn ensure(&self, request: Ensure) -> Result<BoxStream<'static, LogEvent>, StartError> {
        Box::pin(ensure::ensure(&self.engine, request)).await
    }

    async fn logs(&self, attempt: &AttemptId) -> Result<BoxStream<'static, LogEvent>, Error> {
        let name = labels::attempt_name(self.engine.store, attempt);
        let inspected = self.engine.inspect(&name).await;
        inspected.map_err(crate::remedy::plain)?;
        let (mut sink, from) = Sink::new(self.engine.brand);
        let record = source::record(
            &self.engine,
            &name,
            Wanted {
                follow: false,
                after: None,
            },
        );
        self.engine.tasks.spawn(async move {
            sink.replay().await;
            sink.drain(record).await;
            sink.finish(None).await;
        });
        Ok(ReceiverStream::new(from).boxed())
    }

    async fn stop(&self, attempt: &AttemptId, grace: Duration) -> Result<(), Error> {
        removal::stop(&self.engine, attempt, grace).await
    }

    async fn collect(&self, attempt: &AttemptId) -> Result<Collected, Error> {
        collect::collect(&self.engine, attempt).await
    }

    async fn artifacts(&self, attempt: &AttemptId) -> Result<Option<Tar>, Error> {
        artifacts::artifacts(&self.engine, attempt).await
    }

    async fn keep(&self, attempt: &AttemptId) -> Result<bool, Error> {
        shell::keep(&self.engine, attempt).await
    }

    async fn shell(&self, attempt: &AttemptId, wanted: Shell) -> Result<Session, Error> {
        shell::open(&self.engine, attempt, wanted).await
    }

    async fn end_shell(&self, name: &str) -> Result<(), Error> {
        shell::end(&self.engine, name).await
    }

    async fn remove(&self, attempt: &AttemptId) -> Result<(), Error> {
        removal::remove(&self.engine, attempt).await
    }

    async fn list_ours(&self) -> Result<Vec<Ours>, Error> {
        removal::list(&self.engine).await
    }

    async fn release(&self, run: &RunId) -> Result<(), Error> {
        removal::release(&self.engine, *run).await
    }

    async fn prepare(&self, _: &RunId) {
        // What a run's first task needs is known when it is ordered.
    }

    async fn volume_ensure(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error> {
        volumes::ensure(&self.engine, pipeline, name).await
    }

    async fn volumes(&self) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error> {
        volumes::list(&self.engine).await
    }

    async fn volume_remove(&self, pipeline: &str, name: &VolumeName) -> Result<(), Error> {
        volumes::remove(&self.engine, pipeline, name).await
    }

    async fn sizes(&self) -> Result<Vec<(Ours, u64)>, Error> {
        removal::sizes(&self.engine).await
    }

    async fn old_images(&self) -> Result<Vec<(String, u64)>, Error> {
        holder::old(&self.engine).await
    }

    async fn remove_old_image(&self, name: &str) -> Result<(), Error> {
        holder::remove_old(&self.engine, name).await
    }

    async fn exec(&self, attempt: &AttemptId, command: &[String]) -> Result<(i32, Vec<u8>), Error> {
        collect::exec(&self.engine, attempt, command).await
    }

    async fn close(&self) {
        self.engine.closing.cancel();
        self.engine.supplies.close().await;
        self.engine.tasks.close();
        self.engine.tasks.wait().await;
    }
}
