//! From rows to the contract's structs.

use crate::{
    codes::{Base, Columns, json},
    failure::Failure,
    statements as sql,
};
use gofer_core::{
    id::{Epoch, InstanceId, RunId},
    name::TaskName,
    run::{Artifacts, Attempt, Head, Object, Origin, Unit},
};
use gofer_store::{Claim, RunRow, Version};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use std::{collections::HashMap, sync::Arc};

/// A run's row with what only we know of it.
pub(crate) struct Found {
    pub(crate) row: RunRow,
    pub(crate) seq: i64,
    pub(crate) tasks: i64,
}

/// The columns of [`sql::RUN`] and of the pages.
pub(crate) fn run_row(row: &Row<'_>) -> Result<Found, Failure> {
    let mut from = Columns::of(row);
    let id = RunId(from.uuid()?);
    let (namespace, pipeline) = (from.parse()?, from.parse()?);
    let (number, version) = (from.count()?, from.take()?);
    let origin = Origin {
        trigger: from.take()?,
        scheduled_at: from.take()?,
        params: from.maybe_json()?.unwrap_or_default(),
        mounts: from.maybe_json()?.unwrap_or_default(),
        partial: from.maybe_json()?,
        calls: from.maybe_json()?.unwrap_or_default(),
    };
    let head = head(&mut from)?;
    let owner = from.maybe_uuid()?;
    let epoch = Epoch(from.count()?);
    let claim = owner.map(|owner| Claim {
        run: id,
        owner: InstanceId(owner),
        epoch,
    });
    let row = RunRow {
        id,
        namespace,
        pipeline,
        number,
        version,
        origin,
        head,
        claim,
    };
    Ok(Found {
        row,
        seq: from.take()?,
        tasks: from.take()?,
    })
}

fn head(from: &mut Columns<'_>) -> Result<Head, Failure> {
    let (state, reason, message) = (from.code()?, from.maybe_code()?, from.take()?);
    let stop = from.maybe_code()?;
    let (in_finally, finally_stopped, next_ready) = (from.take()?, from.take()?, from.count()?);
    let created_at = from.time()?;
    let base = Base::of(created_at);
    Ok(Head {
        state,
        reason,
        message,
        created_at,
        started_at: from.maybe_after(base)?,
        ended_at: from.maybe_after(base)?,
        stop,
        in_finally,
        finally_stopped,
        next_ready,
    })
}

/// A unit without its attempts, after its task and item.
pub(crate) fn unit(from: &mut Columns<'_>, base: Base) -> Result<Unit, Failure> {
    Ok(Unit {
        state: from.code()?,
        reason: from.maybe_code()?,
        message: from.take()?,
        value: from.maybe_json()?,
        outputs: from.maybe_json()?.unwrap_or_default(),
        ready: from
            .take::<Option<i64>>()?
            .map(crate::codes::count)
            .transpose()?,
        due: from.maybe_after(base)?,
        ended_at: from.maybe_after(base)?,
        expanded: from.take()?,
        earlier: from.take()?,
        attempts: Vec::new(),
    })
}

/// An attempt, after its task and item.
pub(crate) fn attempt(from: &mut Columns<'_>, base: Base) -> Result<Attempt, Failure> {
    Ok(Attempt {
        number: from.take()?,
        state: from.code()?,
        stage: from.code()?,
        reason: from.maybe_code()?,
        message: from.take()?,
        exit_code: from.take()?,
        created_at: from.after(base)?,
        started_at: from.maybe_after(base)?,
        ended_at: from.maybe_after(base)?,
        image: from.take()?,
        node: from.take()?,
        stop: from.maybe_code()?,
        artifacts: artifacts(from)?,
        service_images: from.maybe_json()?.unwrap_or_default(),
        container: from.take()?,
    })
}

fn artifacts(from: &mut Columns<'_>) -> Result<Option<Artifacts>, Failure> {
    let (files, bytes): (Option<u32>, Option<i64>) = (from.take()?, from.take()?);
    let Some((files, bytes)) = files.zip(bytes) else {
        return Ok(None);
    };
    let bytes = crate::codes::count(bytes)?;
    Ok(Some(Artifacts { files, bytes }))
}

pub(crate) fn object(row: &Row<'_>) -> Result<Object, Failure> {
    let mut from = Columns::of(row);
    Ok(Object {
        key: from.parse()?,
        value: from.take()?,
        at: from.time()?,
    })
}

pub(crate) fn version(row: &Row<'_>) -> Result<Version, Failure> {
    let mut from = Columns::of(row);
    Ok(Version {
        number: from.take()?,
        created_at: from.time()?,
        canonical: from.take()?,
    })
}

/// Every row of a prepared statement.
pub(crate) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The row of a prepared statement, if there is one.
pub(crate) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = db.prepare_cached(sql)?;
    let found = statement
        .query_row(params, |row| Ok(read(row)))
        .optional()?;
    found.transpose()
}

/// The first column of the row, if there is one.
pub(crate) fn first<T: rusqlite::types::FromSql>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, Failure> {
    one(db, sql, params, |row| Ok(row.get(0)?))
}

/// Carries a prepared statement out; how many rows it changed.
pub(crate) fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<usize, Failure> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

/// A run's place in the file, with its tasks.
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) tasks: Arc<Names>,
    pub(crate) accepted: Base,
}

/// Names of a run's tasks, in order.
pub(crate) struct Names {
    pub(crate) list: Vec<TaskName>,
    places: HashMap<TaskName, i64>,
}

impl Names {
    pub(crate) fn place(&self, task: &TaskName) -> Result<i64, Failure> {
        let place = self.places.get(task);
        place
            .copied()
            .ok_or_else(|| gofer_store::refusal::no_task(task).into())
    }
}

/// Lists of tasks that were read lately. A list never changes.
#[derive(Default)]
pub(crate) struct Lists(HashMap<i64, Arc<Names>>);

impl Lists {
    const MOST: usize = 64;

    pub(crate) fn get(&mut self, db: &Connection, seq: i64) -> Result<Arc<Names>, Failure> {
        if let Some(names) = self.0.get(&seq) {
            return Ok(Arc::clone(names));
        }
        let text: Option<String> = first(db, sql::TEXT, [seq])?;
        let text = text.ok_or_else(|| Failure::Damaged("a run without its tasks".to_owned()))?;
        let list: Vec<TaskName> = json(&text)?;
        let places = list.iter().cloned().zip(0..).collect();
        let names = Arc::new(Names { list, places });
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(seq, Arc::clone(&names));
        Ok(names)
    }

    /// What was read may be undone.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}
