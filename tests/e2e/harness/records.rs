//! The data directory's database, read by somebody who is not Gofer.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use uuid::Uuid;

/// How far an attempt got, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Creating,
    Starting,
    Started,
    Ended,
    Removed,
}

/// An attempt as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttemptRow {
    /// `TASK/ITEM/ATTEMPT`.
    pub(crate) unit: String,
    pub(crate) stage: Stage,
}

pub(crate) struct Records(Connection);

impl Records {
    /// Nothing if there is no database yet.
    pub(crate) fn open(data: &Path) -> Option<Self> {
        let path = data.join("gofer.db");
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        db.busy_timeout(std::time::Duration::from_secs(5)).ok()?;
        Some(Self(db))
    }

    /// The store's UUID, once it is there.
    pub(crate) fn store(&self) -> Option<String> {
        let id = self
            .0
            .query_row("SELECT id FROM store", [], |row| row.get::<_, Vec<u8>>(0));
        Some(Uuid::from_slice(&id.ok()?).ok()?.to_string())
    }

    /// How many runs there are, and how many of them are not over.
    pub(crate) fn runs(&self) -> (i64, i64) {
        let query = "SELECT count(*), count(*) FILTER (WHERE state < 10) FROM runs";
        let counts = self
            .0
            .query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)));
        counts.unwrap_or((0, 0))
    }

    /// The attempts of the newest run, by name.
    pub(crate) fn attempts(&self) -> Vec<AttemptRow> {
        let query =
            "SELECT texts.text, attempts.task, attempts.item, attempts.number, attempts.stage
                     FROM attempts
                     JOIN runs ON runs.seq = attempts.run
                     JOIN texts ON texts.seq = runs.tasks
                     WHERE attempts.run = (SELECT max(seq) FROM runs)";
        let Ok(mut statement) = self.0.prepare(query) else {
            return Vec::new();
        };
        let rows = statement.query_map([], |row| {
            let (names, task, item) =
                (row.get::<_, String>(0)?, row.get::<_, u32>(1)?, row.get(2)?);
            Ok(AttemptRow {
                unit: unit(&names, task, item, row.get(3)?),
                stage: stage(row.get(4)?),
            })
        });
        let mut rows: Vec<AttemptRow> = rows.into_iter().flatten().flatten().collect();
        rows.sort_by(|a, b| a.unit.cmp(&b.unit));
        rows
    }

    /// The tables refer to nothing that is not there.
    pub(crate) fn assert_sound(&self) {
        let check = |pragma: &str| self.0.query_row(pragma, [], |row| row.get::<_, String>(0));
        assert_eq!(check("PRAGMA integrity_check").as_deref(), Ok("ok"));
        assert!(
            check("PRAGMA foreign_key_check").is_err(),
            "a row refers to nothing"
        );
    }
}

fn unit(names: &str, task: u32, item: i64, attempt: u32) -> String {
    let names: Vec<String> = serde_json::from_str(names).expect("a list of names");
    let item = if item < 0 {
        String::new()
    } else {
        item.to_string()
    };
    format!("{}/{item}/{attempt}", names[task as usize])
}

fn stage(code: u8) -> Stage {
    match code {
        0 => Stage::Creating,
        1 => Stage::Starting,
        2 => Stage::Started,
        3 => Stage::Ended,
        _ => Stage::Removed,
    }
}
