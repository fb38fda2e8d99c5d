//! Taking runs over, and what others ask of those who drive them.

use super::Desk;
use crate::{
    codes::{Columns, to_json},
    failure::Failure,
    life, rows, statements as sql,
};
use gofer_core::{
    Timestamp,
    id::{Epoch, InstanceId, RunId},
};
use gofer_store::{Adoption, Claim, Error, Request, refusal};
use rusqlite::params;

impl Desk {
    pub(crate) fn adopt(&mut self, run: RunId) -> Result<Adoption, Failure> {
        let (seq, owner, epoch) = self.owner(run)?;
        let Some(owner) = owner else {
            return Ok(Adoption::Over);
        };
        if owner == self.me {
            return Ok(Adoption::Ours(Claim { run, owner, epoch }));
        }
        let grave = life::grave(&self.dir, owner);
        let grave = grave.map_err(|error| life::unknown(&self.dir, owner, &error))?;
        let Some(_grave) = grave else {
            return Ok(Adoption::Alive(owner));
        };
        self.take(run, seq, epoch).map(Adoption::Ours)
    }

    pub(crate) fn reclaim(&mut self, run: RunId) -> Result<Claim, Failure> {
        let (seq, owner, epoch) = self.owner(run)?;
        if !self.state(run)?.1.is_over() || owner == Some(self.me) {
            return Err(Error::Unfinished.into());
        }
        let grave = owner.map(|owner| {
            life::grave(&self.dir, owner).map_err(|error| life::unknown(&self.dir, owner, &error))
        });
        // Held until the run is ours.
        let grave = grave.transpose()?;
        if matches!(grave, Some(None)) {
            return Err(Error::Unfinished.into());
        }
        self.take(run, seq, epoch)
    }

    fn owner(&self, run: RunId) -> Result<(i64, Option<InstanceId>, Epoch), Failure> {
        let found = rows::one(&self.db, sql::CLAIM, [run.0.as_bytes()], |row| {
            let mut from = Columns::of(row);
            Ok((
                from.take::<i64>()?,
                from.maybe_uuid()?.map(InstanceId),
                Epoch(from.count()?),
            ))
        })?;
        Ok(found.ok_or_else(|| refusal::no_run(run))?)
    }

    fn take(&self, run: RunId, seq: i64, epoch: Epoch) -> Result<Claim, Failure> {
        rows::execute(&self.db, sql::ADOPT, params![seq, self.seq])?;
        Ok(Claim {
            run,
            owner: self.me,
            epoch: Epoch(epoch.0 + 1),
        })
    }

    pub(crate) fn request(
        &mut self,
        run: RunId,
        request: &Request,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let (seq, state, _) = self.state(run)?;
        if state.is_over() {
            return Err(Error::Over.into());
        }
        let request = params![seq, now.as_microsecond(), to_json(request)?];
        rows::execute(&self.db, sql::ADD_REQUEST, request)?;
        crate::codes::count(self.db.last_insert_rowid())
    }
}
