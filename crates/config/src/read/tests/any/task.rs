//! Tasks of each kind.

use super::{container::*, values::*};
use gofer_core::definition::*;
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
};

pub(super) fn retry() -> BoxedStrategy<Retry> {
    let codes = prop_oneof![
        Just((vec![], vec![])),
        vec(1..=255, 1..3).prop_map(|codes| (codes, vec![])),
        vec(1..=255, 1..3).prop_map(|codes| (vec![], codes)),
    ];
    let backoff = prop_oneof![Just(Backoff::Exponential), Just(Backoff::Fixed)];
    (0..=100_u32, of(span()), of(backoff), of(span()), codes)
        .prop_map(
            |(limit, delay, backoff, max_delay, (exit_codes, final_exit_codes))| Retry {
                limit,
                delay,
                backoff,
                max_delay,
                exit_codes,
                final_exit_codes,
            },
        )
        .boxed()
}

pub(super) fn common() -> BoxedStrategy<Task> {
    let condition = prop_oneof![
        Just(Condition::Success),
        Just(Condition::Failure),
        Just(Condition::NotFailed),
        Just(Condition::Any)
    ];
    let depends_on = some(name(), condition);
    let yes = || of(any::<bool>());
    (
        of(text()),
        some("[a-z]{1,9}", text()),
        depends_on,
        of(text()),
        yes(),
        yes(),
        of(span()),
    )
        .prop_map(
            |(description, labels, depends_on, when, finally, allow_failure, timeout)| Task {
                description,
                labels,
                depends_on,
                when,
                finally,
                allow_failure,
                timeout,
                ..Task::default()
            },
        )
        .boxed()
}

pub(super) fn fanned() -> BoxedStrategy<Task> {
    let items = prop_oneof![
        Just((None, None)),
        btree_map("[a-z]{1,4}", vec(any_json(), 0..3), 1..3)
            .prop_map(|matrix| (Some(matrix), None)),
        vec(any_json(), 0..3).prop_map(|list| (None, Some(ForEach::List(list)))),
        param().prop_map(|reference| (None, Some(ForEach::Reference(reference)))),
    ];
    (
        common(),
        items,
        of(1..=1000_u32),
        of(retry()),
        vec(name(), 0..3),
    )
        .prop_map(
            |(task, (matrix, for_each), max_parallel, retry, pools)| Task {
                matrix,
                for_each,
                max_parallel,
                retry,
                pools,
                ..task
            },
        )
        .boxed()
}

pub(super) fn task() -> BoxedStrategy<Task> {
    let approval =
        (text(), vec(text(), 0..2)).prop_map(|(message, roles)| Approval { message, roles });
    let call =
        (name(), some(name(), plain_value())).prop_map(|(name, params)| Call { name, params });
    prop_oneof![
        3 => (fanned(), container()).prop_map(|(task, container)| Task { container, ..task }),
        1 => (common(), approval).prop_map(|(task, approval)| Task { approval: Some(approval), ..task }),
        1 => (fanned(), call).prop_map(|(task, call)| Task { pipeline: Some(call), ..task }),
    ]
    .boxed()
}
