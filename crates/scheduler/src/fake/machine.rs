use super::{
    Program, World,
    container::{Container, End, Seen, after},
};
use gofer_core::{
    Timestamp,
    id::{AttemptId, Epoch, RunId, StoreId},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// An engine with its containers. Clones are the same machine.
#[derive(Clone)]
pub struct Machine {
    pub(super) world: Arc<dyn World>,
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<u64>>,
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
    away_until: Option<Timestamp>,
    /// Restarts so far, and when the last one began.
    generation: u64,
    broke_at: Option<Timestamp>,
    most_running: BTreeMap<RunId, usize>,
}

impl Machine {
    /// An engine without containers.
    pub fn new(world: Arc<dyn World>) -> Self {
        Self {
            world,
            state: Arc::default(),
            changed: Arc::new(watch::Sender::new(0)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything happen that is due by now.
    fn settle(&self) -> MutexGuard<'_, State> {
        let now = self.world.now();
        let mut state = self.state();
        for container in state
            .containers
            .values_mut()
            .filter(|container| !container.paused)
        {
            if let Some(end) = container.coming_end().filter(|end| end.at <= now) {
                container.end = Some(end);
            }
        }
        state
    }

    fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
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
        let found = self
            .settle()
            .containers
            .get(&(store, attempt.clone()))
            .cloned();
        found.filter(|container| !container.removed)
    }

    pub(super) fn create(
        &self,
        store: StoreId,
        attempt: &AttemptId,
        epoch: Epoch,
        program: Program,
    ) {
        let mut state = self.settle();
        let starts = state
            .containers
            .get(&(store, attempt.clone()))
            .map_or(0, |old| old.starts);
        let container = Container {
            store,
            attempt: attempt.clone(),
            epoch,
            program,
            started: None,
            starts,
            end: None,
            removed: false,
            removed_at: None,
            removed_by_others: false,
            stopping: None,
            paused: false,
        };
        state.containers.insert((store, attempt.clone()), container);
    }

    /// As nasty as Docker: an exited container runs again.
    pub(super) fn start(&self, store: StoreId, attempt: &AttemptId) -> Option<Timestamp> {
        let now = self.world.now();
        let mut state = self.settle();
        let container = state.containers.get_mut(&(store, attempt.clone()))?;
        if container.removed {
            return None;
        }
        if !container.is_running() {
            container.started = Some(now);
            container.starts += 1;
            container.end = None;
            container.stopping = None;
        }
        let started = container.started;
        let running = state
            .containers
            .values()
            .filter(|container| container.attempt.run == attempt.run && container.is_running())
            .count();
        let most = state.most_running.entry(attempt.run).or_default();
        *most = running.max(*most);
        drop(state);
        self.wake();
        started
    }

    pub(super) fn stop(&self, store: StoreId, attempt: &AttemptId, grace: Duration) {
        let now = self.world.now();
        let term = after(now, self.world.reaction());
        let kill = after(now, grace.max(self.world.reaction()));
        if let Some(container) = self.settle().containers.get_mut(&(store, attempt.clone())) {
            let earlier = container.stopping.unwrap_or((term, kill));
            container.stopping = Some((earlier.0.min(term), earlier.1.min(kill)));
            container.paused = false;
        }
        self.wake();
    }

    pub(super) fn remove(&self, store: StoreId, attempt: &AttemptId) {
        let now = self.world.now();
        if let Some(container) = self.settle().containers.get_mut(&(store, attempt.clone())) {
            container.removed = true;
            container.removed_at = Some(now);
        }
        self.wake();
    }

    pub(super) fn of_store(&self, store: StoreId) -> Vec<Container> {
        let state = self.settle();
        let ours = state
            .containers
            .values()
            .filter(|c| c.store == store && !c.removed);
        ours.cloned().collect()
    }

    /// Somebody else removes a container, however it is.
    pub fn remove_outside(&self, attempt: &AttemptId) {
        self.outside(attempt, |container, now| {
            container.removed = true;
            container.removed_at = Some(now);
            container.removed_by_others = true;
        });
    }

    /// Somebody else kills a container.
    pub fn kill_outside(&self, attempt: &AttemptId, code: i32) {
        self.outside(attempt, |container, now| {
            if container.is_running() {
                let by_others = true;
                container.end = Some(End {
                    at: now,
                    code,
                    by_engine: false,
                    by_others,
                });
            }
        });
    }

    /// Somebody else pauses a container, or lets it go on.
    pub fn pause_outside(&self, attempt: &AttemptId, paused: bool) {
        self.outside(attempt, |container, _| container.paused = paused);
    }

    fn outside(&self, attempt: &AttemptId, act: impl Fn(&mut Container, Timestamp)) {
        let now = self.world.now();
        let mut state = self.settle();
        for container in state.containers.values_mut() {
            if container.attempt == *attempt && !container.removed {
                act(container, now);
            }
        }
        drop(state);
        self.wake();
    }

    /// The engine goes away and comes back. Without live-restore it ends what runs, by SIGTERM: a
    /// job that traps that may even exit with 0.
    pub fn restart(&self, restart: Restart) {
        let now = self.world.now();
        let mut state = self.settle();
        state.away_until = Some(after(now, restart.away));
        state.generation += 1;
        state.broke_at = Some(now);
        if !restart.live_restore {
            for container in state.containers.values_mut().filter(|c| c.is_running()) {
                let code = container.program.on_term.unwrap_or(137);
                container.end = Some(End {
                    at: now,
                    code,
                    by_engine: true,
                    by_others: false,
                });
            }
        }
        drop(state);
        self.wake();
    }

    /// Everything there ever was, for the judge.
    pub fn seen(&self) -> Vec<Seen> {
        let now = self.world.now();
        let state = self.settle();
        let seen = |container: &Container| Seen {
            attempt: container.attempt.clone(),
            starts: container.starts,
            started: container.started,
            end: container.end,
            removed: container.removed,
            removed_by_others: container.removed_by_others,
            written: container
                .written(now)
                .into_iter()
                .map(|(_, s, bytes)| (s, bytes))
                .collect(),
        };
        state.containers.values().map(seen).collect()
    }

    /// The most containers of a run that ever ran at once.
    pub fn most_running(&self, run: RunId) -> usize {
        self.state().most_running.get(&run).copied().unwrap_or(0)
    }
}
