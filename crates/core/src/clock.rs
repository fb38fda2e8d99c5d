//! Time, as an argument.

use jiff::Timestamp;
use std::{future::Future, pin::Pin, time::Duration};

/// A point on a clock that never steps back; only differences mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

/// The two clocks: the wall's for due times, a monotonic one for waits.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
    /// Monotonic time.
    fn moment(&self) -> Moment;
    /// Completes after `wait` has passed on the monotonic clock.
    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
