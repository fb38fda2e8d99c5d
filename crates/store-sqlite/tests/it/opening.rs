use crate::support::{Fresh, accept, end, open, parents_dir, start, step};
use gofer_store::{Adoption, Error, Store};
use gofer_store_sqlite::{OpenError, Options, SqliteStore};
use std::{
    fs,
    io::{Read, Write},
    path::Path,
    time::Duration,
};

#[test]
fn a_hundred_pairs_that_open_one_empty_directory_at_once_all_succeed() {
    for _ in 0..100 {
        let dir = tempfile::tempdir().unwrap();
        let mut pair = [0; 2].map(|_| start("opening::opens_first", dir.path()));
        for child in &mut pair {
            // It says that it is ready, with a line of its own among the test runner's.
            let mut said = Vec::new();
            while !said.ends_with(b"ready\n") {
                let mut byte = [0];
                child
                    .stdout
                    .as_mut()
                    .unwrap()
                    .read_exact(&mut byte)
                    .unwrap();
                said.extend(byte);
            }
        }
        for child in &mut pair {
            child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        }
        for child in pair {
            let done = child.wait_with_output().unwrap();
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stdout)
            );
        }
        let db = rusqlite::Connection::open(dir.path().join("gofer.db")).unwrap();
        let count = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM store"), 1);
        assert_eq!(count("SELECT max(number) FROM runs"), 2);
    }
}

#[test]
#[ignore = "started by another test in a process of its own"]
fn opens_first() {
    let Some(dir) = parents_dir() else { return };
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let store = open(&dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let claim = accept(&store).await;
        store.commit(end(claim)).await.unwrap();
    });
}

#[test]
fn a_newer_schema_is_refused_before_anything_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let path = dir.path().join("gofer.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    let newer = "INSERT INTO refinery_schema_history \
        SELECT 99, 'later', applied_on, checksum FROM refinery_schema_history LIMIT 1";
    db.execute(newer, []).unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    let Err(refused) = SqliteStore::open(dir.path(), &Fresh, &Options::default()) else {
        panic!("a newer schema was taken for ours");
    };
    assert!(matches!(
        refused,
        OpenError::Newer {
            found: 99,
            known: 7,
            ..
        }
    ));
    assert!(refused.to_string().contains("newer Gofer"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_named_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("gofer.db"),
        "once upon a time ".repeat(1000),
    )
    .unwrap();
    let Err(refused) = SqliteStore::open(dir.path(), &Fresh, &Options::default()) else {
        panic!("a text was taken for a database");
    };
    let said = refused.to_string();
    assert!(said.contains("gofer.db is damaged: move it away"), "{said}");
}

#[test]
fn one_who_hangs_while_opening_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let lock = fs::File::create(dir.path().join("open.lock")).unwrap();
    lock.lock().unwrap();
    let options = Options {
        patience: Duration::from_millis(20),
        ..Options::default()
    };
    let refused = SqliteStore::open(dir.path(), &Fresh, &options)
        .err()
        .unwrap();
    assert!(matches!(refused, OpenError::Held { .. }), "{refused}");
    assert!(refused.to_string().contains("open.lock"), "{refused}");
    drop(lock);
    drop(SqliteStore::open(dir.path(), &Fresh, &options).unwrap());
}

fn lives(dir: &Path) -> usize {
    fs::read_dir(dir.join("instances")).unwrap().count()
}

#[tokio::test]
async fn the_dead_are_buried_unless_a_run_still_names_them() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        drop(open(dir.path()));
    }
    assert_eq!(lives(dir.path()), 1);
    let owner = open(dir.path());
    let claim = accept(&owner).await;
    drop(owner);
    let next = open(dir.path());
    assert_eq!(lives(dir.path()), 2);
    assert!(!next.is_alive(claim.owner).await.unwrap());
    let Adoption::Ours(ours) = next.adopt(claim.run).await.unwrap() else {
        panic!("the dead keep their runs");
    };
    assert!(matches!(
        next.commit(step(claim, 0)).await,
        Err(Error::Fenced)
    ));
    next.commit(step(ours, 0)).await.unwrap();
    let last = open(dir.path());
    assert_eq!(lives(dir.path()), 2);
    assert!(last.is_alive(next.instance()).await.unwrap());
}

#[tokio::test]
async fn only_its_owner_reads_the_directory() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let store = open(&dir);
    accept(&store).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in ["gofer.db", "gofer.db-wal", "gofer.db-shm"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
}
