//! Compares what is stored with what the machine really did, when all is over.

use super::{
    cast::Cast,
    coverage::Coverage,
    files::{self, Given},
    look::{Case, Look},
    steps,
};
use gofer_core::{
    id::{AttemptId, RunId},
    name::TaskName,
    plan::Kind,
    run::{
        Attempt, Change, Key, MOST_KEPT, Reason, RunReason, RunState, RunStop, Stage, Subject,
        TaskState,
    },
};
use gofer_logs::{Body, Disk, More, Reader};
use gofer_objects::Objects;
use gofer_scheduler::fake::{Machine, Seen};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What the judge goes by.
pub(crate) struct Judge<'a> {
    pub(crate) look: &'a Look,
    pub(crate) machine: &'a Machine,
    pub(crate) disk: &'a Arc<dyn Disk>,
    pub(crate) objects: Objects,
    pub(crate) cast: &'a Cast,
    pub(crate) given: &'a Given,
    /// Two processes wrote the same logs: nothing protects a log from a process that is taken for
    /// dead and lives.
    pub(crate) logs_are_shared: bool,
}

struct Trial<'a> {
    judge: &'a Judge<'a>,
    case: Case,
    history: Vec<Change>,
    seen: BTreeMap<AttemptId, Seen>,
    violations: Vec<String>,
    coverage: Coverage,
}

impl Judge<'_> {
    /// What is wrong with a run, and what it reached.
    pub(crate) fn judge(&self, run: RunId) -> (Vec<String>, Coverage) {
        let Some(case) = self.look.run(run) else {
            return (vec![format!("I1: run {run} is lost")], Coverage::default());
        };
        let of_run = self
            .machine
            .seen()
            .into_iter()
            .filter(|seen| seen.attempt.run == run);
        let mut trial = Trial {
            judge: self,
            case,
            history: self.look.history(run),
            seen: of_run.map(|seen| (seen.attempt.clone(), seen)).collect(),
            violations: Vec::new(),
            coverage: Coverage::default(),
        };
        trial.ended();
        trial.verdict();
        trial.history();
        trial.containers();
        trial.kept();
        trial.attempts();
        (trial.violations, trial.coverage)
    }
}

impl Trial<'_> {
    fn wrong(&mut self, invariant: &str, what: impl std::fmt::Display) {
        self.violations.push(format!("{invariant}: {what}"));
    }

    /// I1: the run is over and let go, and so is everything in it.
    fn ended(&mut self) {
        let head = self.case.stored.run.head.clone();
        if !head.state.is_over() {
            self.wrong("I1", format!("the run is {}", head.state));
        }
        if self.case.stored.row.claim.is_some() {
            self.wrong("I1", "the run is over, but not let go");
        }
        self.coverage
            .reasons
            .extend(head.reason.map(|reason| format!("run {reason}")));
        for (key, unit) in self.case.units() {
            if !unit.state.is_over() {
                self.wrong("I1", format!("{key:?} is {}", unit.state));
            }
            self.coverage
                .reasons
                .extend(unit.reason.map(|reason| reason.to_string()));
        }
    }

    /// The run's end follows from its tasks', and its finally tasks were let run.
    fn verdict(&mut self) {
        let (run, plan) = (&self.case.stored.run, &self.case.plan);
        let tasks = || run.tasks.iter().zip(&plan.tasks);
        let is_failed =
            tasks().any(|(task, said)| task.own.state.is_failure() && !said.allow_failure);
        let is_idle =
            tasks().all(|(task, said)| said.finally || task.own.state == TaskState::Skipped);
        let expected = match run.head.stop {
            Some(RunStop::Person | RunStop::Replaced) => {
                (RunState::Cancelled, Some(RunReason::ByPerson))
            }
            Some(RunStop::Timeout) => (RunState::Failed, Some(RunReason::TimedOut)),
            None if is_failed => (RunState::Failed, Some(RunReason::TaskFailed)),
            None if is_idle => (RunState::Skipped, Some(RunReason::NothingToDo)),
            None => (RunState::Succeeded, None),
        };
        let found = (run.head.state, run.head.reason);
        let is_kept_from = |(task, said): (&gofer_core::run::Task, &gofer_core::plan::Task)| {
            said.finally && task.own.state == TaskState::Cancelled
        };
        let kept_from = tasks().any(is_kept_from) && !run.head.finally_stopped;
        if found != expected {
            self.wrong(
                "verdict",
                format!("the run ended as {found:?}, and not {expected:?}"),
            );
        }
        if kept_from {
            self.wrong(
                "verdict",
                "a finally task was cancelled though nobody asked twice",
            );
        }
    }

    /// I3 and I8: each step is legal, terminal states are final, and the history leads to what is
    /// stored.
    fn history(&mut self) {
        let mut run = None;
        let mut units: BTreeMap<Key, TaskState> = BTreeMap::new();
        let mut attempts: BTreeMap<(Key, u32), TaskState> = BTreeMap::new();
        let mut wrong = Vec::new();
        let legal: BTreeSet<String> = steps::legal().into_iter().collect();
        for change in std::mem::take(&mut self.history) {
            let step = match &change.of {
                Subject::Run(state) => steps::step("run", run.replace(*state), *state),
                Subject::Unit(key, state) => {
                    let before = units
                        .insert(key.clone(), *state)
                        .unwrap_or(TaskState::Waiting);
                    steps::step("unit", Some(before), *state)
                }
                Subject::Attempt(key, number, state) => {
                    let before = attempts.insert((key.clone(), *number), *state);
                    let is_late = run == Some(RunState::Cancelling) && !self.is_finally(key);
                    if before.is_none() && is_late {
                        wrong.push(format!(
                            "{key:?} is tried again in a run that is being cancelled"
                        ));
                    }
                    steps::step("attempt", before, *state)
                }
            };
            if !legal.contains(&step) {
                wrong.push(format!("{:?} is an illegal step, {step}", change.of));
            }
            *self.coverage.steps.entry(step).or_default() += 1;
        }
        for what in wrong {
            self.wrong("I3", what);
        }
        let found = self.case.stored.run.head.state;
        if run != Some(found) {
            self.wrong("I8", format!("history says {run:?}, the run {found}"));
        }
        for (key, unit) in self.case.units() {
            let said = units.get(&key).copied().unwrap_or(TaskState::Waiting);
            if said != unit.state {
                self.wrong(
                    "I8",
                    format!("{key:?}: history says {said}, the row {}", unit.state),
                );
            }
            for attempt in &unit.attempts {
                let said = attempts.get(&(key.clone(), attempt.number)).copied();
                if said != Some(attempt.state) {
                    let state = attempt.state;
                    self.wrong(
                        "I8",
                        format!("{key:?}: history says {said:?}, the row {state}"),
                    );
                }
            }
        }
    }

    fn is_finally(&self, key: &Key) -> bool {
        let plan = &self.case.plan;
        let task = plan
            .position(key.task.as_str())
            .and_then(|at| plan.tasks.get(at));
        task.is_some_and(|task| task.finally)
    }

    fn is_call(&self, task: &TaskName) -> bool {
        let plan = &self.case.plan;
        let task = plan
            .position(task.as_str())
            .and_then(|at| plan.tasks.get(at));
        task.is_some_and(|task| matches!(task.kind, Kind::Call(_)))
    }

    /// I2 and I6: one start per attempt at most, each with a row, and nothing left behind.
    fn containers(&mut self) {
        for seen in self.seen.clone().into_values() {
            let id = &seen.attempt;
            if seen.starts > 1 {
                self.wrong("I2", format!("{id} was started {} times", seen.starts));
            }
            // One that never ran may have been made ahead of a decision that was another.
            if seen.starts > 0 && self.case.attempt(id).is_none() {
                self.wrong("I2", format!("{id} has run, but has no row"));
            }
            let is_kept = |attempt: &Attempt| attempt.stage == Stage::Kept;
            match (seen.removed, self.case.attempt(id).is_some_and(is_kept)) {
                (true, _) => {}
                (false, false) => {
                    self.wrong("I6", format!("the container of {id} was left behind"));
                }
                (false, true) if seen.end.is_none() => {
                    self.wrong(
                        "I6",
                        format!("the container of {id} is kept and did not end"),
                    );
                }
                (false, true) => self.coverage.kept += 1,
            }
        }
    }

    /// I6: only the last attempt of a task is kept, only if it failed, and not too many are.
    fn kept(&mut self) {
        let mut wrong = Vec::new();
        let mut count = 0;
        for (key, unit) in self.case.units() {
            let last = unit.attempts.last().map(|attempt| attempt.number);
            for attempt in unit.attempts.iter().filter(|it| it.stage == Stage::Kept) {
                count += 1;
                if Some(attempt.number) != last || !attempt.state.is_failure() {
                    wrong.push(format!("{key:?}: attempt {} is kept", attempt.number));
                }
            }
        }
        if count > MOST_KEPT {
            wrong.push(format!("{count} containers of a run are kept"));
        }
        for what in wrong {
            self.wrong("I6", what);
        }
    }

    /// I5 and I9: the exit shown is the machine's, unknown is `lost`, and logs are whole.
    fn attempts(&mut self) {
        for (id, attempt) in self.case.attempts() {
            self.coverage
                .reasons
                .extend(attempt.reason.map(|reason| reason.to_string()));
            if self.is_call(&id.task) {
                continue;
            }
            let seen = self.seen.get(&id).cloned();
            let end = seen.as_ref().and_then(|seen| seen.end);
            let guessed = attempt
                .exit_code
                .filter(|code| end.is_none_or(|end| end.code != *code));
            if let Some(code) = guessed {
                self.wrong(
                    "I9",
                    format!("{id} shows exit code {code}, the machine says {end:?}"),
                );
            }
            let is_good = end.is_some_and(|end| end.code == 0 && !end.by_engine && !end.by_others);
            if attempt.state == TaskState::Succeeded && !is_good {
                self.wrong("I9", format!("{id} succeeded, the machine says {end:?}"));
            }
            let was_lost = end.is_none_or(|end| end.by_engine)
                || seen.as_ref().is_none_or(|seen| seen.removed_by_others)
                || attempt.reason == Some(Reason::NoExitCode);
            if attempt.state == TaskState::Lost && !was_lost {
                self.wrong("I9", format!("{id} is lost, but it ended as {end:?}"));
            }
            self.log(&id, seen.as_ref());
            self.files(&id, &attempt, seen.as_ref());
        }
    }

    /// I13: an attempt whose row says so has its artifacts, whole; one that succeeded has all that
    /// can be kept; and it was given what the last attempts before it had left.
    fn files(&mut self, id: &AttemptId, attempt: &Attempt, seen: Option<&Seen>) {
        let Judge {
            objects,
            cast,
            given,
            ..
        } = self.judge;
        let (left, kept) = (files::left_by(cast, id), files::kept_of(objects, id));
        let said = attempt.artifacts.map(|it| (it.files, it.bytes));
        let expected = kept.as_ref().map(|text| (1, text.len() as u64));
        if said.is_some() && (said != expected || kept != left) {
            self.wrong(
                "I13",
                format!("{id} left {left:?}, its row says {said:?}, kept is {kept:?}"),
            );
        }
        let is_pruned = seen.is_none_or(|seen| seen.removed_by_others);
        if attempt.state == TaskState::Succeeded && said.is_none() && left.is_some() && !is_pruned {
            self.wrong(
                "I13",
                format!("{id} succeeded, but what it left is not kept"),
            );
        }
        let wanted = self.inputs(id);
        let found = given.files(id);
        if (given.is_known(id) || seen.is_some()) && wanted != found {
            self.wrong(
                "I13",
                format!("{id} was given {found:?}, and not {wanted:?}"),
            );
        }
    }

    /// Path and content of each file that an attempt has to be given.
    fn inputs(&self, id: &AttemptId) -> BTreeMap<String, String> {
        let plan = &self.case.plan;
        let said = plan
            .position(id.task.as_str())
            .and_then(|at| plan.tasks.get(at));
        let Some(Kind::Container(said)) = said.map(|said| &said.kind) else {
            return BTreeMap::new();
        };
        let units = self.case.units();
        let wanted = units
            .iter()
            .filter(|(key, _)| said.inputs.contains(&key.task));
        let files = wanted.filter_map(|(key, unit)| {
            let last = unit.attempts.last()?;
            last.artifacts?;
            let Key { task, item } = key.clone();
            let folder = match item {
                Some(item) => format!("{task}/{item}/file"),
                None => format!("{task}/file"),
            };
            let of = AttemptId {
                run: id.run,
                task,
                item,
                number: last.number,
            };
            Some((folder, files::left_by(self.judge.cast, &of)?))
        });
        files.collect()
    }

    fn log(&mut self, id: &AttemptId, seen: Option<&Seen>) {
        let mut written: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (stream, bytes) in seen.map(|seen| seen.written.as_slice()).unwrap_or_default() {
            written
                .entry(format!("{stream:?}"))
                .or_default()
                .extend(bytes);
        }
        let kept = match Kept::read(self.judge.disk, id) {
            Ok(kept) => kept,
            Err(error) => {
                return self.wrong("I5", format!("the log of {id} cannot be read: {error}"));
            }
        };
        if self.judge.logs_are_shared {
            return;
        }
        if seen.is_some_and(|seen| seen.started.is_some()) && !kept.is_finished {
            self.wrong("I5", format!("the log of {id} was never closed"));
        }
        let is_doubled = kept.bytes.iter().any(|(stream, bytes)| {
            let all = written.get(stream).map(Vec::as_slice).unwrap_or_default();
            !is_within(bytes, all)
        });
        if (kept.bytes != written && !kept.has_hole) || is_doubled {
            let (kept, written) = (words(&kept.bytes), words(&written));
            self.wrong(
                "I5",
                format!("the log of {id} has {kept}, the container wrote {written}"),
            );
        }
    }
}

/// A log as it was kept.
struct Kept {
    bytes: BTreeMap<String, Vec<u8>>,
    has_hole: bool,
    is_finished: bool,
}

impl Kept {
    fn read(disk: &Arc<dyn Disk>, id: &AttemptId) -> Result<Self, gofer_logs::Error> {
        let mut kept = Self {
            bytes: BTreeMap::new(),
            has_hole: false,
            is_finished: false,
        };
        let mut reader = Reader::open(Arc::clone(disk), id);
        loop {
            match reader.read_more()? {
                More::Frames(frames) => {
                    for frame in frames {
                        match frame.body {
                            Body::Output { stream, bytes } => {
                                kept.bytes
                                    .entry(format!("{stream:?}"))
                                    .or_default()
                                    .extend(bytes);
                            }
                            Body::Hole(_) | Body::Dropped { .. } => kept.has_hole = true,
                        }
                    }
                }
                More::Waiting => return Ok(kept),
                More::Ended(_) => {
                    kept.is_finished = true;
                    return Ok(kept);
                }
            }
        }
    }
}

/// Nothing was added and nothing changed its place.
fn is_within(kept: &[u8], written: &[u8]) -> bool {
    let mut rest = written.iter();
    kept.iter().all(|byte| rest.any(|other| other == byte))
}

fn words(bytes: &BTreeMap<String, Vec<u8>>) -> String {
    let side =
        |(name, bytes): (&String, &Vec<u8>)| format!("{name} {:?}", String::from_utf8_lossy(bytes));
    bytes.iter().map(side).collect::<Vec<_>>().join(", ")
}
