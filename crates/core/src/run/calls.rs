//! Called pipelines: the run that an attempt starts, and what its end means.

use super::{
    Effect, Event, Outcome, Reason, Stage, Stop, TaskState,
    book::{Book, Place, attempt_mut},
    exit::Verdict,
};
use crate::{
    id::{AttemptId, RunId},
    name::PipelineName,
    plan::Kind,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Runs inside one another, the outermost counted.
pub const MOST_DEPTH: u32 = 8;

/// What a run has to do with others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// What called this run, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<CalledBy>,
    /// How many runs stand above it.
    #[serde(default)]
    pub depth: u32,
    /// Versions of the pipelines that it calls, directly or not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<PipelineName, u32>,
}

/// The attempt that a run was started by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledBy {
    /// Which.
    pub attempt: AttemptId,
    /// Its run, as `etl/42`.
    pub run: String,
}

impl CalledBy {
    /// `etl/42/load`, or `etl/42/load/3` of an item.
    pub fn reference(&self) -> String {
        let Self { attempt, run } = self;
        match attempt.item {
            Some(item) => format!("{run}/{}/{item}", attempt.task),
            None => format!("{run}/{}", attempt.task),
        }
    }
}

impl Calls {
    /// It neither calls nor was called.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The run that an attempt at a called pipeline starts. It follows from the attempt, so whoever
/// begins again after a crash begins the same one.
pub fn child_of(attempt: &AttemptId, decided: Timestamp) -> RunId {
    let digest = Sha256::digest(attempt.to_string());
    let mut random = [0; 10];
    random
        .iter_mut()
        .zip(digest.iter())
        .for_each(|(to, from)| *to = *from);
    let millis = u64::try_from(decided.as_millisecond()).unwrap_or(0);
    RunId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

impl Book {
    pub(super) fn is_call(&self, place: Place) -> bool {
        let task = self.plan.tasks.get(place.0);
        task.is_some_and(|task| matches!(task.kind, Kind::Call(_)))
    }

    /// How often the run of an attempt that is to stop has to be cancelled.
    pub(super) fn cancels(&self, place: Place) -> u32 {
        let is_finally = self
            .plan
            .tasks
            .get(place.0)
            .is_some_and(|task| task.finally);
        1 + u32::from(self.run.head.finally_stopped && !is_finally)
    }

    /// A second cancel stops the finally tasks of called runs too.
    pub(super) fn cancel_calls_again(&mut self) {
        for place in self.open_places(false) {
            let live = self
                .at(place)
                .filter(|unit| self.is_call(place) && unit.state.is_live());
            let number = live
                .and_then(|unit| unit.attempts.last())
                .map(|attempt| attempt.number);
            if let (Some(attempt), Some(key)) = (number, self.key(place)) {
                let times = self.cancels(place);
                self.step.effects.push(Effect::CancelCall {
                    key,
                    attempt,
                    times,
                });
            }
        }
    }

    pub(super) fn child_ended(&mut self, event: &Event, now: Timestamp) -> bool {
        let Event::ChildEnded {
            key,
            attempt: number,
            outcome,
            child,
            why,
            outputs,
        } = event
        else {
            return false;
        };
        let Some(place) = self.place(key) else {
            return false;
        };
        let stop_reason = self.stop_reason();
        let Some(unit) = self.at_mut(place) else {
            return false;
        };
        let Some(attempt) = attempt_mut(unit, *number) else {
            return false;
        };
        if attempt.state.is_over() {
            return false;
        }
        let verdict = match attempt.stop {
            Some(Stop::Run) => Verdict::cancelled(stop_reason),
            Some(Stop::Timeout) => Verdict::timed_out(),
            None => judge(*outcome, child, why.as_deref()),
        };
        attempt.stage = Stage::Removed;
        unit.outputs.clone_from(outputs);
        self.close_attempt(place, *number, verdict, now);
        true
    }
}

/// What the end of a called run means that nobody asked for.
fn judge(outcome: Outcome, child: &str, why: Option<&str>) -> Verdict {
    let with = |what: String| Some(why.map_or(what.clone(), |why| format!("{what}: {why}")));
    let failed =
        |what: String| Verdict::new(TaskState::Failed, Some(Reason::ChildFailed), with(what));
    match outcome {
        Outcome::Succeeded => Verdict::new(TaskState::Succeeded, None, None),
        Outcome::Skipped => Verdict::new(
            TaskState::Skipped,
            Some(Reason::ConditionFalse),
            with(format!("{child} had nothing to do")),
        ),
        Outcome::Failed => failed(format!("{child} failed")),
        Outcome::Cancelled => failed(format!("{child} was cancelled by itself")),
        Outcome::Refused => Verdict {
            is_final: true,
            ..failed(format!("a run of {child} was not accepted"))
        },
        Outcome::BadOutputs => Verdict::new(
            TaskState::Failed,
            Some(Reason::BadOutputs),
            with(child.to_owned()),
        ),
        Outcome::Lost => Verdict::new(
            TaskState::Lost,
            Some(Reason::ContainerVanished),
            with(format!(
                "{child} is not kept any more, and nobody saw it end"
            )),
        ),
    }
}
