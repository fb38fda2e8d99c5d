use gofer_core::{Clock, Timestamp, clock::Moment};
use std::{
    pin::Pin,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// The machine's own clocks.
pub(crate) struct Real;

#[expect(clippy::disallowed_methods, reason = "real engines live in real time")]
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for Real {
    #[expect(clippy::disallowed_methods, reason = "real engines live in real time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn moment(&self) -> Moment {
        Moment(BEGUN.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}
