//! What is put off while containers start: a removal beside a start takes the scheduler from it.

use gofer_core::Clock;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Nothing is put off for longer: a start may have to wait for a pull.
const LONGEST: Duration = Duration::from_secs(1);

/// The attempts of a run between their order and their start.
pub(crate) struct Rush(Arc<Starts>);

#[derive(Default)]
struct Starts {
    /// Cancelled when one of them is started, or known never to be.
    first: CancellationToken,
    count: AtomicUsize,
    /// Wakes in the order in which was waited, so that a simulation can be repeated.
    calm: Notify,
}

/// One of them, until it is dropped.
pub(crate) struct Hurry(Arc<Starts>);

impl Rush {
    pub(crate) fn new(first: CancellationToken) -> Self {
        Self(Arc::new(Starts {
            first,
            ..Starts::default()
        }))
    }

    pub(crate) fn begin(&self) -> Hurry {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        Hurry(Arc::clone(&self.0))
    }

    /// Completes when nothing starts, or when it has taken too long.
    pub(crate) async fn calm(&self, clock: &dyn Clock) {
        let mut late = clock.sleep(LONGEST);
        loop {
            let mut calm = pin!(self.0.calm.notified());
            calm.as_mut().enable();
            if self.0.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::select! {
                biased;
                () = calm => {}
                () = &mut late => return,
            }
        }
    }
}

impl Drop for Hurry {
    fn drop(&mut self) {
        self.0.first.cancel();
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.calm.notify_waiters();
        }
    }
}
