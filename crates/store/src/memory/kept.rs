//! Times as every store keeps them: to the microsecond.

use gofer_core::{
    Timestamp,
    run::{Attempt, Change, Head, Task, Unit},
};

pub(super) fn time(at: &mut Timestamp) {
    // A count of microseconds that came out of a timestamp goes back into one.
    if let Ok(kept) = Timestamp::from_microsecond(at.as_microsecond()) {
        *at = kept;
    }
}

fn times(all: [&mut Option<Timestamp>; 2]) {
    for at in all.into_iter().flatten() {
        time(at);
    }
}

pub(super) fn head(head: &mut Head) {
    time(&mut head.created_at);
    times([&mut head.started_at, &mut head.ended_at]);
}

pub(super) fn task(task: &mut Task) {
    for each in [&mut task.own].into_iter().chain(&mut task.items) {
        unit(each);
        for tried in &mut each.attempts {
            attempt(tried);
        }
    }
}

pub(super) fn unit(unit: &mut Unit) {
    times([&mut unit.due, &mut unit.ended_at]);
}

pub(super) fn attempt(attempt: &mut Attempt) {
    time(&mut attempt.created_at);
    times([&mut attempt.started_at, &mut attempt.ended_at]);
}

pub(super) fn changes(mut changes: Vec<Change>) -> Vec<Change> {
    for change in &mut changes {
        time(&mut change.at);
    }
    changes
}
