//! Directories, ids, stores and processes for the tests.

use gofer_core::{id::Ids, run::RunState};
use gofer_store::{
    Claim, Commit, NewRun, Store,
    conformance::{attempt, change, claim, head, key, new_run, time, unit},
};
use gofer_store_sqlite::{Options, SqliteStore};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};
use uuid::Uuid;

/// Ids as the binary makes them.
pub(crate) struct Fresh;

impl Ids for Fresh {
    #[expect(
        clippy::disallowed_methods,
        reason = "several processes need ids that differ"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

pub(crate) fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, &Fresh, &Options::default()).unwrap()
}

/// Accepts a run with the task `a`.
pub(crate) async fn accept(store: &SqliteStore) -> Claim {
    let base = new_run("etl", &["a"]).unwrap();
    let new = NewRun {
        id: gofer_core::id::RunId(Fresh.next()),
        ..base
    };
    let document = "the document";
    store
        .put_version(&new.namespace, &new.pipeline, document, time(0))
        .await
        .unwrap();
    claim(&store.create_run(new).await.unwrap()).unwrap()
}

/// What a driver stores when an attempt starts. `bytes` make it long, each time others: SQLite
/// does not write what is there already.
pub(crate) fn step(claim: Claim, bytes: usize) -> Commit {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let a = key("a", None).unwrap();
    let mut long = unit(gofer_core::run::TaskState::Running);
    let letter = char::from_digit(TURN.fetch_add(1, Ordering::Relaxed) % 36, 36).unwrap();
    long.message = Some(letter.to_string().repeat(bytes)).filter(|long| !long.is_empty());
    Commit {
        head: Some(head(RunState::Running)),
        units: vec![(a.clone(), long)],
        attempts: vec![(a, attempt(1, gofer_core::run::TaskState::Running))],
        changes: vec![change(1, RunState::Running), change(2, RunState::Running)],
        ..Commit::new(claim)
    }
}

/// What a driver stores when all is over.
pub(crate) fn end(claim: Claim) -> Commit {
    Commit {
        head: Some(head(RunState::Succeeded)),
        release: true,
        ..Commit::new(claim)
    }
}

pub(crate) const DIR: &str = "GOFER_TEST_DIR";

/// The directory that the test that started this process works in, and nothing when a person runs
/// all ignored tests.
pub(crate) fn parents_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

/// Starts an ignored test of this binary in a process of its own.
pub(crate) fn start(test: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            test,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}
