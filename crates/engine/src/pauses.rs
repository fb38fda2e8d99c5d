use std::time::Duration;

/// Pauses between tries: each twice the last, up to a limit.
#[derive(Debug)]
pub(crate) struct Pauses {
    next: Duration,
    most: Duration,
}

impl Pauses {
    pub(crate) const fn new(first: Duration, most: Duration) -> Self {
        Self { next: first, most }
    }

    /// For a database that another process holds, or a disk that is full.
    pub(crate) const fn of_disk() -> Self {
        Self::new(Duration::from_micros(100), Duration::from_secs(1))
    }

    /// For an engine that does not answer.
    pub(crate) const fn of_scheduler() -> Self {
        Self::new(Duration::from_millis(50), Duration::from_secs(2))
    }

    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.most);
        pause
    }
}
