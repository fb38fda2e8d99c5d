use gofer_api_types::{Change, Progress};
use gofer_core::run::{self as core, Key, Reason, RunReason, Subject};

/// A line of history.
pub(crate) fn change(change: &core::Change) -> Change {
    let (key, attempt, state, is_run) = match &change.of {
        Subject::Run(state) => (None, None, state.as_str(), true),
        Subject::Unit(key, state) => (Some(key), None, state.as_str(), false),
        Subject::Attempt(key, attempt, state) => (Some(key), Some(*attempt), state.as_str(), false),
    };
    let reason = change.reason.and_then(|code| {
        if is_run {
            RunReason::from_code(code).map(RunReason::as_str)
        } else {
            Reason::from_code(code).map(Reason::as_str)
        }
    });
    Change {
        at: change.at,
        task: key.map(|key| key.task.to_string()),
        item: key.and_then(|key| key.item),
        attempt,
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
    }
}

/// A note that is not kept.
pub(crate) fn progress(key: &Key, message: Option<&str>) -> Progress {
    Progress {
        task: key.task.to_string(),
        item: key.item,
        message: message.map(str::to_owned),
    }
}
