//! Which events were heard: a stream that is asked for again begins a moment before it ended, as an
//! engine does not write them in the order of their times.

use bollard::models::EventMessage;
use gofer_core::Timestamp;
use std::{collections::BTreeSet, time::Duration};

/// More than lies between the time of an event and its place in the stream.
const SLACK: Duration = Duration::from_secs(2);
/// Longer than that they cannot come again, however an engine rounds.
const KEPT: Duration = Duration::from_secs(4);

pub(super) struct Past {
    /// The time of the last one.
    last: Timestamp,
    /// Those that may come again: time, container, what happened.
    heard: BTreeSet<(i64, String, String)>,
}

impl Past {
    pub(super) fn until(last: Timestamp) -> Self {
        Self {
            last,
            heard: BTreeSet::new(),
        }
    }

    /// From where on events are asked for.
    pub(super) fn since(&self) -> Timestamp {
        self.last.checked_sub(SLACK).unwrap_or(self.last)
    }

    /// Notes an event. False: it was heard before.
    pub(super) fn is_new(&mut self, event: &EventMessage) -> bool {
        let Some(at) = event.time_nano else {
            return true;
        };
        let container = event.actor.as_ref().and_then(|actor| actor.id.clone());
        let key = (
            at,
            container.unwrap_or_default(),
            event.action.clone().unwrap_or_default(),
        );
        let is_new = self.heard.insert(key);
        let time = Timestamp::from_nanosecond(i128::from(at));
        self.last = time.unwrap_or(self.last).max(self.last);
        let oldest = self.last.as_nanosecond() - KEPT.as_nanos().cast_signed();
        while let Some(first) = self.heard.first()
            && i128::from(first.0) < oldest
        {
            self.heard.pop_first();
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::EventActor;

    fn event(at_ms: i64, container: &str, action: &str) -> EventMessage {
        EventMessage {
            action: Some(action.to_owned()),
            actor: Some(EventActor {
                id: Some(container.to_owned()),
                attributes: None,
            }),
            time_nano: Some(at_ms * 1_000_000),
            ..EventMessage::default()
        }
    }

    #[test]
    fn what_comes_again_is_told_once_and_what_comes_late_is_told() {
        let mut past = Past::until(Timestamp::UNIX_EPOCH);
        assert!(past.is_new(&event(10_000, "a", "start")));
        assert!(past.is_new(&event(9_500, "b", "start")), "out of order");
        assert!(past.is_new(&event(10_000, "a", "died")));
        for (at, container, action) in [
            (9_500, "b", "start"),
            (10_000, "a", "start"),
            (10_000, "a", "died"),
        ] {
            let again = event(at, container, action);
            assert!(!past.is_new(&again), "{again:?}");
        }
        assert_eq!(past.since(), Timestamp::from_second(8).unwrap());
    }

    #[test]
    fn what_cannot_come_again_is_forgotten() {
        let mut past = Past::until(Timestamp::UNIX_EPOCH);
        for second in 0..100 {
            past.is_new(&event(second * 1000, "a", "exec_start"));
        }
        assert_eq!(past.heard.len(), 5);
    }
}
