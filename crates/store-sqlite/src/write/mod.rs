//! What is written, each within a transaction that the writer keeps.

mod claims;
mod objects;
mod run;
mod units;
mod versions;

use crate::{
    codes::{self, whole},
    failure::Failure,
    rows::{self, Lists, Place},
    statements as sql,
};
pub(crate) use units::item;

use gofer_core::id::InstanceId;
use gofer_store::{Claim, Error};
use rusqlite::{Connection, params};
use std::{collections::HashMap, path::PathBuf};

/// What the writer works at.
pub(crate) struct Desk {
    pub(crate) db: Connection,
    dir: PathBuf,
    me: InstanceId,
    /// This instance's row.
    seq: i64,
    lists: Lists,
    texts: HashMap<String, i64>,
}

/// A run whose claim holds.
struct Claimed {
    place: Place,
    is_over: bool,
}

impl Desk {
    const TEXTS: usize = 256;
    /// 4 MiB of deleted rows are worth the work.
    const FREE: i64 = 1024;

    pub(crate) fn new(db: Connection, dir: PathBuf, me: InstanceId, seq: i64) -> Self {
        Self {
            db,
            dir,
            me,
            seq,
            lists: Lists::default(),
            texts: HashMap::new(),
        }
    }

    /// Carries out a statement without parameters.
    pub(crate) fn run(&self, sql: &str) -> Result<(), Failure> {
        rows::execute(&self.db, sql, []).map(drop)
    }

    /// Carries out statements that answer nothing of interest.
    pub(crate) fn run_all(&self, statements: &[&str]) -> Result<(), Failure> {
        for sql in statements {
            self.db.execute_batch(sql)?;
        }
        Ok(())
    }

    /// Undoes the transaction.
    pub(crate) fn undo(&mut self) {
        self.take_back();
        self.forget();
    }

    /// Ends a transaction that SQLite did not end itself.
    pub(crate) fn take_back(&self) {
        if !self.db.is_autocommit()
            && let Err(failure) = self.run(sql::ROLLBACK)
        {
            tracing::warn!(?failure, "a failed transaction could not be undone");
        }
    }

    /// How long the write-ahead log is.
    pub(crate) fn log_bytes(&self) -> Option<u64> {
        let log = format!("{}-wal", self.db.path()?);
        std::fs::metadata(log).ok().map(|log| log.len())
    }

    /// Something was undone: what was remembered may not be there.
    pub(crate) fn forget(&mut self) {
        self.texts.clear();
        self.lists.forget();
    }

    /// Gives pages of deleted runs back to the file system, some at a time.
    pub(crate) fn shrink(&self) {
        let give = || -> Result<(), Failure> {
            let free: Option<i64> = rows::first(&self.db, sql::FREE_PAGES, [])?;
            if free.unwrap_or_default() >= Self::FREE {
                rows::all(&self.db, sql::GIVE_BACK, [], |_| Ok(()))?;
            }
            Ok(())
        };
        if let Err(failure) = give() {
            tracing::debug!(?failure, "the database was not made smaller");
        }
    }

    /// The number of a text that many rows share.
    fn text(&mut self, text: &str) -> Result<i64, Failure> {
        if let Some(seq) = self.texts.get(text) {
            return Ok(*seq);
        }
        let seq = if let Some(seq) = rows::first(&self.db, sql::TEXT_SEQ, [text])? {
            seq
        } else {
            rows::execute(&self.db, sql::ADD_TEXT, [text])?;
            self.db.last_insert_rowid()
        };
        if self.texts.len() >= Self::TEXTS {
            self.texts.clear();
        }
        self.texts.insert(text.to_owned(), seq);
        Ok(seq)
    }

    fn maybe_text(&mut self, text: Option<&str>) -> Result<Option<i64>, Failure> {
        text.map(|text| self.text(text)).transpose()
    }

    fn claimed(&mut self, claim: Claim) -> Result<Claimed, Failure> {
        let found = rows::one(
            &self.db,
            sql::CLAIMED,
            params![
                claim.run.0.as_bytes(),
                claim.owner.0.as_bytes(),
                whole(claim.epoch.0)?
            ],
            |row| {
                let mut from = codes::Columns::of(row);
                let seq: i64 = from.take()?;
                let state: gofer_core::run::RunState = from.code()?;
                Ok((seq, state, from.take::<i64>()?, codes::Base(from.take()?)))
            },
        )?;
        let (seq, state, tasks, accepted) = found.ok_or(Error::Fenced)?;
        let tasks = self.lists.get(&self.db, tasks)?;
        Ok(Claimed {
            place: Place {
                seq,
                tasks,
                accepted,
            },
            is_over: state.is_over(),
        })
    }
}
