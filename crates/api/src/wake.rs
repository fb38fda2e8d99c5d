//! Waiting for a run to change. What wakes us is never the truth: whoever is woken reads the store.

use crate::App;
use gofer_core::id::RunId;
use std::{io::Read, os::fd::OwnedFd, time::Duration};
use tokio::{io::unix::AsyncFd, sync::watch};

/// How often a run that another process drives is looked at.
const POLL: Duration = Duration::from_millis(200);
/// How often one is that we drive: all that happens to it is told.
const LOOK: Duration = Duration::from_secs(5);

/// Wakes a reader when there may be something new.
pub(crate) struct Wake {
    app: App,
    run: RunId,
    signal: watch::Receiver<u64>,
    /// No driver of ours would wake us.
    alone: bool,
}

/// The server ends; whoever waits is to go.
pub(crate) struct ShuttingDown;

impl Wake {
    /// Signals from here on count.
    pub(crate) fn new(app: &App, run: RunId) -> Self {
        Self {
            app: app.clone(),
            run,
            signal: app.engine.watch(run),
            alone: false,
        }
    }

    /// Another process drives the run, if any does.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone
    }

    /// Completes when it is time to look again.
    pub(crate) async fn wait(&mut self) -> Result<(), ShuttingDown> {
        self.wait_or(std::future::pending()).await
    }

    /// The same, or when a file changed that another process writes.
    pub(crate) async fn wait_for(&mut self, files: Option<&mut Files>) -> Result<(), ShuttingDown> {
        match files {
            Some(files) => self.wait_or(files.changed()).await,
            None => self.wait().await,
        }
    }

    async fn wait_or(&mut self, sooner: impl Future<Output = ()>) -> Result<(), ShuttingDown> {
        let shutdown = self.app.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Err(ShuttingDown),
            () = self.something(sooner) => Ok(()),
        }
    }

    async fn something(&mut self, sooner: impl Future<Output = ()>) {
        if self.alone {
            // Late is as good as sooner.
            let _ = tokio::time::timeout(POLL, sooner).await;
            let signal = self.app.engine.watch(self.run);
            if signal.has_changed().is_ok() {
                self.signal = signal;
                self.alone = false;
            }
        } else if let Ok(Err(_)) = tokio::time::timeout(LOOK, self.signal.changed()).await {
            // Its driver is gone, perhaps just now: look once more at once, then at intervals.
            self.alone = true;
        }
    }
}

/// Files that are being written.
pub(crate) struct Files(AsyncFd<std::fs::File>);

impl Files {
    /// What tells of their changes, if anything does.
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe, and a file keeps its descriptor as that demands"
    )]
    pub(crate) fn new(watch: OwnedFd) -> Option<Self> {
        AsyncFd::new(watch.into()).ok().map(Self)
    }

    /// Completes when one changed since the last time.
    async fn changed(&mut self) {
        let mut events = [0; 4096];
        let read = self
            .0
            .async_io_mut(tokio::io::Interest::READABLE, |file| file.read(&mut events));
        if read.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
