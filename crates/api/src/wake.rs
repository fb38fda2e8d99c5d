//! Waiting for a run to change. What wakes us is never the truth: whoever is woken reads the store.

use crate::App;
use gofer_core::id::RunId;
use std::time::Duration;
use tokio::sync::watch;

/// How often a run that another process drives is looked at.
const POLL: Duration = Duration::from_millis(200);

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

    /// Completes when it is time to look again.
    pub(crate) async fn wait(&mut self) -> Result<(), ShuttingDown> {
        let shutdown = self.app.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Err(ShuttingDown),
            () = self.something() => Ok(()),
        }
    }

    async fn something(&mut self) {
        if self.alone {
            tokio::time::sleep(POLL).await;
            self.signal = self.app.engine.watch(self.run);
            self.alone = false;
        } else if let Ok(Err(_)) = tokio::time::timeout(POLL, self.signal.changed()).await {
            // Its driver is gone, perhaps just now: look once more at once, then at intervals.
            self.alone = true;
        }
    }
}
