//! Tasks, items and attempts.

use super::Desk;
use crate::{
    codes::{self, to_json, whole},
    failure::Failure,
    rows::{self, Place},
    statements as sql,
};
use gofer_core::{
    id::AttemptId,
    run::{Attempt, Key, Reason, Unit},
};
use gofer_store::refusal;
use rusqlite::params;

/// How `item` is stored: -1 is the task itself.
pub(crate) fn item(key: &Key) -> i64 {
    key.item.map_or(-1, i64::from)
}

impl Desk {
    pub(super) fn put_unit(&self, place: &Place, key: &Key, unit: &Unit) -> Result<(), Failure> {
        let outputs = Some(&unit.outputs).filter(|outputs| !outputs.is_empty());
        let put = rows::execute(
            &self.db,
            sql::PUT_UNIT,
            params![
                place.seq,
                place.tasks.place(&key.task)?,
                item(key),
                unit.state.code(),
                unit.reason.map(Reason::code),
                unit.message,
                unit.value.as_ref().map(to_json).transpose()?,
                outputs.map(to_json).transpose()?,
                unit.ready.map(whole).transpose()?,
                place.accepted.maybe_after(unit.due),
                place.accepted.maybe_after(unit.ended_at),
                unit.expanded,
                unit.earlier,
            ],
        );
        put.map(drop)
    }

    /// Items come one after the other, the task itself is there from the beginning.
    pub(super) fn check_unit(&self, place: &Place, key: &Key) -> Result<(), Failure> {
        self.has_unit(place, key, item(key).saturating_sub(1).max(-1))
    }

    fn has_unit(&self, place: &Place, key: &Key, item: i64) -> Result<(), Failure> {
        let before = params![place.seq, place.tasks.place(&key.task)?, item];
        let found = rows::first::<i64>(&self.db, sql::HAS_UNIT, before)?;
        found
            .map(drop)
            .ok_or_else(|| refusal::out_of_order(key).into())
    }

    pub(super) fn put_attempt(
        &mut self,
        place: &Place,
        key: &Key,
        attempt: &Attempt,
    ) -> Result<(), Failure> {
        let image = self.maybe_text(attempt.image.as_deref())?;
        let node = self.maybe_text(attempt.node.as_deref())?;
        let of_services = Some(&attempt.service_images).filter(|images| !images.is_empty());
        let put = rows::execute(
            &self.db,
            sql::PUT_ATTEMPT,
            params![
                place.seq,
                place.tasks.place(&key.task)?,
                item(key),
                attempt.number,
                attempt.state.code(),
                codes::stage(attempt.stage),
                attempt.reason.map(Reason::code),
                attempt.message,
                attempt.exit_code,
                place.accepted.after(attempt.created_at),
                place.accepted.maybe_after(attempt.started_at),
                place.accepted.maybe_after(attempt.ended_at),
                image,
                node,
                attempt.stop.map(codes::stop),
                of_services.map(to_json).transpose()?,
                attempt.container,
            ],
        );
        put?;
        self.put_artifacts(place, key, attempt)
    }

    fn put_artifacts(&self, place: &Place, key: &Key, attempt: &Attempt) -> Result<(), Failure> {
        let task = place.tasks.place(&key.task)?;
        let Some(left) = attempt.artifacts else {
            let row = params![place.seq, task, item(key), attempt.number];
            return rows::execute(&self.db, sql::TAKE_ARTIFACTS, row).map(drop);
        };
        let bytes = whole(left.bytes)?;
        let row = params![
            place.seq,
            task,
            item(key),
            attempt.number,
            left.files,
            bytes
        ];
        rows::execute(&self.db, sql::PUT_ARTIFACTS, row).map(drop)
    }

    pub(crate) fn let_go(&mut self, attempt: &AttemptId) -> Result<bool, Failure> {
        let found = rows::one(&self.db, sql::FIND, [attempt.run.0.as_bytes()], |row| {
            let mut from = codes::Columns::of(row);
            Ok((from.take::<i64>()?, from.take::<i64>()?))
        })?;
        let Some((seq, tasks)) = found else {
            return Ok(false);
        };
        let (_, _, owner) = self.state(attempt.run)?;
        if owner.is_some() {
            return Ok(false);
        }
        let task = self.lists.get(&self.db, tasks)?.place(&attempt.task)?;
        let item = attempt.item.map_or(-1, i64::from);
        let which = params![seq, task, item, attempt.number];
        Ok(rows::execute(&self.db, sql::LET_GO, which)? > 0)
    }

    /// Attempts come one after the other, from 1.
    pub(super) fn check_attempt(
        &self,
        place: &Place,
        key: &Key,
        number: u32,
    ) -> Result<(), Failure> {
        if number <= 1 {
            return self.has_unit(place, key, item(key));
        }
        let before = params![
            place.seq,
            place.tasks.place(&key.task)?,
            item(key),
            number - 1
        ];
        let found = rows::first::<i64>(&self.db, sql::HAS_ATTEMPT, before)?;
        found
            .map(drop)
            .ok_or_else(|| refusal::out_of_order(key).into())
    }
}
