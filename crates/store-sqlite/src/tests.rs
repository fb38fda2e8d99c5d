use crate::{
    SqliteStore,
    failure::{Failure, Judge, Reach},
    open::{Options, migrate},
    statements,
};
use gofer_core::id::Ids;
use gofer_store::Error;
use rusqlite::{Connection, ffi};
use std::{path::Path, sync::atomic::AtomicU64, sync::atomic::Ordering};
use uuid::Uuid;

fn migrated() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    migrate(&mut db).unwrap();
    db
}

#[test]
fn every_statement_fits_the_migrated_schema() {
    let db = migrated();
    for (name, sql) in statements::ALL {
        if let Err(error) = db.prepare(sql) {
            panic!("{name}: {error}\n{sql}");
        }
    }
}

/// The steps of a statement's plan, its parameters being nothing.
fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

#[test]
fn no_statement_looks_at_every_row_of_a_long_table() {
    const LONG: [&str; 8] = [
        "runs", "r", "units", "attempts", "a", "history", "sealed", "texts",
    ];
    let db = migrated();
    let mut planned = 0;
    let queries = statements::ALL.iter().filter(|(_, sql)| {
        ["SELECT", "UPDATE", "DELETE", "INSERT"]
            .iter()
            .any(|verb| sql.starts_with(verb))
    });
    for (name, sql) in queries {
        let plan = plan(&db, sql);
        planned += plan.len();
        for step in &plan {
            let scans = LONG.iter().any(|table| {
                let scan = format!("SCAN {table}");
                step == &scan || step.starts_with(&format!("{scan} "))
            });
            // From the newest back until the page is full, or over the few that are not over.
            // An index of the few that are kept is looked through whole.
            let may_scan = name.starts_with("PAGE_OF_SOME")
                || *name == "PAGE_OF_ONE_CLAIMED"
                || step.ends_with("USING INDEX attempts_kept");
            assert!(!scans || may_scan, "{name}: {plan:?}");
            let few = name.ends_with("_OPEN") || name.ends_with("_CLAIMED");
            let sorts = step.contains("TEMP B-TREE FOR ORDER BY");
            assert!(!sorts || few, "{name}: {plan:?}");
        }
    }
    assert!(planned > 50, "{planned} steps");
}

fn sqlite(extended: i32) -> Failure {
    Failure::Sqlite(rusqlite::Error::SqliteFailure(
        ffi::Error::new(extended),
        None,
    ))
}

#[test]
fn each_failure_reaches_as_far_as_it_has_to() {
    let cases = [
        (ffi::SQLITE_CONSTRAINT_CHECK, Reach::Request),
        (ffi::SQLITE_TOOBIG, Reach::Request),
        (ffi::SQLITE_FULL, Reach::Batch),
        (ffi::SQLITE_BUSY, Reach::Batch),
        (ffi::SQLITE_IOERR_WRITE, Reach::Batch),
        (ffi::SQLITE_IOERR_FSYNC, Reach::Forever),
    ];
    for (code, reach) in cases {
        assert_eq!(Judge::reach(&sqlite(code)), reach, "{code}");
    }
    assert_eq!(
        Judge::reach(&Failure::Answer(Error::Fenced)),
        Reach::Request
    );
}

#[test]
fn an_error_names_the_file_and_what_to_do() {
    let judge = Judge::new(Path::new("/data/gofer.db"));
    for code in [
        ffi::SQLITE_CORRUPT,
        ffi::SQLITE_READONLY,
        ffi::SQLITE_CANTOPEN,
        ffi::SQLITE_IOERR_READ,
        ffi::SQLITE_IOERR_FSYNC,
    ] {
        let said = judge.error(sqlite(code)).to_string();
        assert!(said.contains("/data/gofer.db"), "{said}");
        assert!(
            said.contains("check") || said.contains("move it away"),
            "{said}"
        );
    }
    assert!(matches!(
        judge.error(sqlite(ffi::SQLITE_BUSY_SNAPSHOT)),
        Error::Busy
    ));
    assert!(matches!(judge.error(sqlite(ffi::SQLITE_FULL)), Error::Full));
}

struct Counted(AtomicU64);

impl Ids for Counted {
    fn next(&self) -> Uuid {
        Uuid::from_u64_pair(1, self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn after_a_write_that_the_disk_did_not_confirm_nothing_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let ids = Counted(AtomicU64::new(1));
    let store = SqliteStore::open(dir.path(), &ids, &Options::default()).unwrap();
    let writer = store.writer().unwrap();
    writer.write(|_| Ok(())).await.unwrap();
    let failed = writer
        .write::<()>(|_| Err(sqlite(ffi::SQLITE_IOERR_WRITE)))
        .await;
    assert!(matches!(failed, Err(Error::Failed(_))));
    writer.write(|_| Ok(())).await.unwrap();
    let failed = writer
        .write::<()>(|_| Err(sqlite(ffi::SQLITE_IOERR_FSYNC)))
        .await;
    assert!(matches!(failed, Err(Error::Failed(_))));
    let Err(Error::Failed(said)) = writer.write(|_| Ok(())).await else {
        panic!("it was acknowledged");
    };
    assert!(said.contains("did not confirm"), "{said}");
}
