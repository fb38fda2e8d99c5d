//! Tries: when one begins, what its end means, and whether there is another.

use super::{
    Artifacts, Attempt, Change, Effect, Ending, Key, Reason, Stage, Stop, Subject, TaskState, Unit,
    book::{Book, Place, attempt_mut},
    exit::{Verdict, judge},
};
use crate::{
    name::OutputKey,
    plan::{DEFAULT_STOP_GRACE, Kind, Retry},
    planted,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What an attempt wrote to `$GOFER_OUTPUT`, or why that cannot be read.
type Outputs = Result<BTreeMap<OutputKey, String>, String>;
/// What is kept of its artifacts, or why that cannot be.
type Kept = Result<Option<Artifacts>, (Reason, String)>;

/// What is known of an attempt when it starts.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) image: &'a Option<String>,
    pub(super) service_images: &'a BTreeMap<String, String>,
    pub(super) node: &'a Option<String>,
}

impl Book {
    /// Starts ready units while there are places, in the order in which they became ready.
    pub(super) fn fill(&mut self, now: Timestamp) {
        let ready: Vec<(u64, Place)> = self.queue.iter().copied().collect();
        for (order, place) in ready {
            let is_full = self.is_full() && !self.is_call(place);
            if is_full && !self.has_calls {
                break;
            }
            if is_full || !self.has_place(place) {
                continue;
            }
            self.queue.remove(&(order, place));
            if let Some(unit) = self.at_mut(place) {
                unit.ready = None;
            }
            self.begin_attempt(place, now);
        }
    }

    fn is_full(&self) -> bool {
        self.plan
            .pipeline
            .max_parallel
            .is_some_and(|most| self.live >= most + u32::from(planted::is(11)))
    }

    fn has_place(&self, (task, _): Place) -> bool {
        let Some(said) = self.plan.tasks.get(task) else {
            return false;
        };
        let live = self.live_in.get(task).copied().unwrap_or(0);
        // A pool that nobody sized has one slot: a mutex.
        let pools_free = said
            .pools
            .iter()
            .all(|pool| self.held.get(pool).copied().unwrap_or(0) < 1);
        said.max_parallel.is_none_or(|most| live < most) && pools_free
    }

    /// A called run has containers of its own: among those of this run it takes no place.
    pub(super) fn occupy(&mut self, place: Place) {
        let (task, _) = place;
        self.live += u32::from(!self.is_call(place));
        if let Some(live) = self.live_in.get_mut(task) {
            *live += 1;
        }
        for pool in self
            .plan
            .tasks
            .get(task)
            .map(|t| t.pools.clone())
            .unwrap_or_default()
        {
            *self.held.entry(pool).or_insert(0) += 1;
        }
    }

    fn vacate(&mut self, place: Place) {
        let (task, _) = place;
        self.live = self.live.saturating_sub(u32::from(!self.is_call(place)));
        if let Some(live) = self.live_in.get_mut(task) {
            *live = live.saturating_sub(1);
        }
        for pool in self
            .plan
            .tasks
            .get(task)
            .map(|t| t.pools.clone())
            .unwrap_or_default()
        {
            if let Some(held) = self.held.get_mut(&pool) {
                *held = held.saturating_sub(1);
            }
        }
    }

    fn begin_attempt(&mut self, place: Place, now: Timestamp) {
        let Some(key) = self.key(place) else { return };
        self.let_go(place);
        let number = self.at(place).map_or(1, |unit| last_number(unit) + 1);
        let effect = match self.effect_of(place, number) {
            Ok(effect) => effect,
            Err((reason, message)) => {
                return self.end(place, TaskState::Failed, reason, Some(message), now);
            }
        };
        let Some(unit) = self.at_mut(place) else {
            return;
        };
        unit.state = TaskState::Starting;
        unit.reason = None;
        unit.message = None;
        unit.outputs.clear();
        unit.attempts.push(Attempt {
            number,
            state: TaskState::Starting,
            stage: Stage::Creating,
            reason: None,
            message: None,
            exit_code: None,
            created_at: now,
            started_at: None,
            ended_at: None,
            image: None,
            service_images: BTreeMap::new(),
            node: None,
            container: None,
            stop: None,
            artifacts: None,
        });
        self.occupy(place);
        self.touch(place);
        self.touch_attempt(place, number);
        self.record(place, TaskState::Starting, None, now);
        self.record_attempt(key, number, TaskState::Starting, None, now);
        self.step.effects.push(effect);
    }

    /// The order to make an attempt exist, the same for a new one and for one found at a restart.
    pub(super) fn effect_of(&self, place: Place, number: u32) -> Result<Effect, (Reason, String)> {
        let plan = Arc::clone(&self.plan);
        let (Some(task), Some(key)) = (plan.tasks.get(place.0), self.key(place)) else {
            return Err((Reason::StartFailed, "the task is not there".to_owned()));
        };
        match &task.kind {
            Kind::Container(container) => {
                let container = Box::new(self.resolve(task, container, place, number)?);
                Ok(Effect::Start {
                    key,
                    attempt: number,
                    container,
                })
            }
            Kind::Call(call) => {
                let params = self.resolve_params(call, place)?;
                Ok(Effect::Call {
                    key,
                    attempt: number,
                    params,
                })
            }
            Kind::Approval(_) => Err((
                Reason::StartFailed,
                "an approval has no attempts".to_owned(),
            )),
        }
    }

    pub(super) fn created(&mut self, key: &Key, number: u32, container: &str) -> bool {
        let Some(place) = self.place(key) else {
            return false;
        };
        let attempt = self
            .at_mut(place)
            .and_then(|unit| attempt_mut(unit, number));
        match attempt {
            Some(attempt) if attempt.stop.is_none() && attempt.stage <= Stage::Starting => {
                attempt.stage = Stage::Starting;
                attempt.container = Some(container.to_owned());
            }
            _ => return false,
        }
        self.touch_attempt(place, number);
        true
    }

    pub(super) fn started(
        &mut self,
        key: &Key,
        number: u32,
        at: Timestamp,
        known: &Known<'_>,
        now: Timestamp,
    ) -> bool {
        let Some(place) = self.place(key) else {
            return false;
        };
        let Some(unit) = self.at_mut(place) else {
            return false;
        };
        let Some(attempt) = attempt_mut(unit, number) else {
            return false;
        };
        if attempt.state != TaskState::Starting {
            return false;
        }
        attempt.state = TaskState::Running;
        attempt.stage = Stage::Started;
        attempt.started_at = Some(at);
        attempt.image.clone_from(known.image);
        attempt.service_images.clone_from(known.service_images);
        attempt.node.clone_from(known.node);
        unit.state = TaskState::Running;
        unit.message = None;
        self.arm(place);
        self.touch(place);
        self.touch_attempt(place, number);
        self.record(place, TaskState::Running, None, now);
        self.record_attempt(key.clone(), number, TaskState::Running, None, now);
        true
    }

    pub(super) fn ended(
        &mut self,
        key: &Key,
        number: u32,
        ending: &Ending,
        (outputs, artifacts): (&Outputs, &Kept),
        now: Timestamp,
    ) -> bool {
        let Some(place) = self.place(key) else {
            return false;
        };
        let stop_reason = self.stop_reason();
        let Some(attempt) = self
            .at_mut(place)
            .and_then(|unit| attempt_mut(unit, number))
        else {
            return false;
        };
        if attempt.state.is_over() {
            return false;
        }
        let verdict = match attempt.stop {
            Some(Stop::Run) => Verdict::cancelled(stop_reason),
            Some(Stop::Timeout) => Verdict::timed_out(),
            None => judge(ending, outputs.as_ref().err(), artifacts.as_ref().err()),
        };
        if let Ending::Exited(exit) = ending {
            attempt.exit_code = Some(exit.code);
        }
        attempt.artifacts = artifacts.as_ref().ok().copied().flatten();
        let left = outputs.as_ref().map(|outputs| {
            outputs
                .iter()
                .map(|(key, value)| (key.to_string(), value.clone()))
                .collect()
        });
        if let Some(unit) = self.at_mut(place) {
            unit.outputs = left.unwrap_or_default();
        }
        let is_kept = self.is_worth_a_look(ending, verdict.state);
        self.close_attempt(place, number, verdict, now);
        if is_kept {
            self.keep(place, number, now);
        } else {
            self.step.effects.push(Effect::Remove {
                key: key.clone(),
                attempt: number,
            });
        }
        true
    }

    /// Ends an attempt, and its unit with it unless there is another try.
    pub(super) fn close_attempt(
        &mut self,
        place: Place,
        number: u32,
        verdict: Verdict,
        now: Timestamp,
    ) {
        let Some(key) = self.key(place) else { return };
        let Some(unit) = self.at_mut(place) else {
            return;
        };
        let Some(attempt) = attempt_mut(unit, number) else {
            return;
        };
        attempt.state = verdict.state;
        attempt.reason = verdict.reason;
        attempt.message.clone_from(&verdict.message);
        attempt.ended_at = Some(now);
        attempt.stage = attempt.stage.max(Stage::Ended);
        let exit_code = attempt.exit_code;
        self.disarm(place);
        self.vacate(place);
        self.touch(place);
        self.touch_attempt(place, number);
        self.record_attempt(key, number, verdict.state, verdict.reason, now);
        if let Some(pause) = self.pause_before_next(place, &verdict, exit_code) {
            self.retry_later(place, verdict, pause, now);
        } else {
            self.end_with(place, verdict.state, verdict.reason, verdict.message, now);
        }
    }

    fn retry_later(&mut self, place: Place, verdict: Verdict, pause: Duration, now: Timestamp) {
        if let Some(unit) = self.at_mut(place) {
            unit.state = TaskState::Retrying;
            unit.reason = verdict.reason;
            unit.message = verdict.message;
            unit.due = now.checked_add(pause).ok();
        }
        self.record(place, TaskState::Retrying, verdict.reason, now);
        self.arm(place);
    }

    /// The pause before the next try, if there is to be one.
    fn pause_before_next(
        &self,
        (task, item): Place,
        verdict: &Verdict,
        exit_code: Option<i32>,
    ) -> Option<Duration> {
        let retry = &self.plan.tasks.get(task)?.retry;
        let unit = self.at((task, item))?;
        let tries = last_number(unit).saturating_sub(unit.earlier);
        let said = self.plan.tasks.get(task)?;
        let head = &self.run.head;
        let is_stopped = if said.finally {
            head.finally_stopped
        } else {
            head.stop.is_some()
        };
        let may = (!is_stopped || planted::is(5))
            && !verdict.is_final
            && verdict.state.is_failure()
            && tries <= retry.limit
            && verdict.reason.is_none_or(Reason::may_be_tried_again)
            && filter_allows(retry, verdict.state, exit_code);
        may.then(|| retry.pause(tries))
    }

    /// A person answered an approval.
    pub(super) fn answered(
        &mut self,
        key: &Key,
        approved: bool,
        (by, comment): (&str, &str),
        now: Timestamp,
    ) -> bool {
        let Some(place) = self.place(key) else {
            return false;
        };
        let Some(unit) = self.at_mut(place) else {
            return false;
        };
        if unit.state != TaskState::AwaitingApproval {
            return false;
        }
        unit.outputs.insert("by".to_owned(), by.to_owned());
        unit.outputs
            .insert("comment".to_owned(), comment.to_owned());
        if approved {
            self.end_with(place, TaskState::Succeeded, None, None, now);
        } else {
            let message = format!("{by} said no: {comment}");
            self.end(
                place,
                TaskState::Failed,
                Reason::Rejected,
                Some(message),
                now,
            );
        }
        true
    }

    pub(super) fn record_attempt(
        &mut self,
        key: Key,
        number: u32,
        state: TaskState,
        reason: Option<Reason>,
        at: Timestamp,
    ) {
        let reason = reason.map(Reason::code);
        self.step.changes.push(Change {
            at,
            of: Subject::Attempt(key, number, state),
            reason,
        });
    }

    /// How long this task's container has between SIGTERM and SIGKILL.
    pub(super) fn grace(&self, (task, _): Place) -> Duration {
        match self.plan.tasks.get(task).map(|task| &task.kind) {
            Some(Kind::Container(container)) => {
                container.stop_grace.map_or(DEFAULT_STOP_GRACE, Into::into)
            }
            _ => DEFAULT_STOP_GRACE,
        }
    }
}

pub(super) fn last_number(unit: &Unit) -> u32 {
    unit.attempts.last().map_or(0, |attempt| attempt.number)
}

fn filter_allows(retry: &Retry, state: TaskState, exit_code: Option<i32>) -> bool {
    let exited = exit_code.filter(|_| state == TaskState::Failed);
    if !retry.exit_codes.is_empty() {
        return exited.is_some_and(|code| retry.exit_codes.contains(&code));
    }
    exited.is_none_or(|code| !retry.final_exit_codes.contains(&code))
}

impl Reason {
    /// Trying again could come to something else.
    pub const fn may_be_tried_again(self) -> bool {
        !matches!(
            self,
            Self::MissingValue
                | Self::WhenError
                | Self::NotAList
                | Self::TooManyItems
                | Self::BadOutputs
                | Self::Rejected
                | Self::Unauthorized
                | Self::WrongPlatform
        )
    }
}
