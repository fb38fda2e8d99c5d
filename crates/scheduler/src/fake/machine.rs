use super::{
    Order, World,
    container::{Container, Seen, after},
    order::{Done, Pending},
};
use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, RunId, StoreId},
    name::VolumeName,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// An engine with its containers. Clones are the same machine.
#[derive(Clone)]
pub struct Machine {
    pub(super) world: Arc<dyn World>,
    state: Arc<Mutex<State>>,
    /// Wakes in the order in which it is waited for, which a watch channel does not.
    changed: Arc<Notify>,
}

/// How an engine goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// For how long it does not answer.
    pub away: Duration,
    /// Its containers run on meanwhile.
    pub live_restore: bool,
}

#[derive(Default)]
struct State {
    containers: BTreeMap<(StoreId, AttemptId), Container>,
    /// Kept volumes, by store and pipeline.
    volumes: BTreeSet<(StoreId, String, VolumeName)>,
    orders: Vec<Pending>,
    changes: u64,
    /// Containers made so far.
    made: u64,
    away_until: Option<Timestamp>,
    /// Restarts so far, and when the last one began.
    generation: u64,
    broke_at: Option<Timestamp>,
}

impl Machine {
    /// An engine without containers.
    pub fn new(world: Arc<dyn World>) -> Self {
        Self {
            world,
            state: Arc::default(),
            changed: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything happen that is due by now.
    fn settle(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let now = self.world.now();
        let mut state = self.state();
        state.settle(now);
        (state, now)
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        state.changes += 1;
        drop(state);
        self.changed.notify_waiters();
    }

    pub(super) fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Completes when there are other changes than `seen`.
    pub(super) async fn changed(&self, seen: u64) {
        let mut notified = pin!(self.changed.notified());
        notified.as_mut().enable();
        if self.changes() == seen {
            notified.await;
        }
    }

    pub(super) fn away_until(&self) -> Option<Timestamp> {
        let now = self.world.now();
        self.state().away_until.filter(|until| *until > now)
    }

    /// Which engine it is, and when the last one broke off.
    pub(super) fn generation(&self) -> (u64, Option<Timestamp>) {
        let state = self.state();
        (state.generation, state.broke_at)
    }

    pub(super) fn look(&self, store: StoreId, attempt: &AttemptId) -> Option<Container> {
        let (state, _) = self.settle();
        let found = state.containers.get(&(store, attempt.clone()));
        found.filter(|container| !container.removed).cloned()
    }

    /// The same for one who asks the engine, which answers behind the orders that it has for the
    /// container: it holds a lock on it.
    pub(super) fn inspect(&self, store: StoreId, attempt: &AttemptId) -> Option<Container> {
        let (mut state, now) = self.settle();
        state.catch_up(store, attempt, now);
        self.wake(state);
        self.look(store, attempt)
    }

    /// Carries an order out, after those that it has for the same container.
    pub(super) fn order(&self, store: StoreId, attempt: &AttemptId, order: Order) -> Done {
        let (mut state, now) = self.settle();
        state.catch_up(store, attempt, now);
        let attempt = attempt.clone();
        let done = state.carry_out(
            Pending {
                due: now,
                store,
                attempt,
                order,
            },
            now,
        );
        self.wake(state);
        done
    }

    /// Takes an order that is carried out later.
    pub(super) fn order_later(
        &self,
        store: StoreId,
        attempt: &AttemptId,
        order: Order,
        wait: Duration,
    ) {
        let (mut state, now) = self.settle();
        let (due, attempt) = (after(now, wait), attempt.clone());
        state.orders.push(Pending {
            due,
            store,
            attempt,
            order,
        });
        state.orders.sort_by_key(|pending| pending.due);
        self.wake(state);
    }

    /// When an order for a container is due.
    pub(super) fn next_order(&self, store: StoreId, attempt: &AttemptId) -> Option<Timestamp> {
        let state = self.state();
        let of = |pending: &&Pending| pending.store == store && pending.attempt == *attempt;
        state.orders.iter().find(of).map(|pending| pending.due)
    }

    pub(super) fn of_store(&self, store: StoreId) -> Vec<Container> {
        let (state, _) = self.settle();
        let ours = state
            .containers
            .values()
            .filter(|c| c.store == store && !c.removed);
        ours.cloned().collect()
    }

    pub(super) fn keep_volume(&self, store: StoreId, pipeline: &str, name: &VolumeName) {
        let volume = (store, pipeline.to_owned(), name.clone());
        self.state().volumes.insert(volume);
    }

    pub(super) fn remove_volume(&self, store: StoreId, pipeline: &str, name: &VolumeName) {
        let volume = (store, pipeline.to_owned(), name.clone());
        self.state().volumes.remove(&volume);
    }

    pub(super) fn volumes(&self, store: StoreId) -> Vec<(String, VolumeName)> {
        let all = self.state().volumes.clone().into_iter();
        all.filter(|(of, ..)| *of == store)
            .map(|(_, pipeline, name)| (pipeline, name))
            .collect()
    }

    /// Somebody else removes a container, however it is.
    pub fn remove_outside(&self, attempt: &AttemptId) {
        self.outside(attempt, |container, _| container.remove(true));
    }

    /// Somebody else kills a container.
    pub fn kill_outside(&self, attempt: &AttemptId, code: i32) {
        self.outside(attempt, |container, now| container.end(now, code, false));
    }

    /// Somebody else pauses a container, or lets it go on.
    pub fn pause_outside(&self, attempt: &AttemptId, paused: bool) {
        self.outside(attempt, |container, now| container.pause(paused, now));
    }

    fn outside(&self, attempt: &AttemptId, act: impl Fn(&mut Container, Timestamp)) {
        let (mut state, now) = self.settle();
        for container in state.containers.values_mut() {
            if container.attempt == *attempt && !container.removed {
                act(container, now);
            }
        }
        self.wake(state);
    }

    /// Somebody removes every container that does not run. Returns how many there were.
    pub fn prune_outside(&self) -> usize {
        let (mut state, _) = self.settle();
        let stopped = |c: &&mut Container| !c.removed && !c.is_running();
        let pruned = state.containers.values_mut().filter(stopped);
        let count = pruned.map(|container| container.remove(true)).count();
        self.wake(state);
        count
    }

    /// The engine goes away and comes back. Without live-restore it ends what runs, by SIGTERM: a
    /// job that traps that may even exit with 0.
    pub fn restart(&self, restart: Restart) {
        let (mut state, now) = self.settle();
        state.away_until = Some(after(now, restart.away));
        state.generation += 1;
        state.broke_at = Some(now);
        if !restart.live_restore {
            for container in state.containers.values_mut() {
                let code = container.program.on_term.unwrap_or(137);
                container.end(now, code, true);
            }
        }
        self.wake(state);
    }

    /// Everything there ever was, for the judge.
    pub fn seen(&self) -> Vec<Seen> {
        let (state, _) = self.settle();
        state.containers.values().map(Container::seen).collect()
    }

    /// For which owner of its run an attempt's container was made, and of what.
    pub fn made_of(&self, attempt: &AttemptId) -> Option<(Epoch, String)> {
        let (state, _) = self.settle();
        let mut all = state.containers.values();
        let found = all.find(|c| c.attempt == *attempt && !c.removed)?;
        Some((found.epoch, found.recipe.clone()))
    }

    /// The attempts of a run whose containers run now.
    pub fn running(&self, run: RunId) -> Vec<AttemptId> {
        let (state, _) = self.settle();
        let running = state
            .containers
            .values()
            .filter(|c| c.attempt.run == run && c.is_running());
        running.map(|container| container.attempt.clone()).collect()
    }
}

impl State {
    fn settle(&mut self, now: Timestamp) {
        while self
            .orders
            .first()
            .is_some_and(|pending| pending.due <= now)
        {
            let pending = self.orders.remove(0);
            let due = pending.due;
            self.go_on(due);
            self.carry_out(pending, due);
        }
        self.go_on(now);
    }

    fn go_on(&mut self, now: Timestamp) {
        for container in self.containers.values_mut() {
            container.go_on(now);
        }
    }

    /// Carries out what is left to do about one container.
    fn catch_up(&mut self, store: StoreId, attempt: &AttemptId, now: Timestamp) {
        let (before, others) = std::mem::take(&mut self.orders)
            .into_iter()
            .partition(|pending| pending.store == store && pending.attempt == *attempt);
        self.orders = others;
        for pending in before {
            self.carry_out(pending, now);
        }
    }

    fn carry_out(&mut self, pending: Pending, now: Timestamp) -> Done {
        let Pending {
            store,
            attempt,
            order,
            ..
        } = pending;
        let name = (store, attempt.clone());
        let there = self
            .containers
            .get_mut(&name)
            .filter(|container| !container.removed);
        match (order, there) {
            (Order::Create(..), Some(_)) => return Done::Conflict,
            (Order::Create(program, epoch, recipe), None) => {
                self.made += 1;
                let serial = self.made;
                let new = Container::new((store, attempt), serial, (epoch, recipe), *program);
                let new = match self.containers.get(&name) {
                    Some(old) => new.after(old),
                    None => new,
                };
                self.containers.insert(name, new);
                return Done::Made(serial);
            }
            (_, None) => return Done::NotThere,
            (Order::Start(serial), Some(container)) if container.serial != serial => {
                return Done::NotThere;
            }
            (Order::Start(_), Some(container)) => container.start(now),
            (Order::Stop(term, kill), Some(container)) => {
                container.stop(after(now, term), after(now, kill), now);
            }
            (Order::Remove, Some(container)) => container.remove(false),
            (Order::GiveUp(serial), Some(container)) if container.serial != serial => {
                return Done::NotThere;
            }
            (Order::GiveUp(_), Some(container)) if container.is_running() => return Done::Conflict,
            (Order::GiveUp(_), Some(container)) => container.remove(false),
        }
        Done::Yes
    }
}
