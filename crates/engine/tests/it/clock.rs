use gofer_core::{Clock, Timestamp, clock::Moment};
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// Time goes on where the last life ended. In a life it is tokio's, which jumps.
#[derive(Clone)]
pub(crate) struct TestClock {
    life: Arc<Mutex<Life>>,
}

struct Life {
    /// The wall clock was set forward by so much.
    stepped: Duration,
    before: Duration,
    begun: Option<Instant>,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self {
            life: Arc::new(Mutex::new(Life {
                stepped: Duration::ZERO,
                before: Duration::ZERO,
                begun: None,
            })),
        }
    }

    /// Called in a new runtime.
    pub(crate) fn begin(&self) {
        self.life.lock().unwrap().begun = Some(Instant::now());
    }

    /// Called at its end.
    pub(crate) fn end(&self) {
        let elapsed = self.elapsed();
        let mut life = self.life.lock().unwrap();
        (life.before, life.begun) = (elapsed, None);
    }

    pub(crate) fn step(&self, by: Duration) {
        self.life.lock().unwrap().stepped += by;
    }

    pub(crate) fn since(&self, begun: Duration) -> Duration {
        self.elapsed().saturating_sub(begun)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let life = self.life.lock().unwrap();
        life.before + life.begun.map(|begun| begun.elapsed()).unwrap_or_default()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let stepped = self.life.lock().unwrap().stepped;
        noon.checked_add(self.elapsed() + stepped).unwrap()
    }

    fn moment(&self) -> Moment {
        Moment(self.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}
