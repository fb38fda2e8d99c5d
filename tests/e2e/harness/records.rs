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

/// A failed attempt whose container is kept.
pub(crate) struct KeptRow {
    /// `etl/42/load/3`
    pub(crate) name: String,
    /// What its container bears.
    pub(crate) labels: [(&'static str, String); 5],
    /// It ended badly.
    pub(crate) is_failure: bool,
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

    /// The number of a pipeline's newest run, and how many of its runs are not over.
    pub(crate) fn runs_of(&self, pipeline: &str) -> (i64, i64) {
        let query = "SELECT coalesce(max(number), 0), count(*) FILTER (WHERE state < 10) FROM runs
                     WHERE pipeline = (SELECT seq FROM pipelines WHERE name = ?1)";
        let counts = self
            .0
            .query_row(query, [pipeline], |row| Ok((row.get(0)?, row.get(1)?)));
        counts.unwrap_or((0, 0))
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
        self.attempts_from("SELECT max(seq) FROM runs")
    }

    /// The attempts of the newest run of a pipeline and of those that it called, by name.
    pub(crate) fn attempts_since(&self, pipeline: &str) -> Vec<AttemptRow> {
        self.attempts_from(&format!(
            "SELECT max(runs.seq) FROM runs JOIN pipelines ON pipelines.seq = runs.pipeline
             WHERE pipelines.name = '{pipeline}'"
        ))
    }

    fn attempts_from(&self, first: &str) -> Vec<AttemptRow> {
        let query = &format!(
            "SELECT texts.text, attempts.task, attempts.item, attempts.number, attempts.stage
                     FROM attempts
                     JOIN runs ON runs.seq = attempts.run
                     JOIN texts ON texts.seq = runs.tasks
                     WHERE attempts.run >= ({first})"
        );
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

    /// Attempts whose containers are kept.
    pub(crate) fn kept(&self) -> Vec<KeptRow> {
        let query = "SELECT runs.id, pipelines.name, runs.number, texts.text, attempts.task,
                            attempts.item, attempts.number, attempts.state
                     FROM attempts
                     JOIN runs ON runs.seq = attempts.run
                     JOIN pipelines ON pipelines.seq = runs.pipeline
                     JOIN texts ON texts.seq = runs.tasks
                     WHERE attempts.kept IS NOT NULL";
        let mut statement = self.0.prepare(query).expect("the schema is known");
        let rows = statement.query_map([], |row| {
            let (id, pipeline, run): (Vec<u8>, String, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let (names, task): (String, u32) = (row.get(3)?, row.get(4)?);
            let (item, number, state): (i64, u32, u8) = (row.get(5)?, row.get(6)?, row.get(7)?);
            let names: Vec<String> = serde_json::from_str(&names).expect("a list of names");
            let item = (item >= 0).then(|| item.to_string());
            let of_item = item
                .iter()
                .map(|item| format!("/{item}"))
                .collect::<String>();
            Ok(KeptRow {
                name: format!("{pipeline}/{run}/{}{of_item}", names[task as usize]),
                labels: [
                    (
                        "gofer.run",
                        Uuid::from_slice(&id).expect("an id").to_string(),
                    ),
                    ("gofer.task", names[task as usize].clone()),
                    ("gofer.item", item.unwrap_or_default()),
                    ("gofer.attempt", number.to_string()),
                    ("gofer.role", "attempt".to_owned()),
                ],
                is_failure: [11, 12, 15].contains(&state),
            })
        });
        rows.expect("they can be read")
            .map(|row| row.expect("a row"))
            .collect()
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
