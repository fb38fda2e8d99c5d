//! Looks on while orders are given: nothing may be done that is not stored, and nothing by somebody
//! who knows that the run is not its own.

use super::{
    files::Given,
    look::{Case, Look},
    world::{World, short},
};
use gofer_core::{
    definition::Condition,
    id::{AttemptId, InstanceId},
    run::{Book, Effect, Identity, Reason, Stage, TaskState, Unit},
};
use gofer_scheduler::fake::{Machine, Order};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) struct Watch {
    /// Inputs of attempts whose containers were made.
    pub(crate) given: Given,
    pub(crate) world: World,
    pub(crate) look: Look,
    pub(crate) machine: Machine,
}

impl Watch {
    /// Somebody gives an order that changes something.
    pub(crate) fn ordered(&self, by: InstanceId, order: &Order, id: &AttemptId) {
        self.world
            .note(|| format!("{} orders {} of {id}", short(by), name(order)));
        let Some(case) = self.look.run(id.run) else {
            if !matches!(order, Order::Remove) {
                self.wrong("I2", format!("{id} has no run"));
            }
            return;
        };
        let is_fenced = self.world.state().fenced.contains(&(by, id.run));
        // It may have taken the run back since, or only sweep up behind one that is settled.
        let is_others = case.stored.row.claim.is_some_and(|claim| claim.owner != by);
        if is_fenced && is_others {
            self.wrong(
                "fencing",
                format!("{} of {id} by one who was fenced", name(order)),
            );
        }
        let Some(attempt) = case.attempt(id) else {
            if !is_ahead(&case, order, id) {
                let what = format!("{} of {id}, which is not stored", name(order));
                self.wrong("I2", what);
            }
            return;
        };
        match order {
            Order::Create(..) => {}
            Order::GiveUp(serial) if attempt.container == Some(serial.to_string()) => {
                let what = format!("the container of {id} that was permitted is given up");
                self.wrong("intent", what);
            }
            Order::Start(_) => {
                if attempt.stage < Stage::Starting {
                    self.wrong(
                        "intent",
                        format!("{id} is started, but stored as {:?}", attempt.stage),
                    );
                }
                self.dependencies(&case, id);
                self.limits(&case, id);
                self.recipe(&case, id);
            }
            Order::Stop(..) if attempt.stop.is_none() => {
                self.wrong(
                    "intent",
                    format!("{id} is stopped, and nothing stored says why"),
                );
            }
            Order::Remove if !attempt.state.is_over() => {
                self.wrong(
                    "intent",
                    format!("{id} is removed, but stored as {}", attempt.state),
                );
            }
            Order::Stop(..) | Order::Remove | Order::GiveUp(_) => {}
        }
    }

    fn wrong(&self, invariant: &str, what: impl std::fmt::Display) {
        self.world.violation(format!("{invariant}: {what}"));
    }

    /// What starts was made of what was decided, with whatever image.
    fn recipe(&self, case: &Case, id: &AttemptId) {
        let row = &case.stored.row;
        let task = case.plan.position(id.task.as_str());
        let is_finally = task
            .and_then(|at| case.plan.tasks.get(at))
            .is_some_and(|it| it.finally);
        if is_finally && case.stored.run.head.stop.is_some() {
            // It is told how the run stood when it was decided, which may have been before the stop.
            return;
        }
        let identity = Identity {
            run: row.id,
            namespace: row.namespace.clone(),
            version: row.version,
            number: row.number,
        };
        let (plan, run) = (Arc::clone(&case.plan), case.stored.run.clone());
        let book = Book::restore(plan, identity, row.origin.clone(), run);
        let decided = book.resume().into_iter().find_map(|effect| match effect {
            Effect::Start {
                key,
                attempt,
                container,
            } => {
                let is_it = (&key.task, key.item, attempt) == (&id.task, id.item, id.number);
                is_it.then_some(container)
            }
            _ => None,
        });
        let (Some(decided), Some(made)) = (decided, self.machine.made_of(id)) else {
            return;
        };
        let (epoch, recipe) = made;
        let digest = format!("{}@sha256:fake", decided.main.image);
        let fits = [None, Some(&*digest)].map(|image| decided.recipe(epoch, image) == recipe);
        if !fits.contains(&true) {
            self.wrong("intent", format!("{id} starts, made of something else"));
        }
    }

    /// I4: nothing starts before its conditions hold.
    fn dependencies(&self, case: &Case, id: &AttemptId) {
        let plan = &case.plan;
        let Some(task) = plan
            .position(id.task.as_str())
            .and_then(|at| plan.tasks.get(at))
        else {
            return self.wrong("I4", format!("{id} is not of the plan"));
        };
        let mut parents = task.parents.clone();
        if task.finally {
            let ordinary = plan
                .tasks
                .iter()
                .enumerate()
                .filter(|(_, task)| !task.finally);
            parents.extend(ordinary.map(|(at, _)| (at, Condition::Any)));
        }
        for (at, condition) in parents {
            let Some(parent) = case.stored.run.tasks.get(at).map(|task| &task.own) else {
                continue;
            };
            let allowed = plan.tasks.get(at).is_some_and(|task| task.allow_failure);
            let is_cancelled = task.finally && parent.state == TaskState::Cancelled;
            if !is_cancelled && !holds(parent, allowed, condition) {
                let state = parent.state;
                self.wrong(
                    "I4",
                    format!("{id} starts although its parent {at} is {state}"),
                );
            }
        }
    }

    /// I7: limits hold at every instant.
    fn limits(&self, case: &Case, id: &AttemptId) {
        let is_open = |id: &AttemptId| case.attempt(id).is_some_and(|it| !it.state.is_over());
        let mut running = self.machine.running(id.run);
        running.retain(|other| other != id && is_open(other));
        running.push(id.clone());
        let of_task = |at: &AttemptId| {
            case.plan
                .position(at.task.as_str())
                .and_then(|at| case.plan.tasks.get(at))
        };
        let count = running.len();
        if case
            .plan
            .pipeline
            .max_parallel
            .is_some_and(|most| count > most as usize)
        {
            self.wrong("I7", format!("{id} starts as number {count} of the run"));
        }
        let count = running.iter().filter(|other| other.task == id.task).count();
        if of_task(id)
            .and_then(|task| task.max_parallel)
            .is_some_and(|most| count > most as usize)
        {
            self.wrong("I7", format!("{id} starts as number {count} of its task"));
        }
        let mut held: BTreeMap<String, usize> = BTreeMap::new();
        for pool in running
            .iter()
            .filter_map(of_task)
            .flat_map(|task| &task.pools)
        {
            *held.entry(pool.to_string()).or_default() += 1;
        }
        if held.values().any(|count| *count > 1) {
            self.wrong("I7", format!("{id} starts while its pool is held"));
        }
    }
}

/// Of what is not decided, a container may be made, for an attempt that may come next; it may be
/// given up; and where it may be left behind it may be removed when it cannot come any more.
fn is_ahead(case: &Case, order: &Order, id: &AttemptId) -> bool {
    let last = |unit: &Unit| unit.attempts.last().map_or(0, |attempt| attempt.number);
    let next = case.unit(id).filter(|unit| last(unit) + 1 == id.number);
    match order {
        Order::Create(..) => next.is_some(),
        Order::GiveUp(_) => true,
        Order::Remove => {
            case.stored.run.head.state.is_over() || next.is_some_and(|unit| unit.state.is_over())
        }
        Order::Start(_) | Order::Stop(..) => false,
    }
}

fn name(order: &Order) -> &'static str {
    match order {
        Order::Create(..) => "create",
        Order::Start(_) => "start",
        Order::Stop(..) => "stop",
        Order::Remove => "remove",
        Order::GiveUp(_) => "give up",
    }
}

/// The table of the language's conditions, once more and by other means.
fn holds(parent: &Unit, allowed: bool, condition: Condition) -> bool {
    let failed = parent.state.is_failure();
    let behind =
        parent.state == TaskState::Skipped && parent.reason == Some(Reason::UpstreamFailed);
    let succeeded = parent.state == TaskState::Succeeded || (failed && allowed);
    let skipped = parent.state == TaskState::Skipped && !behind;
    parent.state.is_over()
        && match condition {
            Condition::Success => succeeded,
            Condition::Failure => failed || behind,
            Condition::NotFailed => succeeded || skipped,
            Condition::Any => parent.state != TaskState::Cancelled,
        }
}
