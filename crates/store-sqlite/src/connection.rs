//! A connection with our settings.

use crate::statements as sql;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Whoever is told that something is stored finds it after a loss of power.
pub(crate) const SYNCHRONOUS: &str = "FULL";
/// How many statements stay prepared.
const PREPARED: usize = 96;

/// How a connection waits for another process, and whether it had to.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    met: Arc<AtomicBool>,
    brief: Arc<AtomicBool>,
    patience: Duration,
}

impl Waiting {
    /// For what can as well be done later.
    const BRIEF: Duration = Duration::from_millis(50);

    fn new(patience: Duration) -> Self {
        Self {
            met: Arc::default(),
            brief: Arc::default(),
            patience,
        }
    }

    /// Whether it had to wait since the last question.
    pub(crate) fn met_another(&self) -> bool {
        self.met.swap(false, Ordering::Relaxed)
    }

    /// Does something without much patience.
    pub(crate) fn briefly<T>(&self, work: impl FnOnce() -> T) -> T {
        self.brief.store(true, Ordering::Relaxed);
        let done = work();
        self.brief.store(false, Ordering::Relaxed);
        done
    }

    fn is_over(&self, waited: Duration) -> bool {
        let brief = self.brief.load(Ordering::Relaxed);
        waited >= if brief { Self::BRIEF } else { self.patience }
    }
}

/// Opens the file, which exists, for the one who writes.
pub(crate) fn writer(
    path: &Path,
    patience: Duration,
    seed: u64,
) -> rusqlite::Result<(Connection, Waiting)> {
    let (db, waiting) = open(path, patience, seed)?;
    db.execute_batch(sql::WRITER_CACHE)?;
    Ok((db, waiting))
}

/// Opens the file for one who only reads.
pub(crate) fn reader(path: &Path, patience: Duration, seed: u64) -> rusqlite::Result<Connection> {
    let (db, _) = open(path, patience, seed)?;
    db.execute_batch(sql::READER_CACHE)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

fn open(path: &Path, patience: Duration, seed: u64) -> rusqlite::Result<(Connection, Waiting)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    let waiting = Waiting::new(patience);
    db.busy_handler(Some(waiter(seed, waiting.clone())))?;
    // The log that is there already is written over; to make it anew costs 40 times as much.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A statement that is prepared stays so: otherwise SQLite plans some anew for each value.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "journal_size_limit", -1)?;
    db.pragma_update(None, "synchronous", SYNCHRONOUS)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    Ok((db, waiting))
}

/// Waits 0.1 to 1 ms at a time, never in step with another process. SQLite's own handler sleeps
/// up to 100 ms while the other side commits every millisecond.
fn waiter(seed: u64, waiting: Waiting) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut waited = Duration::ZERO;
    let mut random = seed | 1;
    move |times| {
        if times == 0 {
            waited = Duration::ZERO;
        }
        waiting.met.store(true, Ordering::Relaxed);
        if waiting.is_over(waited) {
            return false;
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let step = Duration::from_micros(100 + random % 900);
        thread::sleep(step);
        waited += step;
        true
    }
}
