//! Accepting a run, storing what becomes of it, forgetting it.

use super::{Claimed, Desk};
use crate::{
    codes::{self, Base, to_json, whole},
    failure::Failure,
    history,
    rows::{self, Place},
    statements as sql,
};
use gofer_core::{
    id::RunId,
    name::SecretName,
    run::{Change, Head, Key, RunState},
};
use gofer_store::{Claim, Commit, Error, NewRun, RunRow, refusal};
use rusqlite::params;

impl Desk {
    pub(crate) fn create_run(&mut self, new: &NewRun) -> Result<RunRow, Failure> {
        refusal::check_new(new)?;
        let missing = || refusal::no_version(&new.namespace, &new.pipeline, new.version);
        let pipeline = self
            .pipeline(&new.namespace, &new.pipeline)?
            .ok_or_else(missing)?;
        let version = params![pipeline, new.version];
        rows::first::<i64>(&self.db, sql::HAS_VERSION, version)?.ok_or_else(missing)?;
        if rows::first::<i64>(&self.db, sql::STATE, [new.id.0.as_bytes()])?.is_some() {
            return Err(refusal::exists_already(new.id).into());
        }
        let number: Option<i64> = rows::first(&self.db, sql::NEXT_NUMBER, [pipeline])?;
        let number = number.ok_or_else(missing)?;
        let place = self.add_run(pipeline, number, new)?;
        for (name, task) in new.tasks.iter().zip(&new.run.tasks) {
            let units = std::iter::once((None, &task.own)).chain((0..).map(Some).zip(&task.items));
            for (item, unit) in units {
                let key = Key {
                    task: name.clone(),
                    item,
                };
                self.put_unit(&place, &key, unit)?;
                for attempt in &unit.attempts {
                    self.put_attempt(&place, &key, attempt)?;
                }
            }
        }
        self.add_lines(&place, &new.changes)?;
        self.put_sealed(place.seq, &new.secrets)?;
        let found = rows::one(&self.db, sql::RUN, [new.id.0.as_bytes()], rows::run_row)?;
        Ok(found.ok_or_else(|| refusal::no_run(new.id))?.row)
    }

    fn add_run(&mut self, pipeline: i64, number: i64, new: &NewRun) -> Result<Place, Failure> {
        let Head {
            state,
            reason,
            message,
            stop,
            in_finally,
            finally_stopped,
            ..
        } = &new.run.head;
        let head = &new.run.head;
        let accepted = Base::of(head.created_at);
        let list = self.text(&to_json(&new.tasks)?)?;
        let trigger = self.text(&new.origin.trigger)?;
        let given = Some(&new.origin.params).filter(|given| !given.is_empty());
        let mounts = Some(&new.origin.mounts).filter(|mounts| !mounts.is_empty());
        let partial = new.origin.partial.as_ref();
        let calls = Some(&new.origin.calls).filter(|calls| !calls.is_empty());
        rows::execute(
            &self.db,
            sql::ADD_RUN,
            params![
                new.id.0.as_bytes(),
                pipeline,
                number,
                new.version,
                list,
                trigger,
                new.origin.scheduled_at,
                given.map(to_json).transpose()?,
                mounts.map(to_json).transpose()?,
                partial.map(to_json).transpose()?,
                calls.map(to_json).transpose()?,
                state.code(),
                reason.map(gofer_core::run::RunReason::code),
                message,
                stop.map(codes::run_stop),
                in_finally,
                finally_stopped,
                whole(head.next_ready)?,
                accepted.0,
                accepted.maybe_after(head.started_at),
                accepted.maybe_after(head.ended_at),
                self.seq,
            ],
        )?;
        let seq = self.db.last_insert_rowid();
        let tasks = self.lists.get(&self.db, list)?;
        Ok(Place {
            seq,
            tasks,
            accepted,
        })
    }

    pub(crate) fn commit(&mut self, commit: &Commit) -> Result<(), Failure> {
        let Claimed { place, mut is_over } = self.claimed(commit.claim)?;
        if let Some(head) = &commit.head {
            self.set_head(&place, head)?;
            is_over = head.state.is_over();
        }
        for (key, unit) in &commit.units {
            self.check_unit(&place, key)?;
            self.put_unit(&place, key, unit)?;
        }
        for (key, attempt) in &commit.attempts {
            self.check_attempt(&place, key, attempt.number)?;
            self.put_attempt(&place, key, attempt)?;
        }
        self.add_lines(&place, &commit.changes)?;
        self.put_objects(place.seq, &commit.objects)?;
        for number in &commit.handled {
            rows::execute(
                &self.db,
                sql::DROP_REQUEST,
                params![place.seq, whole(*number)?],
            )?;
        }
        if commit.release {
            if !is_over {
                return Err(Error::Unfinished.into());
            }
            for sql in [sql::RELEASE_CLAIM, sql::DROP_SEALED, sql::DROP_REQUESTS] {
                rows::execute(&self.db, sql, [place.seq])?;
            }
        }
        Ok(())
    }

    fn set_head(&self, place: &Place, head: &Head) -> Result<(), Failure> {
        let changed = rows::execute(
            &self.db,
            sql::SET_HEAD,
            params![
                place.seq,
                head.state.code(),
                head.reason.map(gofer_core::run::RunReason::code),
                head.message,
                head.stop.map(codes::run_stop),
                head.in_finally,
                head.finally_stopped,
                whole(head.next_ready)?,
                place.accepted.maybe_after(head.started_at),
                place.accepted.maybe_after(head.ended_at),
            ],
        );
        changed.map(drop)
    }

    fn add_lines(&self, place: &Place, changes: &[Change]) -> Result<(), Failure> {
        if changes.is_empty() {
            return Ok(());
        }
        let lines = history::pack(place.accepted, changes, |task| {
            place.tasks.place(task).and_then(codes::count)
        })?;
        let last: Option<i64> = rows::first(&self.db, sql::LAST_LINE, [place.seq])?;
        let last = last.unwrap_or(0) + whole(changes.len() as u64)?;
        rows::execute(&self.db, sql::ADD_LINES, params![place.seq, last, lines]).map(drop)
    }

    pub(crate) fn seal(
        &mut self,
        claim: Claim,
        secrets: &[(SecretName, Vec<u8>)],
    ) -> Result<(), Failure> {
        let seq = self.claimed(claim)?.place.seq;
        rows::execute(&self.db, sql::DROP_SEALED, [seq])?;
        self.put_sealed(seq, secrets)
    }

    fn put_sealed(&self, seq: i64, secrets: &[(SecretName, Vec<u8>)]) -> Result<(), Failure> {
        for (name, value) in secrets {
            rows::execute(
                &self.db,
                sql::PUT_SEALED,
                params![seq, name.as_str(), value],
            )?;
        }
        Ok(())
    }

    pub(crate) fn delete_run(&mut self, run: RunId) -> Result<(), Failure> {
        let (seq, state, owner) = self.state(run)?;
        if !state.is_over() || owner.is_some() {
            return Err(Error::Unfinished.into());
        }
        for sql in [
            sql::DROP_SEALED,
            sql::DROP_REQUESTS,
            sql::DROP_HISTORY,
            sql::DROP_ARTIFACTS,
            sql::DROP_ATTEMPTS,
            sql::DROP_UNITS,
            sql::DROP_RUN,
        ] {
            rows::execute(&self.db, sql, [seq])?;
        }
        Ok(())
    }

    pub(super) fn state(&self, run: RunId) -> Result<(i64, RunState, Option<i64>), Failure> {
        let found = rows::one(&self.db, sql::STATE, [run.0.as_bytes()], |row| {
            let mut from = codes::Columns::of(row);
            Ok((from.take()?, from.code()?, from.take()?))
        })?;
        Ok(found.ok_or_else(|| refusal::no_run(run))?)
    }
}
