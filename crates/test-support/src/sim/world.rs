//! Time, chance and mishaps: one queue of due, seed-ordered wake-ups.

use super::{coverage::Coverage, dice::Dice};
use gofer_core::{
    Timestamp,
    clock::{Clock, Moment},
    id::{AttemptId, Ids, InstanceId},
};
use gofer_scheduler::fake::{self, Program};
use gofer_store::{Error, memory};
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};
use uuid::Uuid;

/// Where a wake-up stands in the queue: when, in which of several at once, and a number.
type Place = (Duration, u64, u64);

/// One seed's world. It outlives every crash.
#[derive(Clone)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
    programs: Arc<dyn Fn(&AttemptId) -> Program + Send + Sync>,
}

struct State {
    now: Duration,
    dice: Dice,
    queue: BTreeMap<Place, Waker>,
    number: u64,
    ids: u64,
    points: u64,
    crash_at: Option<u64>,
    crashed: Option<&'static str>,
    /// Nothing goes wrong and nothing takes time: for the judge.
    calm: bool,
    coverage: Coverage,
    hash: u64,
    rates: BTreeMap<&'static str, u64>,
}

const BEGIN: i64 = 1_800_000_000;

impl World {
    pub(crate) fn new(
        seed: u64,
        rates: BTreeMap<&'static str, u64>,
        programs: Arc<dyn Fn(&AttemptId) -> Program + Send + Sync>,
    ) -> Self {
        let state = State {
            now: Duration::ZERO,
            dice: Dice::of(seed, "world"),
            queue: BTreeMap::new(),
            number: 0,
            ids: 0,
            points: 0,
            crash_at: None,
            crashed: None,
            calm: false,
            coverage: Coverage::default(),
            hash: seed,
            rates,
        };
        Self { state: Arc::new(Mutex::new(state)), programs }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.state().now
    }

    /// The next life ends after so many points, if it gets that far.
    pub(crate) fn crash_after(&self, points: Option<u64>) {
        let mut state = self.state();
        state.crash_at = points.map(|points| state.points + points);
        state.crashed = None;
        // Wakers of a dead life wake nobody.
        state.queue.clear();
    }

    pub(crate) fn crashed(&self) -> Option<&'static str> {
        self.state().crashed
    }

    pub(crate) fn calm(&self) {
        self.state().calm = true;
    }

    pub(crate) fn fault(&self, kind: &'static str) {
        let mut state = self.state();
        *state.coverage.faults.entry(kind).or_default() += 1;
        state.mix(kind);
    }

    pub(crate) fn coverage(&self) -> Coverage {
        self.state().coverage.clone()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.state().hash
    }

    /// When the next wake-up is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.state().queue.first_key_value().map(|((due, ..), _)| *due)
    }

    /// Lets time pass to the next wake-up. False if nobody waits for anything.
    pub(crate) fn advance(&self) -> bool {
        let mut state = self.state();
        let Some(((due, ..), waker)) = state.queue.pop_first() else { return false };
        state.now = state.now.max(due);
        drop(state);
        waker.wake();
        true
    }

    pub(crate) fn advance_to(&self, now: Duration) {
        let mut state = self.state();
        state.now = state.now.max(now);
    }

    fn sleep_until(&self, due: Duration) -> Sleep {
        Sleep { world: self.clone(), due, place: None }
    }

    /// A point at which Gofer may die, and which takes a while.
    async fn point(self, name: &'static str) {
        let wait = {
            let mut state = self.state();
            if state.calm {
                return;
            }
            state.points += 1;
            *state.coverage.points.entry(name).or_default() += 1;
            state.mix(name);
            if state.crash_at.is_some_and(|at| state.points >= at) && state.crashed.is_none() {
                state.crashed = Some(name);
                *state.coverage.crashes.entry(name).or_default() += 1;
            }
            if state.crashed.is_some() {
                None
            } else {
                Some(state.latency())
            }
        };
        match wait {
            Some(wait) if wait.is_zero() => {}
            Some(wait) => {
                let due = self.elapsed() + wait;
                self.sleep_until(due).await;
            }
            None => std::future::pending().await,
        }
    }

    fn roll(&self, kind: &'static str) -> bool {
        let mut state = self.state();
        if state.calm {
            return false;
        }
        let Some(rate) = state.rates.get(kind).copied().filter(|rate| *rate > 0) else {
            return false;
        };
        let happens = state.dice.one_in(rate);
        if happens {
            *state.coverage.faults.entry(kind).or_default() += 1;
            state.mix(kind);
        }
        happens
    }

    fn to_wall(now: Duration) -> Timestamp {
        let begin = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        begin.checked_add(now).unwrap_or(Timestamp::MAX)
    }

    fn from_wall(at: Timestamp) -> Duration {
        let begin = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        Duration::try_from(at.duration_since(begin)).unwrap_or(Duration::ZERO)
    }
}

impl State {
    fn mix(&mut self, word: &str) {
        let now = u64::try_from(self.now.as_nanos()).unwrap_or(u64::MAX);
        for byte in word.bytes().chain(now.to_le_bytes()) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn latency(&mut self) -> Duration {
        match self.dice.below(100) {
            0..40 => Duration::ZERO,
            40..90 => Duration::from_micros(self.dice.below(3_000)),
            90..99 => Duration::from_millis(self.dice.below(200)),
            _ => Duration::from_millis(self.dice.below(20_000)),
        }
    }
}

struct Sleep {
    world: World,
    due: Duration,
    place: Option<Place>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let world = self.world.clone();
        let mut state = world.state();
        if let Some(place) = self.place.take() {
            state.queue.remove(&place);
        }
        if state.now >= self.due || state.calm {
            return Poll::Ready(());
        }
        state.number += 1;
        let tie = state.dice.next();
        let place = (self.due, tie, state.number);
        state.queue.insert(place, context.waker().clone());
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.world.state().queue.remove(&place);
        }
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Self::to_wall(self.elapsed())
    }

    fn moment(&self) -> Moment {
        Moment(self.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.sleep_until(self.elapsed() + wait))
    }
}

impl Ids for World {
    fn next(&self) -> Uuid {
        let mut state = self.state();
        state.ids += 1;
        Uuid::from_u128((0x7 << 76) | (0x8 << 60) | u128::from(state.ids))
    }
}

impl fake::World for World {
    fn now(&self) -> Timestamp {
        Self::to_wall(self.elapsed())
    }

    fn pause(&self, point: &'static str) -> fake::Later<()> {
        Box::pin(self.clone().point(point))
    }

    fn until(&self, at: Timestamp) -> fake::Later<()> {
        Box::pin(self.sleep_until(Self::from_wall(at)))
    }

    fn mishap(&self, kind: &'static str) -> bool {
        self.roll(kind)
    }

    fn program(&self, attempt: &AttemptId) -> Program {
        (self.programs)(attempt)
    }
}

impl memory::Hooks for World {
    fn before(
        &self,
        _: InstanceId,
        operation: &'static str,
    ) -> memory::Later<Result<(), Error>> {
        let world = self.clone();
        Box::pin(async move {
            world.clone().point(operation).await;
            if world.roll("busy") {
                return Err(Error::Busy);
            }
            if world.roll("full") {
                return Err(Error::Full);
            }
            Ok(())
        })
    }

    fn after(&self, _: InstanceId, operation: &'static str) -> memory::Later<()> {
        Box::pin(self.clone().point(operation))
    }
}
