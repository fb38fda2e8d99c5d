//! Runs as no pipeline would make them.

use super::sample::time;
use crate::{Claim, Commit};
use gofer_core::{
    Timestamp,
    definition::Json,
    name::TaskName,
    run::{
        Artifacts, Attempt, Change, Head, Key, Reason, Run, RunReason, RunState, RunStop, Stage,
        Stop, Subject, Task, TaskState, Unit,
    },
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};

/// A run, the names of its tasks, and lines about them.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// In order.
    pub names: Vec<TaskName>,
    /// With as many tasks.
    pub run: Run,
    /// About the same tasks.
    pub changes: Vec<Change>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just(String::new()),
        Just("a\0b'\"\u{1f980}".to_owned())
    ]
}

fn times() -> impl Strategy<Value = Timestamp> {
    (-1_000_000_000_i64..1_000_000_000_000).prop_map(time)
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::from),
            btree_map(text(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// As large a count as every database can hold.
fn count() -> impl Strategy<Value = u64> {
    0..=i64::MAX.cast_unsigned()
}

fn heads() -> impl Strategy<Value = Head> {
    let ends = (
        select(RunState::ALL),
        option::of(select(RunReason::ALL)),
        option::of(text()),
    );
    let stops = option::of(select(
        &[RunStop::Person, RunStop::Replaced, RunStop::Timeout][..],
    ));
    let when = (times(), option::of(times()), option::of(times()));
    (ends, stops, when, any::<bool>(), any::<bool>(), count()).prop_map(
        |(ends, stop, when, in_finally, finally_stopped, next_ready)| Head {
            state: ends.0,
            reason: ends.1,
            message: ends.2,
            created_at: when.0,
            started_at: when.1,
            ended_at: when.2,
            stop,
            in_finally,
            finally_stopped,
            next_ready,
        },
    )
}

fn units() -> impl Strategy<Value = Unit> {
    let ends = (
        select(TaskState::ALL),
        option::of(select(Reason::ALL)),
        option::of(text()),
    );
    let values = (option::of(json()), btree_map(text(), text(), 0..4));
    let when = (option::of(times()), option::of(times()));
    (
        ends,
        values,
        when,
        option::of(count()),
        any::<bool>(),
        any::<u32>(),
    )
        .prop_map(|(ends, values, when, ready, expanded, earlier)| Unit {
            state: ends.0,
            reason: ends.1,
            message: ends.2,
            value: values.0,
            outputs: values.1,
            ready,
            due: when.0,
            ended_at: when.1,
            expanded,
            earlier,
            attempts: Vec::new(),
        })
}

fn attempts() -> impl Strategy<Value = Attempt> {
    const STAGES: &[Stage] = &[
        Stage::Creating,
        Stage::Starting,
        Stage::Started,
        Stage::Ended,
        Stage::Kept,
        Stage::Removed,
    ];
    let ends = (
        select(TaskState::ALL),
        option::of(select(Reason::ALL)),
        option::of(text()),
    );
    let known = (
        select(STAGES),
        option::of(any::<i32>()),
        option::of(text()),
        option::of(text()),
        btree_map(text(), text(), 0..3),
        option::of(text()),
    );
    let when = (times(), option::of(times()), option::of(times()));
    let stops = option::of(select(&[Stop::Timeout, Stop::Run][..]));
    let left = option::of((any::<u32>(), 0..1_u64 << 62));
    (ends, known, when, stops, left).prop_map(|(ends, known, when, stop, left)| Attempt {
        number: 1,
        state: ends.0,
        stage: known.0,
        reason: ends.1,
        message: ends.2,
        exit_code: known.1,
        created_at: when.0,
        started_at: when.1,
        ended_at: when.2,
        image: known.2,
        service_images: known.4,
        node: known.3,
        container: known.5,
        stop,
        artifacts: left.map(|(files, bytes)| Artifacts { files, bytes }),
    })
}

fn whole_units() -> impl Strategy<Value = Unit> {
    (units(), vec(attempts(), 0..3)).prop_map(|(unit, attempts)| {
        let numbered = (1..).zip(attempts);
        let attempts = numbered
            .map(|(number, attempt)| Attempt { number, ..attempt })
            .collect();
        Unit { attempts, ..unit }
    })
}

fn tasks() -> impl Strategy<Value = Task> {
    (whole_units(), vec(whole_units(), 0..3)).prop_map(|(own, items)| Task { own, items })
}

fn keys(names: Vec<TaskName>) -> impl Strategy<Value = Key> {
    (select(names), option::of(any::<u32>())).prop_map(|(task, item)| Key { task, item })
}

fn changes(names: Vec<TaskName>) -> impl Strategy<Value = Change> {
    let key = keys(names);
    let of_run = select(RunState::ALL).prop_map(Subject::Run);
    let state = select(TaskState::ALL);
    let of_task =
        (key, any::<Option<u32>>(), state).prop_map(|(key, number, state)| match number {
            Some(number) => Subject::Attempt(key, number, state),
            None => Subject::Unit(key, state),
        });
    let of = prop_oneof![of_run, of_task];
    (times(), of, any::<Option<u8>>()).prop_map(|(at, of, reason)| Change { at, of, reason })
}

fn names() -> impl Strategy<Value = Vec<TaskName>> {
    let name = "[a-z][a-z0-9_-]{0,9}".prop_filter_map("a name", |text| text.parse().ok());
    proptest::collection::btree_set(name, 1..5).prop_map(|names| names.into_iter().collect())
}

/// Whole runs.
pub fn runs() -> impl Strategy<Value = Drawn> {
    let with_names = |names: Vec<TaskName>| {
        let tasks = vec(tasks(), names.len());
        let changes = vec(changes(names.clone()), 0..9);
        (Just(names), heads(), tasks, changes)
    };
    names()
        .prop_flat_map(with_names)
        .prop_map(|(names, head, tasks, changes)| Drawn {
            names,
            run: Run { head, tasks },
            changes,
        })
}

/// Commits to a run with the tasks `a` and `b`: each of them and its first attempt.
pub fn commits(claim: Claim) -> impl Strategy<Value = Commit> {
    let names: Vec<TaskName> = ["a", "b"]
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    let own = |names: &[TaskName]| {
        let keys: Vec<Key> = names
            .iter()
            .map(|task| Key {
                task: task.clone(),
                item: None,
            })
            .collect();
        proptest::sample::subsequence(keys, 0..=names.len())
    };
    let units = (own(&names), vec(units(), 2));
    let attempts = (own(&names), vec(attempts(), 2));
    let changes = vec(changes(names), 0..5);
    (option::of(heads()), units, attempts, changes).prop_map(
        move |(head, units, attempts, changes)| Commit {
            head,
            units: units.0.into_iter().zip(units.1).collect(),
            attempts: attempts.0.into_iter().zip(attempts.1).collect(),
            changes,
            ..Commit::new(claim)
        },
    )
}
