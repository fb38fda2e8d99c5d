//! The write-ahead log: long from the beginning, since to write over what is there costs a
//! fraction of what it costs to make a file longer, and never longer for good.

use crate::{connection::Waiting, failure::Failure, statements as sql, write::Desk};
use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};

/// What the writer does about it, between two transactions.
pub(crate) struct Log {
    pages: Arc<AtomicI32>,
    /// It is copied into the database when it has so many pages.
    due: i32,
    /// It was seen to be long enough.
    is_grown: bool,
}

impl Log {
    /// 4 MiB: as much as it is grown to.
    const LARGE: i32 = 1024;
    const LARGE_BYTES: u64 = 4 << 20;
    /// 32 MiB: copying alone did not help, so wait for those who still read old pages.
    const TOO_LARGE: i32 = 8 * Self::LARGE;
    /// To copy fewer is not worth the two waits for the disk.
    const WORTH_IT: i32 = 256;

    pub(crate) fn watch(desk: &mut Desk) -> Self {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, now| {
            seen.store(now, Ordering::Relaxed);
            Ok(())
        };
        if let Err(error) = desk.db.wal_hook(Some(hook)) {
            tracing::warn!(%error, "the database's log cannot be watched: it may grow large");
        }
        Self {
            pages,
            due: Self::LARGE,
            is_grown: false,
        }
    }

    pub(crate) fn after_commit(&mut self, desk: &Desk, waiting: &Waiting) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < Self::LARGE {
            self.due = Self::LARGE;
        }
        if pages < self.due {
            return;
        }
        if pages < Self::TOO_LARGE {
            self.copy(desk, sql::COPY_LOG);
        } else {
            waiting.briefly(|| self.copy(desk, sql::COPY_LOG_WHOLE));
        }
    }

    pub(crate) fn when_idle(&mut self, desk: &Desk, waiting: &Waiting) {
        if self.pages.load(Ordering::Relaxed) >= Self::WORTH_IT {
            self.copy(desk, sql::COPY_LOG);
        }
        waiting.briefly(|| {
            self.grow(desk);
            desk.shrink();
        });
    }

    fn copy(&mut self, desk: &Desk, how: &str) {
        match desk.db.query_row(how, [], |row| row.get::<_, i32>(1)) {
            Ok(pages) => self.due = pages + Self::LARGE,
            // It stays in the log, which is as good: the next one copies it.
            Err(error) => {
                self.due = self.pages.load(Ordering::Relaxed) + Self::LARGE;
                tracing::debug!(%error, "the database's log was not copied");
            }
        }
        self.pages.store(0, Ordering::Relaxed);
    }

    /// Writes pages and takes them back, which leaves the file long. SQLite does that itself, so
    /// that no other process is in the way, and a small commit brings it to the disk.
    fn grow(&mut self, desk: &Desk) {
        if self.is_grown {
            return;
        }
        self.is_grown = true;
        if desk
            .log_bytes()
            .is_none_or(|bytes| bytes >= Self::LARGE_BYTES)
        {
            return;
        }
        let write = || -> Result<(), Failure> {
            desk.run_all(&[sql::SMALL_CACHE, sql::BEGIN, sql::GROW, sql::ROLLBACK])?;
            desk.run_all(&[sql::BEGIN, sql::TOUCH, sql::COMMIT])
        };
        if let Err(failure) = write() {
            desk.take_back();
            tracing::debug!(?failure, "the database's log stays short");
        }
        if let Err(failure) = desk.run_all(&[sql::WRITER_CACHE]) {
            tracing::debug!(?failure, "the writer's cache stays small");
        }
    }
}
