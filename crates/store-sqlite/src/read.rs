//! What is read, each from one consistent view of the file.

use crate::{
    codes::{self, Base, Columns},
    failure::Failure,
    history,
    rows::{self, Found, Lists, Place},
    statements as sql,
    write::item,
};
use gofer_core::{
    id::{AttemptId, InstanceId, RunId},
    name::{NamespaceName, PipelineName, SecretName, TaskName},
    run::{Attempt, Change, Key, Object, Run, Task, Unit},
};
use gofer_store::{KeptRow, RequestRow, RunRow, StoredRun, Version, refusal};
use rusqlite::{Connection, params};

/// What a reader works with.
pub(crate) struct View {
    pub(crate) db: Connection,
    lists: Lists,
}

impl View {
    pub(crate) fn new(db: Connection) -> Self {
        Self {
            db,
            lists: Lists::default(),
        }
    }

    /// Reads within one transaction, which is over before anybody waits for anything.
    pub(crate) fn look<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        rows::execute(&self.db, sql::SNAPSHOT, [])?;
        let found = read(self);
        rows::execute(&self.db, sql::ROLLBACK, [])?;
        found
    }

    pub(crate) fn version(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u32,
    ) -> Result<Version, Failure> {
        let which = params![namespace.as_str(), pipeline.as_str(), number];
        let found = rows::one(&self.db, sql::VERSION, which, rows::version)?;
        Ok(found.ok_or_else(|| refusal::no_version(namespace, pipeline, number))?)
    }

    fn find(&self, run: RunId) -> Result<Found, Failure> {
        let found = rows::one(&self.db, sql::RUN, [run.0.as_bytes()], rows::run_row)?;
        Ok(found.ok_or_else(|| refusal::no_run(run))?)
    }

    pub(crate) fn run(&mut self, run: RunId) -> Result<RunRow, Failure> {
        Ok(self.find(run)?.row)
    }

    pub(crate) fn run_by_number(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u64,
    ) -> Result<RunRow, Failure> {
        let wanted = i64::try_from(number).unwrap_or(i64::MAX);
        let which = params![namespace.as_str(), pipeline.as_str(), wanted];
        let found = rows::one(&self.db, sql::RUN_BY_NUMBER, which, rows::run_row)?;
        Ok(found
            .ok_or_else(|| refusal::no_number(namespace, pipeline, number))?
            .row)
    }

    fn place(&mut self, run: RunId) -> Result<Place, Failure> {
        let found = rows::one(&self.db, sql::FIND, [run.0.as_bytes()], |row| {
            let mut from = Columns::of(row);
            Ok((from.take::<i64>()?, from.take::<i64>()?, Base(from.take()?)))
        })?;
        let (seq, tasks, accepted) = found.ok_or_else(|| refusal::no_run(run))?;
        Ok(Place {
            seq,
            tasks: self.lists.get(&self.db, tasks)?,
            accepted,
        })
    }

    pub(crate) fn load(&mut self, run: RunId) -> Result<StoredRun, Failure> {
        let Found { row, seq, tasks } = self.find(run)?;
        let accepted = Base::of(row.head.created_at);
        let names: Vec<TaskName> = self.lists.get(&self.db, tasks)?.list.clone();
        let units = rows::all(&self.db, sql::UNITS, [seq], |row| {
            let mut from = Columns::of(row);
            Ok((
                from.take::<i64>()?,
                from.take::<i64>()?,
                rows::unit(&mut from, accepted)?,
            ))
        })?;
        let mut tasks: Vec<Task> = Vec::with_capacity(names.len());
        for (task, item, unit) in units {
            put_unit(&mut tasks, task, item, unit)?;
        }
        if tasks.len() != names.len() {
            return Err(Failure::Damaged(format!("run {run} lacks tasks")));
        }
        let attempts = rows::all(&self.db, sql::ALL_ATTEMPTS, [seq], |row| {
            let mut from = Columns::of(row);
            Ok((
                from.take::<i64>()?,
                from.take::<i64>()?,
                rows::attempt(&mut from, accepted)?,
            ))
        })?;
        for (task, item, attempt) in attempts {
            let unit = unit_at(&mut tasks, task, item);
            let lost = || Failure::Damaged(format!("run {run} lacks the task of an attempt"));
            unit.ok_or_else(lost)?.attempts.push(attempt);
        }
        let head = row.head.clone();
        Ok(StoredRun {
            row,
            run: Run { head, tasks },
            tasks: names,
        })
    }

    pub(crate) fn history(
        &mut self,
        run: RunId,
        after: u64,
        most: u32,
    ) -> Result<Vec<(u64, Change)>, Failure> {
        let place = self.place(run)?;
        let most = most as usize;
        let mut found = Vec::new();
        let mut statement = self.db.prepare_cached(sql::LINES)?;
        let from = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![place.seq, from])?;
        while found.len() < most
            && let Some(row) = rows.next()?
        {
            let mut from = Columns::of(row);
            let last = from.count()?;
            let packed: Vec<u8> = from.take()?;
            let lines = history::unpack(place.accepted, &packed, &place.tasks.list)?;
            let before = last.saturating_sub(lines.len() as u64);
            let numbered = (before + 1..).zip(lines);
            found.extend(
                numbered
                    .filter(|(number, _)| *number > after)
                    .take(most - found.len()),
            );
        }
        Ok(found)
    }

    pub(crate) fn attempts(&mut self, run: RunId, key: &Key) -> Result<Vec<Attempt>, Failure> {
        let place = self.place(run)?;
        let which = params![place.seq, place.tasks.place(&key.task)?, item(key)];
        rows::all(&self.db, sql::ATTEMPTS, which, |row| {
            let mut from = Columns::of(row);
            let _: (i64, i64) = (from.take()?, from.take()?);
            rows::attempt(&mut from, place.accepted)
        })
    }

    pub(crate) fn kept(&mut self) -> Result<Vec<KeptRow>, Failure> {
        let Self { db, lists } = self;
        let mut kept = rows::all(db, sql::KEPT, [], |row| {
            let mut from = Columns::of(row);
            let run = RunId(from.uuid()?);
            let (namespace, pipeline, number) = (from.parse()?, from.parse()?, from.count()?);
            let names = lists.get(db, from.take()?)?;
            let (task, item) = (from.take::<u32>()?, from.take::<i64>()?);
            let task = names.list.get(task as usize).cloned();
            let attempt = AttemptId {
                run,
                task: task.ok_or_else(|| Failure::Damaged(format!("run {run} lacks a task")))?,
                item: u32::try_from(item).ok(),
                number: from.take()?,
            };
            let base = Base(from.take()?);
            Ok(KeptRow {
                attempt,
                namespace,
                pipeline,
                number,
                ended_at: from.after(base)?,
                claimed: from.take()?,
            })
        })?;
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.ended_at));
        Ok(kept)
    }

    pub(crate) fn requests(&mut self, owner: InstanceId) -> Result<Vec<RequestRow>, Failure> {
        rows::all(&self.db, sql::REQUESTS, [owner.0.as_bytes()], |row| {
            let mut from = Columns::of(row);
            let (number, run) = (from.count()?, RunId(from.uuid()?));
            let request = codes::json(&from.take::<String>()?)?;
            Ok(RequestRow {
                number,
                run,
                request,
            })
        })
    }

    pub(crate) fn objects(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<Vec<Object>, Failure> {
        let of = params![namespace.as_str(), pipeline.as_str()];
        rows::all(&self.db, sql::OBJECTS, of, rows::object)
    }

    pub(crate) fn sealed(&mut self, run: RunId) -> Result<Vec<(SecretName, Vec<u8>)>, Failure> {
        let place = self.place(run)?;
        rows::all(&self.db, sql::SEALED, [place.seq], |row| {
            let mut from = Columns::of(row);
            Ok((from.parse()?, from.take()?))
        })
    }
}

/// Units come sorted, so that each is the next.
fn put_unit(tasks: &mut Vec<Task>, task: i64, item: i64, unit: Unit) -> Result<(), Failure> {
    let at = |len: usize, place: i64| usize::try_from(place).is_ok_and(|place| place == len);
    if item < 0 && at(tasks.len(), task) {
        tasks.push(Task {
            own: unit,
            items: Vec::new(),
        });
        return Ok(());
    }
    let is_last = at(tasks.len(), task + 1);
    match tasks.last_mut() {
        Some(last) if is_last && at(last.items.len(), item) => last.items.push(unit),
        _ => return Err(Failure::Damaged("a run lacks a task or an item".to_owned())),
    }
    Ok(())
}

fn unit_at(tasks: &mut [Task], task: i64, item: i64) -> Option<&mut Unit> {
    let task = tasks.get_mut(usize::try_from(task).ok()?)?;
    match usize::try_from(item) {
        Ok(item) => task.items.get_mut(item),
        Err(_) => Some(&mut task.own),
    }
}
