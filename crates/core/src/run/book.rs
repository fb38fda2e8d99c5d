//! One run in memory: what is stored, and the counters that make readiness cheap.

use super::{
    Change, Event, Head, Illegal, Keep, Key, Origin, Reason, Run, RunState, RunStop, Stage, Step,
    Subject, Task, TaskState, Unit, attempts::Known,
};
use crate::{
    id::RunId,
    name::{NamespaceName, ObjectKey, PoolName},
    plan::Plan,
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// Which run it is; what its tasks are told about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The run.
    pub run: RunId,
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Its version.
    pub version: u32,
    /// Its number within its pipeline.
    pub number: u64,
}

/// Where a unit stands: its task's position, and its item.
pub(super) type Place = (usize, Option<u32>);

/// One run, and the only way to change it: [`Book::apply`].
#[derive(Clone, Debug)]
pub struct Book {
    pub(super) plan: Arc<Plan>,
    pub(super) identity: Identity,
    pub(super) origin: Origin,
    pub(super) run: Run,
    /// Parents that are not over, per task.
    pub(super) pending: Vec<u32>,
    /// Items that are not over, per fan-out.
    pub(super) open_items: Vec<u32>,
    /// Units that may start, in the order in which they became ready, then by name.
    pub(super) queue: BTreeSet<(u64, Place)>,
    /// Everything the clock has to bring about.
    pub(super) timers: BTreeSet<(Timestamp, Place)>,
    /// Containers that may exist, in all and per task.
    pub(super) live: u32,
    pub(super) live_in: Vec<u32>,
    pub(super) held: BTreeMap<PoolName, u32>,
    /// Some task calls a pipeline.
    pub(super) has_calls: bool,
    /// Ordinary and finally tasks that are not over.
    pub(super) open: u32,
    pub(super) open_finally: u32,
    /// Tasks whose parents are all over.
    pub(super) undecided: VecDeque<usize>,
    /// Objects of the pipeline, as they were when this process took the run on.
    pub(super) objects: BTreeMap<ObjectKey, String>,
    /// Attempts whose containers are kept, those that ended first before the others.
    pub(super) kept: BTreeSet<(Timestamp, Place, u32)>,
    pub(super) keep: Keep,
    pub(super) step: Step,
}

impl Run {
    /// A run that was just accepted, and the first line of its history.
    pub fn new(plan: &Plan, now: Timestamp) -> (Self, Vec<Change>) {
        let head = Head {
            state: RunState::Queued,
            reason: None,
            message: None,
            created_at: now,
            started_at: None,
            ended_at: None,
            stop: None,
            in_finally: false,
            finally_stopped: false,
            next_ready: 0,
        };
        let tasks = plan
            .tasks
            .iter()
            .map(|_| Task {
                own: Unit::new(None),
                items: Vec::new(),
            })
            .collect();
        let first = Change {
            at: now,
            of: Subject::Run(RunState::Queued),
            reason: None,
        };
        (Self { head, tasks }, vec![first])
    }
}

impl Unit {
    pub(super) fn new(value: Option<crate::definition::Json>) -> Self {
        Self {
            state: TaskState::Waiting,
            reason: None,
            message: None,
            value,
            outputs: BTreeMap::new(),
            ready: None,
            due: None,
            ended_at: None,
            expanded: false,
            earlier: 0,
            attempts: Vec::new(),
        }
    }
}

impl Book {
    /// A new run or a stored one: both begin here.
    pub fn restore(plan: Arc<Plan>, identity: Identity, origin: Origin, run: Run) -> Self {
        let is_call = |task: &crate::plan::Task| matches!(task.kind, crate::plan::Kind::Call(_));
        let mut book = Self {
            has_calls: plan.tasks.iter().any(is_call),
            pending: Vec::new(),
            open_items: Vec::new(),
            queue: BTreeSet::new(),
            timers: BTreeSet::new(),
            live: 0,
            live_in: Vec::new(),
            held: BTreeMap::new(),
            open: 0,
            open_finally: 0,
            undecided: VecDeque::new(),
            objects: BTreeMap::new(),
            kept: BTreeSet::new(),
            keep: Keep::default(),
            step: Step::default(),
            plan,
            identity,
            origin,
            run,
        };
        book.count();
        book
    }

    /// The same run with the number that it was given when it was stored.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Self {
        self.identity.number = number;
        self
    }

    /// Takes in the pipeline's objects. What a task of this run keeps wins over them.
    pub fn know_objects(&mut self, objects: BTreeMap<ObjectKey, String>) {
        self.objects = objects;
    }

    /// Derives every counter from the run.
    pub(super) fn count(&mut self) {
        self.count_kept();
        let tasks = &self.run.tasks;
        let over = |at: usize| tasks.get(at).is_some_and(|task| task.own.state.is_over());
        let unfinished = |task: &crate::plan::Task| {
            u32::try_from(
                task.parents
                    .iter()
                    .filter(|(parent, _)| !over(*parent))
                    .count(),
            )
            .unwrap_or(u32::MAX)
        };
        self.pending = self.plan.tasks.iter().map(unfinished).collect();
        self.open_items = tasks.iter().map(open_items).collect();
        self.live_in = vec![0; tasks.len()];
        (self.live, self.open, self.open_finally) = (0, 0, 0);
        (self.queue, self.timers, self.held) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let plan = Arc::clone(&self.plan);
        for (at, task) in plan.tasks.iter().enumerate() {
            if !over(at) {
                *(if task.finally {
                    &mut self.open_finally
                } else {
                    &mut self.open
                }) += 1;
            }
        }
        let places: Vec<Place> = self.places().collect();
        for place in places {
            let Some(unit) = self.at(place) else { continue };
            let ready = unit.ready;
            let live = unit
                .attempts
                .last()
                .is_some_and(|attempt| attempt.state.is_live());
            if let Some(ready) = ready {
                self.queue.insert((ready, place));
            }
            if live {
                self.occupy(place);
            }
            self.arm(place);
        }
    }

    pub(super) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.run.tasks.iter().enumerate().flat_map(|(at, task)| {
            let items = (0_u32..)
                .zip(&task.items)
                .map(move |(item, _)| (at, Some(item)));
            std::iter::once((at, None)).chain(items)
        })
    }

    /// What `event` makes of the run at `now`. An illegal pair changes nothing.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> Result<Step, Illegal> {
        self.step = Step::default();
        let taken = match event {
            Event::Admitted => self.admit(now),
            Event::Tick => self.tick(now),
            Event::Cancel(stop) => self.cancel(*stop, now),
            Event::Created {
                key,
                attempt,
                container,
            } => self.created(key, *attempt, container),
            Event::Started {
                key,
                attempt,
                at,
                image,
                service_images,
                node,
            } => {
                let known = Known {
                    image,
                    service_images,
                    node,
                };
                self.started(key, *attempt, *at, &known, now)
            }
            Event::Noted {
                key,
                attempt,
                message,
            } => self.noted(key, *attempt, message.as_ref()),
            Event::Ended {
                key,
                attempt,
                ending,
                outputs,
                artifacts,
            } => self.ended(key, *attempt, ending, (outputs, artifacts), now),
            Event::Removed { key, attempt } => self.removed(key, *attempt),
            Event::Answered {
                key,
                approved,
                by,
                comment,
            } => self.answered(key, *approved, (by, comment), now),
            Event::ChildEnded { .. } => self.child_ended(event, now),
            Event::Rerun { keys } => self.rerun(keys, now),
        };
        if !taken {
            return Err(Illegal {
                state: self.run.head.state.to_string(),
                event: format!("{event:?}"),
            });
        }
        self.settle(now);
        Ok(std::mem::take(&mut self.step))
    }

    /// When [`Event::Tick`] is due at the latest.
    pub fn due(&self) -> Option<Timestamp> {
        let first = self.timers.first().map(|(at, _)| *at);
        [first, self.run_deadline()].into_iter().flatten().min()
    }

    /// When the run's own `timeout` is reached, while it counts.
    pub(super) fn run_deadline(&self) -> Option<Timestamp> {
        let head = &self.run.head;
        let counts = head.state == RunState::Running && !head.in_finally && head.stop.is_none();
        let timeout = self.plan.pipeline.timeout.filter(|_| counts)?;
        head.started_at?.checked_add(timeout.as_duration()).ok()
    }

    /// The run as it is.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// What it was made from.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Which run it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What started it.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A task or an item.
    pub fn unit(&self, key: &Key) -> Option<&Unit> {
        self.place(key).and_then(|place| self.at(place))
    }

    pub(super) fn place(&self, key: &Key) -> Option<Place> {
        Some((self.plan.position(key.task.as_str())?, key.item))
    }

    pub(super) fn key(&self, (task, item): Place) -> Option<Key> {
        Some(Key {
            task: self.plan.tasks.get(task)?.name.clone(),
            item,
        })
    }

    pub(super) fn at(&self, (task, item): Place) -> Option<&Unit> {
        let task = self.run.tasks.get(task)?;
        match item {
            None => Some(&task.own),
            Some(item) => task.items.get(item as usize),
        }
    }

    pub(super) fn at_mut(&mut self, (task, item): Place) -> Option<&mut Unit> {
        let task = self.run.tasks.get_mut(task)?;
        match item {
            None => Some(&mut task.own),
            Some(item) => task.items.get_mut(item as usize),
        }
    }

    /// Marks a unit as changed.
    pub(super) fn touch(&mut self, place: Place) {
        if let Some(key) = self.key(place)
            && !self.step.units.contains(&key)
        {
            self.step.units.push(key);
        }
    }

    /// Marks an attempt as changed.
    pub(super) fn touch_attempt(&mut self, place: Place, number: u32) {
        if let Some(key) = self.key(place) {
            let entry = (key, number);
            if !self.step.attempts.contains(&entry) {
                self.step.attempts.push(entry);
            }
        }
    }

    /// Writes a line of history about a unit.
    pub(super) fn record(
        &mut self,
        place: Place,
        state: TaskState,
        reason: Option<Reason>,
        at: Timestamp,
    ) {
        if let Some(key) = self.key(place) {
            let reason = reason.map(Reason::code);
            self.step.changes.push(Change {
                at,
                of: Subject::Unit(key, state),
                reason,
            });
        }
    }

    /// Brings the run to a new state, with a line of history.
    pub(super) fn set_run(&mut self, state: RunState, now: Timestamp) {
        self.run.head.state = state;
        self.step.head = true;
        let reason = self.run.head.reason.map(super::RunReason::code);
        self.step.changes.push(Change {
            at: now,
            of: Subject::Run(state),
            reason,
        });
    }

    fn admit(&mut self, now: Timestamp) -> bool {
        if self.run.head.state != RunState::Queued {
            return false;
        }
        self.run.head.started_at = Some(now);
        self.run.head.message = None;
        self.set_run(RunState::Running, now);
        self.leave_out(now);
        self.undecided.clear();
        self.begin(false);
        true
    }

    /// Lets the tasks without unfinished parents be decided: the ordinary or the finally ones.
    pub(super) fn begin(&mut self, finally: bool) {
        let plan = Arc::clone(&self.plan);
        for (at, task) in plan.tasks.iter().enumerate() {
            let is_open = self
                .at((at, None))
                .is_some_and(|unit| unit.state == TaskState::Waiting);
            if task.finally == finally && is_open && self.pending.get(at) == Some(&0) {
                self.undecided.push_back(at);
            }
        }
    }

    /// Why tasks are cancelled now, in a word and in a sentence.
    pub(super) fn stop_reason(&self) -> (Reason, &'static str) {
        match self.run.head.stop {
            Some(RunStop::Replaced) => (Reason::RunReplaced, "a newer run replaced its run"),
            Some(RunStop::Timeout) => (
                Reason::RunTimedOut,
                "its run took longer than the run's `timeout`",
            ),
            Some(RunStop::Person) | None => (Reason::RunCancelled, "its run was cancelled"),
        }
    }

    fn removed(&mut self, key: &Key, number: u32) -> bool {
        let Some(place) = self.place(key) else {
            return false;
        };
        let attempt = self
            .at_mut(place)
            .and_then(|unit| attempt_mut(unit, number));
        match attempt {
            Some(attempt) if matches!(attempt.stage, Stage::Ended | Stage::Kept) => {
                attempt.stage = Stage::Removed;
            }
            _ => return false,
        }
        self.kept
            .retain(|(_, of, kept)| (*of, *kept) != (place, number));
        self.touch_attempt(place, number);
        true
    }

    fn noted(&mut self, key: &Key, number: u32, message: Option<&String>) -> bool {
        let Some(place) = self.place(key) else {
            return false;
        };
        let Some(unit) = self.at_mut(place) else {
            return false;
        };
        let is_current = unit.state.is_live()
            && unit
                .attempts
                .last()
                .is_some_and(|attempt| attempt.number == number);
        if !is_current || unit.message.as_ref() == message {
            return false;
        }
        unit.message = message.cloned();
        self.touch(place);
        true
    }
}

pub(super) fn attempt_mut(unit: &mut Unit, number: u32) -> Option<&mut super::Attempt> {
    unit.attempts
        .iter_mut()
        .rev()
        .find(|attempt| attempt.number == number)
}

fn open_items(task: &Task) -> u32 {
    let open = task
        .items
        .iter()
        .filter(|item| !item.state.is_over())
        .count();
    u32::try_from(open).unwrap_or(u32::MAX)
}
