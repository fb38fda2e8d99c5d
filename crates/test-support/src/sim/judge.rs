//! Compares what is stored with what the machine really did: the invariants I1 to I9.

use super::coverage::Coverage;
use gofer_core::{
    definition::{Condition, Pipeline},
    id::{AttemptId, InstanceId, RunId},
    plan::Plan,
    run::{Attempt, Change, Key, Reason, Run, RunState, Subject, TaskState, Unit},
};
use gofer_logs::{Body, More, Reader};
use gofer_scheduler::fake::{Machine, Seen};
use gofer_store::{Store, StoredRun, memory};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

struct Case<'a> {
    plan: &'a Plan,
    stored: &'a StoredRun,
    history: &'a [Change],
    seen: &'a BTreeMap<AttemptId, Seen>,
    disk: &'a gofer_logs::MemoryDisk,
    violations: Vec<String>,
    coverage: Coverage,
}

/// What is wrong, and what was reached.
pub(crate) fn judge(
    world: &memory::World,
    machine: &Machine,
    disk: &gofer_logs::MemoryDisk,
    run: RunId,
) -> (Vec<String>, Coverage) {
    let store = world.instance(InstanceId(Uuid::from_u128(u128::MAX)));
    let Some(loaded) = now(load(&store, run)) else {
        return (vec!["the store does not answer".to_owned()], Coverage::default());
    };
    let (stored, history, plan) = match loaded {
        Ok(loaded) => loaded,
        Err(why) => return (vec![format!("the run cannot be loaded: {why}")], Coverage::default()),
    };
    let seen = machine.seen().into_iter().map(|seen| (seen.attempt.clone(), seen)).collect();
    let mut case = Case {
        plan: &plan,
        stored: &stored,
        history: &history,
        seen: &seen,
        disk,
        violations: Vec::new(),
        coverage: Coverage::default(),
    };
    case.ended();
    case.history();
    case.containers();
    case.dependencies();
    case.limits(machine.most_running(run));
    case.attempts();
    (case.violations, case.coverage)
}

type Loaded = (StoredRun, Vec<Change>, Plan);

async fn load(store: &dyn Store, run: RunId) -> Result<Loaded, String> {
    let text = |error: gofer_store::Error| error.to_string();
    let stored = store.load(run).await.map_err(text)?;
    let row = &stored.row;
    let version =
        store.version(&row.namespace, &row.pipeline, row.version).await.map_err(text)?;
    let pipeline: Pipeline =
        serde_json::from_str(&version.canonical).map_err(|error| error.to_string())?;
    let plan = Plan::new(pipeline).map_err(|problems| format!("{problems:?}"))?;
    let mut history = Vec::new();
    loop {
        let after = history.last().map_or(0, |(number, _): &(u64, Change)| *number);
        let page = store.history(run, after, 100).await.map_err(text)?;
        if page.is_empty() {
            break;
        }
        history.extend(page);
    }
    Ok((stored, history.into_iter().map(|(_, change)| change).collect(), plan))
}

/// The answer of a calm world, which has it at once.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

impl Case<'_> {
    fn wrong(&mut self, invariant: &str, what: impl std::fmt::Display) {
        self.violations.push(format!("{invariant}: {what}"));
    }

    fn run(&self) -> &Run {
        &self.stored.run
    }

    fn units(&self) -> Vec<(Key, Unit)> {
        let mut units = Vec::new();
        for (task, name) in self.run().tasks.iter().zip(&self.stored.tasks) {
            units.push((Key { task: name.clone(), item: None }, task.own.clone()));
            for (index, item) in (0_u32..).zip(&task.items) {
                units.push((Key { task: name.clone(), item: Some(index) }, item.clone()));
            }
        }
        units
    }

    fn all_attempts(&self) -> Vec<(AttemptId, Attempt)> {
        let run = self.stored.row.id;
        let of = |(key, unit): (Key, Unit)| {
            unit.attempts.into_iter().map(move |attempt| {
                let (task, item, number) = (key.task.clone(), key.item, attempt.number);
                (AttemptId { run, task, item, number }, attempt)
            })
        };
        self.units().into_iter().flat_map(of).collect()
    }

    /// I1: the run is over and let go, and so is everything in it.
    fn ended(&mut self) {
        let state = self.run().head.state;
        if !state.is_over() {
            self.wrong("I1", format!("the run is {state}"));
        }
        if self.stored.row.claim.is_some() {
            self.wrong("I1", "the run is over, but not let go");
        }
        for (key, unit) in self.units() {
            if !unit.state.is_over() {
                self.wrong("I1", format!("{key:?} is {}", unit.state));
            }
            let reason = unit.reason.map_or("", Reason::as_str);
            self.coverage.endings.insert(format!("{} {reason}", unit.state));
        }
    }

    /// I3 and I8: terminal states are final, and the history leads to what is stored.
    fn history(&mut self) {
        let mut run = RunState::Queued;
        let mut units: BTreeMap<Key, TaskState> = BTreeMap::new();
        let mut attempts: BTreeMap<(Key, u32), TaskState> = BTreeMap::new();
        let mut wrong = Vec::new();
        let mut steps = Vec::new();
        for change in self.history {
            let (name, before, after, over) = match &change.of {
                Subject::Run(state) => {
                    let before = std::mem::replace(&mut run, *state);
                    ("run", before.to_string(), state.to_string(), before.is_over())
                }
                Subject::Unit(key, state) => {
                    let before = units.insert(key.clone(), *state);
                    let before = before.unwrap_or(TaskState::Waiting);
                    ("unit", before.to_string(), state.to_string(), before.is_over())
                }
                Subject::Attempt(key, number, state) => {
                    let before = attempts.insert((key.clone(), *number), *state);
                    let over = before.is_some_and(TaskState::is_over);
                    let before = before.map_or("none".to_owned(), |state| state.to_string());
                    ("attempt", before, state.to_string(), over)
                }
            };
            if over {
                wrong.push(format!("{:?} after it was {before}", change.of));
            }
            steps.push(format!("{name} {before} → {after}"));
        }
        for step in steps {
            *self.coverage.steps.entry(step).or_default() += 1;
        }
        for what in wrong {
            self.wrong("I3", what);
        }
        if run != self.run().head.state {
            self.wrong("I8", format!("history says {run}, the run {}", self.run().head.state));
        }
        for (key, unit) in self.units() {
            let said = units.get(&key).copied().unwrap_or(TaskState::Waiting);
            if said != unit.state {
                self.wrong("I8", format!("{key:?}: history says {said}, the row {}", unit.state));
            }
            for attempt in &unit.attempts {
                let said = attempts.get(&(key.clone(), attempt.number)).copied();
                if said != Some(attempt.state) {
                    self.wrong("I8", format!("{key:?}: history says {said:?}, the row {}", attempt.state));
                }
            }
        }
    }

    /// I2 and I6: one start per attempt at most, each with a row, and nothing left behind.
    fn containers(&mut self) {
        let known: BTreeMap<AttemptId, Attempt> = self.all_attempts().into_iter().collect();
        for (id, seen) in self.seen {
            if seen.starts > 1 {
                self.wrong("I2", format!("{id} was started {} times", seen.starts));
            }
            if !known.contains_key(id) {
                self.wrong("I2", format!("{id} has a container, but no row"));
            }
            if !seen.removed {
                self.wrong("I6", format!("the container of {id} was left behind"));
            }
        }
    }

    /// I4: nothing starts before its conditions hold.
    fn dependencies(&mut self) {
        for (id, seen) in self.seen {
            let Some(started) = seen.started else { continue };
            let Some(task) = self.plan.position(id.task.as_str()).and_then(|at| self.plan.tasks.get(at)) else {
                continue;
            };
            let mut parents = task.parents.clone();
            if task.finally {
                let ordinary = self.plan.tasks.iter().enumerate().filter(|(_, task)| !task.finally);
                parents.extend(ordinary.map(|(at, _)| (at, Condition::Any)));
            }
            for (at, condition) in parents {
                let Some(parent) = self.run().tasks.get(at).map(|task| task.own.clone()) else { continue };
                let allowed = self.plan.tasks.get(at).is_some_and(|task| task.allow_failure);
                let in_time = parent.ended_at.is_some_and(|ended| ended <= started);
                if !in_time {
                    self.wrong("I4", format!("{id} started before its parent {at} was over"));
                }
                let cancelled_before = task.finally && parent.state == TaskState::Cancelled;
                if !cancelled_before && !holds(&parent, allowed, condition) {
                    self.wrong("I4", format!("{id} started although parent {at} is {}", parent.state));
                }
            }
        }
    }

    /// I7: limits hold at every instant.
    fn limits(&mut self, most: usize) {
        if let Some(limit) = self.plan.pipeline.max_parallel
            && most > limit as usize
        {
            self.wrong("I7", format!("{most} containers ran at once; at most {limit}"));
        }
    }

    /// I5 and I9: the exit shown is the machine's, unknown is `lost`, and logs are whole.
    fn attempts(&mut self) {
        for (id, attempt) in self.all_attempts() {
            let seen = self.seen.get(&id);
            let end = seen.and_then(|seen| seen.end);
            let guessed = attempt.exit_code.filter(|code| end.is_none_or(|end| end.code != *code));
            if let Some(code) = guessed {
                self.wrong("I9", format!("{id} shows exit code {code}, the machine says {end:?}"));
            }
            let is_good = end.is_some_and(|end| end.code == 0 && !end.by_engine && !end.by_others);
            if attempt.state == TaskState::Succeeded && !is_good {
                self.wrong("I9", format!("{id} succeeded, the machine says {end:?}"));
            }
            let was_lost = end.is_none_or(|end| end.by_engine)
                || seen.is_none_or(|seen| seen.removed_by_others)
                || attempt.reason == Some(Reason::NoExitCode);
            if attempt.state == TaskState::Lost && !was_lost {
                self.wrong("I9", format!("{id} is lost, but it ended as {end:?}"));
            }
            self.log(&id, seen);
        }
    }

    fn log(&mut self, id: &AttemptId, seen: Option<&Seen>) {
        let mut written: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (stream, bytes) in seen.map(|seen| seen.written.as_slice()).unwrap_or_default() {
            written.entry(format!("{stream:?}")).or_default().extend(bytes);
        }
        let (mut kept, mut has_hole) = (BTreeMap::<String, Vec<u8>>::new(), false);
        let mut reader = Reader::open(Arc::new(self.disk.clone()), id);
        let mut is_finished = false;
        loop {
            match reader.read_more() {
                Ok(More::Frames(frames)) => {
                    for frame in frames {
                        match frame.body {
                            Body::Output { stream, bytes } => {
                                kept.entry(format!("{stream:?}")).or_default().extend(bytes);
                            }
                            Body::Hole(_) | Body::Dropped { .. } => has_hole = true,
                        }
                    }
                }
                Ok(More::Waiting) => break,
                Ok(More::Ended(_)) => {
                    is_finished = true;
                    break;
                }
                Err(error) => {
                    self.wrong("I5", format!("the log of {id} cannot be read: {error}"));
                    return;
                }
            }
        }
        if seen.is_some_and(|seen| seen.started.is_some()) && !is_finished {
            self.wrong("I5", format!("the log of {id} was never closed"));
        }
        if kept != written && !has_hole {
            self.wrong("I5", format!("the log of {id} has {kept:?}, the container wrote {written:?}"));
        }
    }
}

/// The table of language.md §2.4, once more and by other means.
fn holds(parent: &Unit, allowed: bool, condition: Condition) -> bool {
    let failed = parent.state.is_failure();
    let behind = parent.state == TaskState::Skipped && parent.reason == Some(Reason::UpstreamFailed);
    let succeeded = parent.state == TaskState::Succeeded || (failed && allowed);
    let skipped = parent.state == TaskState::Skipped && !behind;
    match condition {
        Condition::Success => succeeded,
        Condition::Failure => failed || behind,
        Condition::NotFailed => succeeded || skipped,
        Condition::Any => parent.state != TaskState::Cancelled,
    }
}
