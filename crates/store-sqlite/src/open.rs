//! Opening a data directory, one process at a time.

use crate::{
    SqliteStore,
    connection::{self, Waiting},
    failure::{Failure, Judge},
    life,
    read::View,
    readers::Readers,
    rows, statements as sql,
    write::Desk,
    writer::Writer,
};
use gofer_core::id::{Ids, InstanceId, StoreId};
use rusqlite::Connection;
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use uuid::Uuid;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// The version of the newest migration. To have them counted costs a millisecond of each start.
const NEWEST: i64 = 7;

/// What a caller may choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long to wait for another process before a call is answered with
    /// [`gofer_store::Error::Busy`].
    pub patience: Duration,
    /// How many read at the same time.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            readers: 2,
        }
    }
}

/// Why a data directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory, or a file in it, cannot be made, read or locked.
    #[error("{path} cannot be used as a data directory ({source}): check its rights and whether its disk has room", path = path.display())]
    Directory {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process is opening it and does not come to an end.
    #[error("another process has held {path} for {waited:?} while opening the database: see whether it hangs", path = path.display())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// For how long we waited.
        waited: Duration,
    },
    /// A newer Gofer has used it.
    #[error("{path} was last used by a newer Gofer (its schema is {found}, this one knows up to {known}): use that one, or another data directory", path = path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Processes cannot share memory there, as on most network file systems.
    #[error("{path} is on a file system that several processes cannot share: put the data directory on a local disk", path = path.display())]
    NotLocal {
        /// The database.
        path: PathBuf,
    },
    /// The database itself is at fault.
    #[error("the database cannot be opened: {0}")]
    Database(String),
}

pub(crate) fn open(dir: &Path, ids: &dyn Ids, options: &Options) -> Result<SqliteStore, OpenError> {
    let instances = life::folder(dir);
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&instances);
    made.map_err(failed(&instances))?;
    let _alone = lock(&dir.join("open.lock"), options.patience)?;
    let opening = Opening::new(dir, ids, options)?;
    let (db, waiting) = opening.database()?;
    opening.start(db, waiting)
}

/// Where a data directory has its database.
pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join("gofer.db")
}

fn failed(path: &Path) -> impl Fn(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Directory {
        path: path.clone(),
        source,
    }
}

/// Waits for the lock; it goes with the file.
fn lock(path: &Path, patience: Duration) -> Result<File, OpenError> {
    let step = Duration::from_millis(1);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = file.map_err(failed(path))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < patience => {
                thread::sleep(step);
                waited += step;
            }
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Held {
                    path: path.to_owned(),
                    waited,
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(path)(source)),
        }
    }
}

struct Opening<'a> {
    dir: &'a Path,
    path: PathBuf,
    judge: Judge,
    ids: &'a dyn Ids,
    options: &'a Options,
    instance: InstanceId,
    is_new: bool,
}

impl<'a> Opening<'a> {
    fn new(dir: &'a Path, ids: &'a dyn Ids, options: &'a Options) -> Result<Self, OpenError> {
        let path = database(dir);
        // SQLite gives its other files the rights of this one.
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        let is_new = match made {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                path.metadata().map_err(failed(&path))?.len() == 0
            }
            Err(source) => return Err(failed(&path)(source)),
        };
        let judge = Judge::new(&path);
        let instance = InstanceId(ids.next());
        Ok(Self {
            dir,
            path,
            judge,
            ids,
            options,
            instance,
            is_new,
        })
    }

    fn error(&self, failure: impl Into<Failure>) -> OpenError {
        OpenError::Database(self.judge.error(failure.into()).to_string())
    }

    /// Waits differ from one connection to the next.
    fn seed(&self) -> u64 {
        let (high, low) = self.instance.0.as_u64_pair();
        high ^ low
    }

    /// The writer's connection, with the newest schema.
    fn database(&self) -> Result<(Connection, Waiting), OpenError> {
        let (mut db, waiting) = connection::writer(&self.path, self.options.patience, self.seed())
            .map_err(|error| self.error(error))?;
        let found = schema(&db).map_err(|failure| self.error(failure))?;
        if found > NEWEST {
            return Err(OpenError::Newer {
                path: self.path.clone(),
                found,
                known: NEWEST,
            });
        }
        if self.is_new {
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")
                .map_err(|e| self.error(e))?;
        }
        let mode =
            db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        if mode.map_err(|error| self.error(error))? != "wal" {
            return Err(OpenError::NotLocal {
                path: self.path.clone(),
            });
        }
        if found < NEWEST {
            migrate(&mut db).map_err(|error| {
                let path = self.path.display();
                OpenError::Database(format!("{path} cannot be brought up to date: {error}"))
            })?;
        }
        db.pragma_update(None, "wal_autocheckpoint", 0)
            .map_err(|error| self.error(error))?;
        Ok((db, waiting))
    }

    fn start(&self, db: Connection, waiting: Waiting) -> Result<SqliteStore, OpenError> {
        let life = life::begin(self.dir, self.instance).map_err(failed(&life::folder(self.dir)))?;
        let (id, seq) = self.register_soon(&db)?;
        let views = (0..self.options.readers.max(1)).map(|reader| {
            let (path, patience) = (self.path.clone(), self.options.patience);
            let seed = self.seed().wrapping_add(reader as u64 + 1);
            move || Ok(View::new(connection::reader(&path, patience, seed)?))
        });
        let desk = Desk::new(db, self.dir.to_owned(), self.instance, seq);
        let threads = failed(self.dir);
        let (writer, writing) =
            Writer::start(desk, waiting, self.judge.clone()).map_err(&threads)?;
        let (readers, reading) = Readers::start(views, self.judge.clone()).map_err(&threads)?;
        let threads = reading.into_iter().chain([writing]).collect();
        let dir = self.dir.to_owned();
        Ok(SqliteStore::new(
            dir,
            (id, self.instance),
            (writer, readers),
            threads,
            life,
        ))
    }

    /// Registers without a wait for the disk: the log brings this to it with the first transaction of
    /// ours that is waited for, and until then nothing speaks of us. A new store's id is waited for.
    fn register_soon(&self, db: &Connection) -> Result<(StoreId, i64), OpenError> {
        if self.is_new {
            return self.register(db);
        }
        let wait = |how: &str| {
            db.pragma_update(None, "synchronous", how)
                .map_err(|error| self.error(error))
        };
        wait("NORMAL")?;
        let registered = self.register(db)?;
        wait(connection::SYNCHRONOUS)?;
        Ok(registered)
    }

    /// The store's id and our row, after those of the dead who own nothing are gone.
    fn register(&self, db: &Connection) -> Result<(StoreId, i64), OpenError> {
        let register = || -> Result<(StoreId, i64), Failure> {
            rows::execute(db, sql::BEGIN, [])?;
            let known = rows::first::<[u8; 16]>(db, sql::STORE, [])?.map(Uuid::from_bytes);
            let id = known.unwrap_or_else(|| self.ids.next());
            if known.is_none() {
                rows::execute(db, sql::ADD_STORE, [id.as_bytes()])?;
            }
            rows::execute(db, sql::ADD_INSTANCE, [self.instance.0.as_bytes()])?;
            let seq = db.last_insert_rowid();
            self.bury_the_dead(db)?;
            rows::execute(db, sql::COMMIT, [])?;
            Ok((StoreId(id), seq))
        };
        register().map_err(|failure| self.error(failure))
    }

    fn bury_the_dead(&self, db: &Connection) -> Result<(), Failure> {
        let known = life::known(self.dir).unwrap_or_default();
        for instance in known.into_iter().filter(|known| *known != self.instance) {
            // One that cannot be looked at stays.
            let Ok(Some(grave)) = life::grave(self.dir, instance) else {
                continue;
            };
            let id = [instance.0.as_bytes()];
            rows::execute(db, sql::IDLE_INSTANCE, id)?;
            if rows::first::<i64>(db, sql::HAS_INSTANCE, id)?.is_none()
                && let Err(error) = life::bury(self.dir, instance, &grave)
            {
                tracing::debug!(%error, %instance, "the file of a dead instance stays");
            }
        }
        Ok(())
    }
}

/// Brings the schema up to date.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), refinery::Error> {
    migrations::migrations::runner().run(db).map(drop)
}

/// The version of the schema, 0 for a new file.
fn schema(db: &Connection) -> Result<i64, Failure> {
    if rows::first::<i64>(db, sql::HAS_SCHEMA, [])?.is_none() {
        return Ok(0);
    }
    Ok(rows::first::<Option<i64>>(db, sql::SCHEMA_VERSION, [])?
        .flatten()
        .unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_migration_is_the_last_of_them() {
        let runner = migrations::migrations::runner();
        let versions = runner
            .get_migrations()
            .iter()
            .map(|it| i64::from(it.version()));
        assert_eq!(versions.max(), Some(NEWEST));
    }
}
