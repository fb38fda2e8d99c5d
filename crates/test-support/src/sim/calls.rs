//! Judges runs that were called: an attempt has one at most, and it ends as its run did.

use super::look::{Case, Look};
use gofer_core::{
    plan::Kind,
    run::{Attempt, Reason, RunState, TaskState, child_of},
};
use gofer_store::RunRow;
use std::collections::BTreeSet;

/// What is wrong between runs and those that they called.
pub(crate) fn judge(look: &Look, rows: &[RunRow]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for row in rows {
        let Some(by) = &row.origin.calls.by else {
            continue;
        };
        let id = by.attempt.clone();
        if !known.insert(id.to_string()) {
            wrong.push(format!("calls: {id} called more than one run"));
        }
        let caller = look.run(id.run);
        match caller.as_ref().and_then(|case| case.attempt(&id)) {
            None => wrong.push(format!(
                "calls: {} was called by {id}, which is not stored",
                row.id
            )),
            Some(attempt) if child_of(&id, attempt.created_at) != row.id => {
                wrong.push(format!("calls: {} is not the run of {id}", row.id));
            }
            Some(_) => {}
        }
    }
    for case in rows.iter().filter_map(|row| look.run(row.id)) {
        attempts(look, &case, &mut wrong);
    }
    wrong
}

fn attempts(look: &Look, case: &Case, wrong: &mut Vec<String>) {
    for (id, attempt) in case.attempts() {
        let at = case.plan.position(id.task.as_str());
        let said = at.and_then(|at| case.plan.tasks.get(at));
        if !said.is_some_and(|said| matches!(said.kind, Kind::Call(_))) {
            continue;
        }
        let child = look.run(child_of(&id, attempt.created_at));
        match child.map(|child| child.stored.row.head.state) {
            None if attempt.started_at.is_some() => {
                wrong.push(format!("calls: {id} started no run, but says so"));
            }
            None => {}
            Some(state) if !state.is_over() => {
                wrong.push(format!("calls: {id} is over, its run is {state}"));
            }
            Some(state) if !fits(&attempt, state) => {
                let ended = attempt.state;
                wrong.push(format!("calls: {id} ended as {ended}, its run as {state}"));
            }
            Some(_) => {}
        }
    }
}

fn fits(attempt: &Attempt, child: RunState) -> bool {
    match attempt.state {
        TaskState::Succeeded => child == RunState::Succeeded,
        TaskState::Skipped => child == RunState::Skipped,
        TaskState::Failed => {
            matches!(child, RunState::Failed | RunState::Cancelled)
                && attempt.reason == Some(Reason::ChildFailed)
        }
        TaskState::Cancelled | TaskState::TimedOut => attempt.stop.is_some(),
        _ => false,
    }
}
