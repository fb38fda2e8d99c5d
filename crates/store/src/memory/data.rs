//! What is stored, and the rules of the contract on it.

use super::kept;
use crate::{
    Adoption, Claim, Commit, Error, Filter, KeptRow, NewRun, Page, Request, RequestRow, RunRow,
    StoredRun, Version, refusal,
};
use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, InstanceId, RunId},
    name::{NamespaceName, ObjectKey, PipelineName, SecretName, TaskName},
    planted,
    run::{Attempt, Change, Key, Object, Run, Stage, Task, Unit},
};
use std::collections::{BTreeMap, BTreeSet};

type Of = (NamespaceName, PipelineName);

#[derive(Default)]
pub(super) struct Data {
    pub(super) alive: BTreeSet<InstanceId>,
    versions: BTreeMap<Of, Vec<Version>>,
    numbers: BTreeMap<Of, u64>,
    runs: BTreeMap<RunId, Stored>,
    accepted: BTreeMap<u64, RunId>,
    next_place: u64,
    requests: BTreeMap<u64, RequestRow>,
    next_request: u64,
    objects: BTreeMap<Of, BTreeMap<ObjectKey, Object>>,
}

#[derive(Clone)]
pub(super) struct Stored {
    place: u64,
    pub(super) row: RunRow,
    /// Of the last claim; it outlives the release.
    epoch: Epoch,
    names: Vec<TaskName>,
    tasks: Vec<Task>,
    pub(super) history: Vec<Change>,
    pub(super) sealed: BTreeMap<SecretName, Vec<u8>>,
}

impl Data {
    pub(super) fn put_version(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        canonical: &str,
        now: Timestamp,
    ) -> Version {
        let versions = self
            .versions
            .entry((namespace.clone(), pipeline.clone()))
            .or_default();
        if let Some(newest) = versions
            .last()
            .filter(|newest| newest.canonical == canonical)
        {
            return newest.clone();
        }
        let number = versions.last().map_or(1, |newest| newest.number + 1);
        let mut made = Version {
            number,
            canonical: canonical.to_owned(),
            created_at: now,
        };
        kept::time(&mut made.created_at);
        versions.push(made.clone());
        made
    }

    pub(super) fn version(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u32,
    ) -> Result<Version, Error> {
        let versions = self.versions.get(&(namespace.clone(), pipeline.clone()));
        let found = versions.and_then(|all| all.iter().find(|version| version.number == number));
        found
            .cloned()
            .ok_or_else(|| refusal::no_version(namespace, pipeline, number))
    }

    pub(super) fn create_run(&mut self, by: InstanceId, mut new: NewRun) -> Result<RunRow, Error> {
        refusal::check_new(&new)?;
        self.version(&new.namespace, &new.pipeline, new.version)?;
        if self.runs.contains_key(&new.id) {
            return Err(refusal::exists_already(new.id));
        }
        let of = (new.namespace.clone(), new.pipeline.clone());
        let number = self.numbers.entry(of).or_default();
        *number += 1;
        kept::head(&mut new.run.head);
        for task in &mut new.run.tasks {
            kept::task(task);
        }
        let row = RunRow {
            id: new.id,
            namespace: new.namespace,
            pipeline: new.pipeline,
            number: *number,
            version: new.version,
            origin: new.origin,
            head: new.run.head,
            claim: Some(Claim {
                run: new.id,
                owner: by,
                epoch: Epoch(1),
            }),
        };
        let place = self.next_place;
        self.next_place += 1;
        self.accepted.insert(place, new.id);
        let stored = Stored {
            place,
            row: row.clone(),
            epoch: Epoch(1),
            names: new.tasks,
            tasks: new.run.tasks,
            history: kept::changes(new.changes),
            sealed: new.secrets.into_iter().collect(),
        };
        self.runs.insert(new.id, stored);
        Ok(row)
    }

    pub(super) fn find(&self, run: RunId) -> Result<&Stored, Error> {
        self.runs.get(&run).ok_or_else(|| refusal::no_run(run))
    }

    /// The run, if the claim holds.
    pub(super) fn claimed(&mut self, claim: Claim) -> Result<&mut Stored, Error> {
        let run = self.runs.get_mut(&claim.run);
        run.filter(|run| run.row.claim == Some(claim) || planted::is(7))
            .ok_or(Error::Fenced)
    }

    pub(super) fn commit(&mut self, commit: Commit) -> Result<(), Error> {
        let claim = commit.claim;
        let handled = commit.handled.clone();
        let release = commit.release;
        let run = self.claimed(claim)?;
        let mut changed = run.clone();
        let objects = commit.objects.clone();
        let (namespace, pipeline) = (run.row.namespace.clone(), run.row.pipeline.clone());
        changed.apply(commit)?;
        *run = changed;
        for object in objects {
            self.put_object(&namespace, &pipeline, object);
        }
        self.requests.retain(|number, request| {
            request.run != claim.run || !(release || handled.contains(number))
        });
        Ok(())
    }

    pub(super) fn adopt(&mut self, by: InstanceId, run: RunId) -> Result<Adoption, Error> {
        let Some(claim) = self.find(run)?.row.claim else {
            return Ok(Adoption::Over);
        };
        if claim.owner == by {
            return Ok(Adoption::Ours(claim));
        }
        if self.alive.contains(&claim.owner) {
            return Ok(Adoption::Alive(claim.owner));
        }
        Ok(Adoption::Ours(self.hand_over(by, run)?))
    }

    pub(super) fn reclaim(&mut self, by: InstanceId, run: RunId) -> Result<Claim, Error> {
        let row = &self.find(run)?.row;
        let is_driven = row
            .claim
            .is_some_and(|claim| self.alive.contains(&claim.owner));
        if !row.head.state.is_over() || is_driven {
            return Err(Error::Unfinished);
        }
        self.hand_over(by, run)
    }

    fn hand_over(&mut self, to: InstanceId, run: RunId) -> Result<Claim, Error> {
        let stored = self.runs.get_mut(&run);
        let stored = stored.ok_or_else(|| refusal::no_run(run))?;
        stored.epoch.0 += 1;
        let claim = Claim {
            run,
            owner: to,
            epoch: stored.epoch,
        };
        stored.row.claim = Some(claim);
        Ok(claim)
    }

    pub(super) fn page(&self, filter: &Filter, after: Option<RunId>, most: u32) -> Page {
        let most = most as usize;
        let before = after.map_or(u64::MAX, |after| self.place_of(after));
        let runs = self
            .accepted
            .range(..before)
            .rev()
            .filter_map(|(_, id)| self.runs.get(id));
        let mut rows: Vec<RunRow> = runs
            .filter(|run| matches(filter, &run.row))
            .take(most.saturating_add(1))
            .map(|run| run.row.clone())
            .collect();
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more).map(|row| row.id);
        Page { rows, next }
    }

    /// The place of a run, or the place after that of the last one before it.
    fn place_of(&self, run: RunId) -> u64 {
        match self.runs.get(&run) {
            Some(run) => run.place,
            None => self
                .runs
                .range(..run)
                .next_back()
                .map_or(0, |(_, run)| run.place + 1),
        }
    }

    pub(super) fn run_by_number(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        number: u64,
    ) -> Result<RunRow, Error> {
        let mut rows = self.runs.values().map(|run| &run.row);
        let found = rows.find(|row| {
            row.number == number && row.namespace == *namespace && row.pipeline == *pipeline
        });
        found
            .cloned()
            .ok_or_else(|| refusal::no_number(namespace, pipeline, number))
    }

    pub(super) fn request(&mut self, run: RunId, request: Request) -> Result<u64, Error> {
        if self.find(run)?.row.head.state.is_over() {
            return Err(Error::Over);
        }
        self.next_request += 1;
        let number = self.next_request;
        self.requests.insert(
            number,
            RequestRow {
                number,
                run,
                request,
            },
        );
        Ok(number)
    }

    pub(super) fn requests_for(&self, owner: InstanceId) -> Vec<RequestRow> {
        let is_ours = |request: &&RequestRow| {
            let run = self.runs.get(&request.run);
            run.and_then(|run| run.row.claim)
                .is_some_and(|claim| claim.owner == owner)
        };
        self.requests.values().filter(is_ours).cloned().collect()
    }

    pub(super) fn objects(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Vec<Object> {
        let kept = self.objects.get(&(namespace.clone(), pipeline.clone()));
        kept.into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect()
    }

    pub(super) fn put_object(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        mut object: Object,
    ) {
        kept::time(&mut object.at);
        let of = (namespace.clone(), pipeline.clone());
        let kept = self.objects.entry(of).or_default();
        kept.insert(object.key.clone(), object);
    }

    pub(super) fn delete_object(
        &mut self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
        key: &ObjectKey,
    ) -> Result<(), Error> {
        let kept = self.objects.get_mut(&(namespace.clone(), pipeline.clone()));
        let gone = kept.and_then(|kept| kept.remove(key));
        gone.map(drop)
            .ok_or_else(|| refusal::no_object(namespace, pipeline, key))
    }

    pub(super) fn kept(&self) -> Vec<KeptRow> {
        let mut kept: Vec<KeptRow> = self.runs.values().flat_map(Stored::kept).collect();
        kept.sort_by_key(|kept| std::cmp::Reverse(kept.ended_at));
        kept
    }

    pub(super) fn let_go(&mut self, id: &AttemptId) -> bool {
        let Some(run) = self
            .runs
            .get_mut(&id.run)
            .filter(|run| run.row.claim.is_none())
        else {
            return false;
        };
        let key = Key {
            task: id.task.clone(),
            item: id.item,
        };
        let unit = run.unit(&key).ok().flatten();
        let found = unit.and_then(|unit| {
            let mut attempts = unit.attempts.iter_mut();
            attempts.find(|attempt| attempt.number == id.number && attempt.stage == Stage::Kept)
        });
        let is_kept = found.is_some();
        if let Some(attempt) = found {
            attempt.stage = Stage::Removed;
        }
        is_kept
    }

    pub(super) fn delete_run(&mut self, run: RunId) -> Result<(), Error> {
        let stored = self.find(run)?;
        if !stored.row.head.state.is_over() || stored.row.claim.is_some() {
            return Err(Error::Unfinished);
        }
        let place = stored.place;
        self.accepted.remove(&place);
        self.runs.remove(&run);
        self.requests.retain(|_, request| request.run != run);
        Ok(())
    }
}

fn matches(filter: &Filter, row: &RunRow) -> bool {
    filter
        .namespace
        .as_ref()
        .is_none_or(|namespace| *namespace == row.namespace)
        && filter
            .pipeline
            .as_ref()
            .is_none_or(|pipeline| *pipeline == row.pipeline)
        && (filter.states.is_empty() || filter.states.contains(&row.head.state))
        && (!filter.claimed || row.claim.is_some())
}

impl Stored {
    pub(super) fn whole(&self) -> StoredRun {
        StoredRun {
            row: self.row.clone(),
            run: Run {
                head: self.row.head.clone(),
                tasks: self.tasks.clone(),
            },
            tasks: self.names.clone(),
        }
    }

    fn position(&self, task: &TaskName) -> Result<usize, Error> {
        let found = self.names.iter().position(|name| name == task);
        found.ok_or_else(|| refusal::no_task(task))
    }

    fn kept(&self) -> Vec<KeptRow> {
        let mut kept = Vec::new();
        for (task, name) in self.tasks.iter().zip(&self.names) {
            let items = (0..).map(Some).zip(&task.items);
            for (item, unit) in std::iter::once((None, &task.own)).chain(items) {
                let stays = |attempt: &&Attempt| attempt.stage == Stage::Kept;
                kept.extend(unit.attempts.iter().filter(stays).map(|attempt| KeptRow {
                    attempt: AttemptId {
                        run: self.row.id,
                        task: name.clone(),
                        item,
                        number: attempt.number,
                    },
                    namespace: self.row.namespace.clone(),
                    pipeline: self.row.pipeline.clone(),
                    number: self.row.number,
                    ended_at: attempt.ended_at.unwrap_or(attempt.created_at),
                    claimed: self.row.claim.is_some(),
                }));
            }
        }
        kept
    }

    pub(super) fn attempts(&self, key: &Key) -> Result<Vec<Attempt>, Error> {
        let task = self.tasks.get(self.position(&key.task)?);
        let unit = task.and_then(|task| match key.item {
            None => Some(&task.own),
            Some(item) => task.items.get(item as usize),
        });
        Ok(unit.map(|unit| unit.attempts.clone()).unwrap_or_default())
    }

    fn apply(&mut self, commit: Commit) -> Result<(), Error> {
        if let Some(mut head) = commit.head {
            kept::head(&mut head);
            head.created_at = self.row.head.created_at;
            self.row.head = head;
        }
        for (key, mut unit) in commit.units {
            kept::unit(&mut unit);
            self.put_unit(&key, unit)?;
        }
        for (key, mut attempt) in commit.attempts {
            kept::attempt(&mut attempt);
            self.put_attempt(&key, attempt)?;
        }
        self.history.extend(kept::changes(commit.changes));
        if commit.release {
            if !self.row.head.state.is_over() {
                return Err(Error::Unfinished);
            }
            self.row.claim = None;
            self.sealed.clear();
        }
        Ok(())
    }

    fn unit(&mut self, key: &Key) -> Result<Option<&mut Unit>, Error> {
        let position = self.position(&key.task)?;
        let task = self.tasks.get_mut(position);
        Ok(task.and_then(|task| match key.item {
            None => Some(&mut task.own),
            Some(item) => task.items.get_mut(item as usize),
        }))
    }

    fn put_unit(&mut self, key: &Key, unit: Unit) -> Result<(), Error> {
        if let Some(old) = self.unit(key)? {
            let attempts = std::mem::take(&mut old.attempts);
            *old = Unit { attempts, ..unit };
            return Ok(());
        }
        let position = self.position(&key.task)?;
        match self.tasks.get_mut(position) {
            Some(task) if key.item.map(|item| item as usize) == Some(task.items.len()) => {
                task.items.push(Unit {
                    attempts: Vec::new(),
                    ..unit
                });
                Ok(())
            }
            _ => Err(refusal::out_of_order(key)),
        }
    }

    fn put_attempt(&mut self, key: &Key, attempt: Attempt) -> Result<(), Error> {
        let Some(unit) = self.unit(key)? else {
            return Err(refusal::out_of_order(key));
        };
        let place = (attempt.number as usize).checked_sub(1);
        if place == Some(unit.attempts.len()) {
            unit.attempts.push(attempt);
            return Ok(());
        }
        let old = place.and_then(|place| unit.attempts.get_mut(place));
        *old.ok_or_else(|| refusal::out_of_order(key))? = attempt;
        Ok(())
    }
}
