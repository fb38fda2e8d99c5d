//! The rule book's legal steps and reasons, written down a second time: what is not here may not
//! happen, and everything here has to.

use gofer_core::run::{Reason, RunReason, RunState, TaskState};

use RunState as R;
use TaskState as T;

const RUN: &[(R, &[R])] = &[
    (R::Queued, &[R::Running]),
    (
        R::Running,
        &[R::Cancelling, R::Succeeded, R::Failed, R::Skipped],
    ),
    (R::Cancelling, &[R::Cancelled]),
];

/// A task or an item. `running` to `running` is not a step; a fan-out goes from `waiting` to
/// `running` at once.
const UNIT: &[(T, &[T])] = &[
    (
        T::Waiting,
        &[
            T::Starting,
            T::Running,
            T::Succeeded,
            T::Failed,
            T::Cancelled,
            T::Skipped,
        ],
    ),
    (
        T::Starting,
        &[T::Running, T::Retrying, T::Failed, T::Cancelled, T::Lost],
    ),
    (
        T::Running,
        &[
            T::Retrying,
            T::Succeeded,
            T::Failed,
            T::TimedOut,
            T::Cancelled,
            T::Skipped,
            T::Lost,
        ],
    ),
    (T::Retrying, &[T::Starting, T::Cancelled]),
];

const ATTEMPT: &[(T, &[T])] = &[
    (T::Starting, &[T::Running, T::Failed, T::Cancelled, T::Lost]),
    (
        T::Running,
        &[
            T::Succeeded,
            T::Failed,
            T::TimedOut,
            T::Cancelled,
            T::Skipped,
            T::Lost,
        ],
    ),
];

/// Approvals, replaced runs, services, caches and runs of some tasks come
/// with later parts.
const LATER: &[Reason] = &[
    Reason::Rejected,
    Reason::RunReplaced,
    Reason::Cached,
    Reason::NotSelected,
    Reason::NotInList,
];

const RUN_REASONS: &[RunReason] = &[
    RunReason::TimedOut,
    RunReason::TaskFailed,
    RunReason::NothingToDo,
    RunReason::ByPerson,
];

/// Every legal step, as histories show it.
pub(crate) fn legal() -> Vec<String> {
    let mut all = vec![
        step("run", None::<R>, R::Queued),
        step("attempt", None::<T>, T::Starting),
    ];
    all.extend(table("run", RUN));
    all.extend(table("unit", UNIT));
    all.extend(table("attempt", ATTEMPT));
    all
}

fn table<S: Copy + ToString>(of: &str, table: &[(S, &[S])]) -> Vec<String> {
    let row = |(before, after): &(S, &[S])| -> Vec<String> {
        after
            .iter()
            .map(|after| step(of, Some(*before), *after))
            .collect()
    };
    table.iter().flat_map(row).collect()
}

/// One step in words.
pub(crate) fn step<S: Copy + ToString>(of: &str, before: Option<S>, after: S) -> String {
    let before = before.map_or_else(|| "nothing".to_owned(), |state| state.to_string());
    format!("{of}: {before} → {}", after.to_string())
}

/// Every reason that has to be reached.
pub(crate) fn reasons() -> Vec<String> {
    let of_tasks = Reason::ALL.iter().filter(|reason| !LATER.contains(reason));
    let of_runs = RUN_REASONS.iter().map(|reason| format!("run {reason}"));
    of_tasks.map(ToString::to_string).chain(of_runs).collect()
}
