//! Runs to draw.

use gofer_core::Timestamp;
use gofer_sdk::types::{Attempt, Change, Item, Run, RunState, Task, TaskState};
use std::collections::BTreeMap;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

pub(super) fn attempt(
    number: u32,
    state: TaskState,
    from: Option<i64>,
    until: Option<i64>,
) -> Attempt {
    Attempt {
        number,
        state,
        reason: None,
        message: None,
        exit_code: None,
        started_at: from.map(at),
        ended_at: until.map(at),
        image_digest: None,
        node: None,
        child: None,
    }
}

pub(super) fn task(
    name: &str,
    state: TaskState,
    message: Option<&str>,
    attempts: Vec<Attempt>,
) -> Task {
    Task {
        name: name.into(),
        state,
        reason: None,
        message: message.map(Into::into),
        allow_failure: false,
        outputs: BTreeMap::new(),
        artifacts: None,
        services: Vec::new(),
        attempts,
        items: Vec::new(),
    }
}

pub(super) fn item(
    index: u32,
    state: TaskState,
    message: Option<&str>,
    attempts: Vec<Attempt>,
) -> Item {
    Item {
        index,
        item: index.into(),
        state,
        reason: None,
        message: message.map(Into::into),
        allow_failure: false,
        outputs: BTreeMap::new(),
        artifacts: None,
        attempts,
    }
}

pub(super) fn run(state: RunState, tasks: Vec<Task>) -> Run {
    Run {
        id: uuid::Uuid::nil(),
        namespace: "default".into(),
        pipeline: "etl".into(),
        number: 42,
        version: 1,
        state,
        reason: None,
        message: None,
        kept: Vec::new(),
        interrupted: false,
        trigger: "manual".into(),
        called_by: None,
        params: BTreeMap::new(),
        created_at: at(0),
        started_at: Some(at(0)),
        ended_at: state.is_over().then(|| at(12)),
        mounts: Vec::new(),
        partial: None,
        tasks,
    }
}

pub(super) fn change(
    task: &str,
    item: Option<u32>,
    attempt: Option<u32>,
    state: TaskState,
) -> Change {
    Change {
        at: at(5),
        task: Some(task.into()),
        item,
        attempt,
        state: state.to_string(),
        reason: None,
    }
}

/// In the middle of a run: one of everything.
pub(super) fn middle() -> Run {
    use TaskState::{Failed, Retrying, Skipped, Starting, Succeeded, Waiting};
    let mut list = task(
        "list",
        Succeeded,
        None,
        vec![attempt(1, Succeeded, Some(0), Some(2))],
    );
    list.outputs
        .insert("files".into(), r#"["a.csv","b.csv"]"#.into());
    let mut lint = task(
        "lint",
        Failed,
        Some("the command exited with code 1"),
        vec![attempt(1, Failed, Some(0), Some(1))],
    );
    lint.allow_failure = true;
    run(
        RunState::Running,
        vec![
            task("clean_up", Waiting, None, vec![]),
            lint,
            list,
            load(),
            task(
                "notify",
                Skipped,
                Some("`when` is false: outputs.list.files == \"[]\""),
                vec![],
            ),
            task(
                "rates",
                Retrying,
                Some("it exited with code 1"),
                vec![attempt(1, Failed, Some(0), Some(3))],
            ),
            task("report", Waiting, None, vec![]),
            task(
                "warm_up",
                Starting,
                None,
                vec![attempt(1, Starting, None, None)],
            ),
        ],
    )
}

fn load() -> Task {
    use TaskState::{Failed, Running, Succeeded};
    let mut load = task("load", Running, None, vec![]);
    load.items = vec![
        item(
            0,
            Succeeded,
            None,
            vec![attempt(1, Succeeded, Some(2), Some(4))],
        ),
        item(
            1,
            Failed,
            Some("the command exited with code 7"),
            vec![attempt(1, Failed, Some(2), Some(3))],
        ),
        item(2, Running, None, vec![attempt(1, Running, Some(3), None)]),
    ];
    load
}
