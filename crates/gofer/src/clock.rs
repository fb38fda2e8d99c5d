//! The machine's clocks.

use gofer_core::{Clock, Timestamp, clock::Moment};
use std::{future::Future, pin::Pin, time::Duration, time::Instant};

/// Wall clock and monotonic clock of this process.
pub(crate) struct SystemClock {
    begun: Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn moment(&self) -> Moment {
        Moment(self.begun.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}
