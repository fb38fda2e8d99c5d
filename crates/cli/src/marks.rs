//! The symbol and the colour of each state.

use crate::paint::{Hue, Paint};
use gofer_sdk::types::{RunState, TaskState};

/// Drawn while something runs, one after the other.
pub(crate) const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// `✓`, `✗`, `●`, `◌` or `⊘`.
pub(crate) fn of_task(state: TaskState, allow_failure: bool) -> (&'static str, Hue) {
    match state {
        TaskState::Succeeded => ("✓", Hue::Good),
        _ if state.is_failure() && allow_failure => ("✗", Hue::Warn),
        TaskState::Failed | TaskState::TimedOut | TaskState::Lost => ("✗", Hue::Bad),
        TaskState::Running | TaskState::Starting => ("●", Hue::Live),
        TaskState::Retrying => ("◌", Hue::Warn),
        TaskState::AwaitingApproval => ("◌", Hue::Live),
        TaskState::Waiting => ("◌", Hue::Faint),
        TaskState::Cancelled | TaskState::Skipped => ("⊘", Hue::Faint),
    }
}

pub(crate) fn of_run(state: RunState) -> (&'static str, Hue) {
    match state {
        RunState::Succeeded => ("✓", Hue::Good),
        RunState::Failed => ("✗", Hue::Bad),
        RunState::Running => ("●", Hue::Live),
        RunState::Cancelling => ("●", Hue::Warn),
        RunState::Queued => ("◌", Hue::Faint),
        RunState::Cancelled => ("⊘", Hue::Warn),
        RunState::Skipped => ("⊘", Hue::Faint),
    }
}

/// `✓ succeeded`, in colour.
pub(crate) fn run_word(state: RunState, paint: Paint) -> String {
    let (symbol, hue) = of_run(state);
    paint.colour(hue, &format!("{symbol} {state}"))
}

/// `✗ failed`, in colour.
pub(crate) fn task_word(state: TaskState, allow_failure: bool, paint: Paint) -> String {
    let (symbol, hue) = of_task(state, allow_failure);
    paint.colour(hue, &format!("{symbol} {state}"))
}
