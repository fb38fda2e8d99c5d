//! What may be made before it is decided: the containers of tasks that begin next if what still
//! runs before them goes well. Nothing is promised by it. Whoever made one has to compare it with
//! what the decision says, and a container that was made is not yet an attempt.

use super::{
    Effect, Key, RunState, TaskState, Unit,
    attempts::last_number,
    book::{Book, Place},
    decide::Met,
};
use crate::{
    container,
    definition::Condition,
    plan::{Kind, Task},
};

/// A container that will be wanted if all goes well.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// Of which task.
    pub key: Key,
    /// The number that its attempt will have.
    pub attempt: u32,
    /// As it would be if it were decided now.
    pub container: Box<container::Attempt>,
    /// The attempt that still runs before it, the only one.
    pub behind: (Key, u32),
}

impl Book {
    /// What begins next behind a task, or behind the task of an item, that runs or is over. Each is
    /// put together when it is asked for.
    pub fn ahead_of(&self, key: &Key) -> impl Iterator<Item = Ahead> + '_ {
        let head = &self.run.head;
        let at = self.plan.position(key.task.as_str());
        let at = at.filter(|_| head.state == RunState::Running);
        let task = at.and_then(|at| self.plan.tasks.get(at));
        let is_last = task.is_some() && self.open == 1 && !head.in_finally;
        let all = 0..if is_last { self.plan.tasks.len() } else { 0 };
        let children = task.into_iter().flat_map(|task| &task.children);
        let behind = children.filter_map(|child| self.expected(*child));
        behind.chain(all.filter_map(|task| self.expected_last(task)))
    }

    /// An ordinary task, or a finally task in its time, of which only one parent is not over.
    fn expected(&self, task: usize) -> Option<Ahead> {
        if self.plan.tasks.get(task)?.finally && !self.run.head.in_finally {
            return None;
        }
        self.made_of(task, self.awaited(task)?)
    }

    /// A finally task that begins when the last ordinary one has ended.
    fn expected_last(&self, task: usize) -> Option<Ahead> {
        let said = self.plan.tasks.get(task)?;
        if !said.finally || self.pending.get(task) != Some(&0) {
            return None;
        }
        let is_open = |(said, task): &(&Task, &super::Task)| !said.finally && !is_over(&task.own);
        let all = self.plan.tasks.iter().zip(&self.run.tasks);
        let open = all.enumerate().find(|(_, both)| is_open(both));
        self.made_of(task, open?.0)
    }

    /// The only parent that is not over, where all others let the task run.
    fn awaited(&self, task: usize) -> Option<usize> {
        let mut awaited = None;
        for (parent, condition) in self.parents(task) {
            let is_fine = if is_over(self.at((parent, None))?) {
                matches!(self.met(parent, condition), Met::Yes)
            } else {
                condition != Condition::Failure && awaited.replace(parent).is_none()
            };
            if !is_fine {
                return None;
            }
        }
        awaited
    }

    fn made_of(&self, task: usize, awaited: usize) -> Option<Ahead> {
        let place = (task, None);
        let (said, unit) = (self.plan.tasks.get(task)?, self.at(place)?);
        let is_simple = unit.state == TaskState::Waiting
            && said.fan_out.is_none()
            && matches!(&said.kind, Kind::Container(it) if it.services.is_empty() && it.inputs.is_empty());
        let is_met = |when| self.ask(when, place) == Ok(true);
        if !is_simple || said.when.as_ref().is_some_and(|when| !is_met(when)) {
            return None;
        }
        let behind = self.last_running(awaited)?;
        match self.effect_of(place, last_number(unit) + 1).ok()? {
            Effect::Start {
                key,
                attempt,
                container,
            } => Some(Ahead {
                key,
                attempt,
                container,
                behind,
            }),
            _ => None,
        }
    }

    /// The attempt of a task with whose end the task ends, if it runs.
    fn last_running(&self, task: usize) -> Option<(Key, u32)> {
        let mut place: Place = (task, None);
        if self.plan.tasks.get(task)?.fan_out.is_some() {
            let mut open = (0_u32..)
                .zip(&self.run.tasks.get(task)?.items)
                .filter(|(_, item)| !is_over(item));
            let (item, _) = open.next()?;
            if open.next().is_some() {
                return None;
            }
            place.1 = Some(item);
        }
        let unit = self.at(place)?;
        let attempt = unit.attempts.last()?;
        let runs = unit.state == TaskState::Running && attempt.state == TaskState::Running;
        let may_go_well = runs && attempt.stop.is_none() && !self.is_call(place);
        may_go_well.then_some((self.key(place)?, attempt.number))
    }
}

fn is_over(unit: &Unit) -> bool {
    unit.state.is_over()
}
