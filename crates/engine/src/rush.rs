//! What is put off while containers start: a removal beside a start takes the scheduler from it.

use gofer_core::Clock;
use std::time::Duration;
use tokio::sync::watch;

/// Nothing is put off for longer: a start may have to wait for a pull.
const LONGEST: Duration = Duration::from_secs(1);

/// The attempts of a run between their order and their start.
pub(crate) struct Rush(watch::Sender<usize>);

/// One of them, until it is dropped.
pub(crate) struct Hurry(watch::Sender<usize>);

impl Rush {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) fn begin(&self) -> Hurry {
        self.0.send_modify(|count| *count += 1);
        Hurry(self.0.clone())
    }

    /// Completes when nothing starts, or when it has taken too long.
    pub(crate) async fn calm(&self, clock: &dyn Clock) {
        let mut count = self.0.subscribe();
        tokio::select! {
            biased;
            _ = count.wait_for(|count| *count == 0) => {}
            () = clock.sleep(LONGEST) => {}
        }
    }
}

impl Drop for Hurry {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
