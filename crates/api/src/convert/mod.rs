//! From what is stored to what is published. Nowhere else do the two meet.

mod event;
mod run;

pub(crate) use event::{change, progress};
use gofer_api_types as api;
use gofer_core::run as core;
pub(crate) use run::{page, run, summary};

pub(crate) const fn run_state(state: core::RunState) -> api::RunState {
    match state {
        core::RunState::Queued => api::RunState::Queued,
        core::RunState::Running => api::RunState::Running,
        core::RunState::Cancelling => api::RunState::Cancelling,
        core::RunState::Succeeded => api::RunState::Succeeded,
        core::RunState::Failed => api::RunState::Failed,
        core::RunState::Cancelled => api::RunState::Cancelled,
        core::RunState::Skipped => api::RunState::Skipped,
    }
}

/// The state that a filter names.
pub(crate) const fn stored_state(state: api::RunState) -> core::RunState {
    match state {
        api::RunState::Queued => core::RunState::Queued,
        api::RunState::Running => core::RunState::Running,
        api::RunState::Cancelling => core::RunState::Cancelling,
        api::RunState::Succeeded => core::RunState::Succeeded,
        api::RunState::Failed => core::RunState::Failed,
        api::RunState::Cancelled => core::RunState::Cancelled,
        api::RunState::Skipped => core::RunState::Skipped,
    }
}

pub(crate) const fn task_state(state: core::TaskState) -> api::TaskState {
    match state {
        core::TaskState::Waiting => api::TaskState::Waiting,
        core::TaskState::Starting => api::TaskState::Starting,
        core::TaskState::Running => api::TaskState::Running,
        core::TaskState::Retrying => api::TaskState::Retrying,
        core::TaskState::AwaitingApproval => api::TaskState::AwaitingApproval,
        core::TaskState::Succeeded => api::TaskState::Succeeded,
        core::TaskState::Failed => api::TaskState::Failed,
        core::TaskState::TimedOut => api::TaskState::TimedOut,
        core::TaskState::Cancelled => api::TaskState::Cancelled,
        core::TaskState::Skipped => api::TaskState::Skipped,
        core::TaskState::Lost => api::TaskState::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_use_the_same_words() {
        for state in core::RunState::ALL {
            assert_eq!(run_state(*state).as_str(), state.as_str());
            assert_eq!(stored_state(run_state(*state)), *state);
        }
        for state in core::TaskState::ALL {
            assert_eq!(task_state(*state).as_str(), state.as_str());
        }
        assert_eq!(core::RunState::ALL.len(), api::RunState::ALL.len());
        assert_eq!(core::TaskState::ALL.len(), api::TaskState::ALL.len());
    }
}
