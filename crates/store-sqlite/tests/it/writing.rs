use crate::support::{Fresh, accept, end, open, step};
use gofer_store::{Error, Store};
use gofer_store_sqlite::{Options, SqliteStore};
use std::{
    future::Future,
    path::Path,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_request_that_is_refused_harms_no_other_of_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    let mut tasks = JoinSet::new();
    for turn in 0..64 {
        let claim = accept(&store).await;
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for _ in 0..20 {
                let mut commit = step(claim, 0);
                if turn % 2 == 0 {
                    commit.claim.epoch.0 += 1;
                    assert!(matches!(store.commit(commit).await, Err(Error::Fenced)));
                } else {
                    store.commit(commit).await.unwrap();
                }
            }
            (turn, store.history(claim.run, 0, 1000).await.unwrap().len())
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (turn, lines) = done.unwrap();
        assert_eq!(lines, if turn % 2 == 0 { 1 } else { 41 });
    }
}

#[tokio::test]
async fn what_was_handed_in_is_written_even_if_nobody_waits() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let claim = accept(&store).await;
    for _ in 0..100 {
        let mut commit = pin!(store.commit(step(claim, 0)));
        // Asked once, then dropped.
        let _ = commit
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
    }
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.history(claim.run, 200, 1000).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_who_holds_the_database_is_waited_for_and_then_said() {
    let dir = tempfile::tempdir().unwrap();
    let patience = Duration::from_millis(100);
    let options = Options {
        patience,
        ..Options::default()
    };
    let store = SqliteStore::open(dir.path(), &Fresh, &options).unwrap();
    let claim = accept(&store).await;
    let foreign = rusqlite::Connection::open(dir.path().join("gofer.db")).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(
        store.commit(step(claim, 0)).await,
        Err(Error::Busy)
    ));
    assert_eq!(store.history(claim.run, 0, 9).await.unwrap().len(), 1);
    foreign.execute_batch("COMMIT").unwrap();
    store.commit(step(claim, 0)).await.unwrap();
    assert_eq!(store.history(claim.run, 0, 9).await.unwrap().len(), 3);
}

fn log_bytes(dir: &Path) -> u64 {
    dir.join("gofer.db-wal").metadata().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_make_the_log_grow_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    let claim = accept(&store).await;
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        let store = Arc::clone(&store);
        readers.spawn(async move {
            loop {
                store.load(claim.run).await.unwrap();
                store.history(claim.run, 0, 1000).await.unwrap();
            }
        });
    }
    // Each writes about 70 KB: 140 MB in all.
    let mut largest = 0;
    for _ in 0..2000 {
        store.commit(step(claim, 64 << 10)).await.unwrap();
        largest = largest.max(log_bytes(dir.path()));
    }
    readers.shutdown().await;
    println!("the log was {} MiB at most", largest >> 20);
    assert!(largest < 48 << 20, "{largest} bytes");

    // One that does hold a transaction makes it grow while it does, and not after.
    let foreign = rusqlite::Connection::open(dir.path().join("gofer.db")).unwrap();
    foreign
        .execute_batch("BEGIN; SELECT count(*) FROM runs")
        .unwrap();
    for _ in 0..1000 {
        store.commit(step(claim, 64 << 10)).await.unwrap();
    }
    foreign.execute_batch("COMMIT").unwrap();
    for _ in 0..200 {
        store.commit(step(claim, 64 << 10)).await.unwrap();
    }
    let grown = log_bytes(dir.path());
    for _ in 0..1000 {
        store.commit(step(claim, 64 << 10)).await.unwrap();
    }
    println!("a foreign reader made it {} MiB", grown >> 20);
    assert_eq!(log_bytes(dir.path()), grown);
}

#[tokio::test]
async fn the_log_is_grown_while_idle_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(log_bytes(dir.path()) >= 4 << 20);
    let claim = accept(&store).await;
    drop(store);
    let kept = log_bytes(dir.path());
    assert!(kept >= 4 << 20);
    let store = open(dir.path());
    assert_eq!(store.history(claim.run, 0, 9).await.unwrap().len(), 1);
    assert_eq!(log_bytes(dir.path()), kept);
}

#[tokio::test]
async fn deleted_runs_give_their_room_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    let mut claims = Vec::new();
    for _ in 0..200 {
        let claim = accept(&store).await;
        store.commit(step(claim, 64 << 10)).await.unwrap();
        store.commit(end(claim)).await.unwrap();
        claims.push(claim);
    }
    for claim in claims {
        store.delete_run(claim.run).await.unwrap();
    }
    let pages = || {
        let db = rusqlite::Connection::open(dir.path().join("gofer.db")).unwrap();
        db.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    let full = pages();
    for _ in 0..50 {
        // Whatever it is, a write and a rest let it go on.
        accept(&store).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        if pages() < full / 2 {
            return;
        }
    }
    panic!("{} of {full} pages", pages());
}
