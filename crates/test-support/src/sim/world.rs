//! Time, chance and mishaps: one queue of due, seed-ordered wake-ups.

use super::{coverage::Coverage, dice::Dice};
use gofer_core::{
    Timestamp,
    id::{InstanceId, RunId},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};
use uuid::Uuid;

/// Where a wake-up stands in the queue: when, in which of several at once, and a number.
type Place = (Duration, u64, u64);

/// Somewhere at which a Gofer may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Before a call does anything.
    Before(&'static str),
    /// When it is done, and nobody has heard of it.
    After(&'static str),
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(name) => write!(f, "before {name}"),
            Self::After(name) => write!(f, "after {name}"),
        }
    }
}

/// One seed's world. It outlives every crash.
#[derive(Clone)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
}

pub(super) struct State {
    pub(super) now: Duration,
    pub(super) dice: Dice,
    queue: BTreeMap<Place, Waker>,
    number: u64,
    ids: u128,
    lives: BTreeMap<InstanceId, Life>,
    /// No more faults: from here on everything has to come to its end.
    quiet: bool,
    /// Nothing takes time: for the judge.
    calm: bool,
    pub(super) coverage: Coverage,
    pub(super) hash: u64,
    rates: BTreeMap<&'static str, u64>,
    /// Which of the steps that are seldom taken anybody may die at by chance.
    seldom: &'static [&'static str],
    /// What was added to the wall clock, and when.
    steps: BTreeMap<Duration, i64>,
    /// When something was last stored.
    pub(super) progress: Duration,
    pub(super) knocks: Vec<InstanceId>,
    pub(super) violations: BTreeSet<String>,
    /// Who was told that a run is not its own any more.
    pub(super) fenced: BTreeSet<(InstanceId, RunId)>,
    /// What happened, in words, if somebody wants to know.
    pub(super) trace: Option<Vec<String>>,
}

/// One process.
#[derive(Default)]
struct Life {
    points: u64,
    crash_at: Option<u64>,
    crashed: Option<Point>,
    /// Permits that were asked for and have not led to a start yet.
    windows: usize,
    is_dead: bool,
}

const BEGIN: i64 = 1_800_000_000;

impl World {
    pub(crate) fn new(seed: u64, rates: BTreeMap<&'static str, u64>) -> Self {
        let state = State {
            now: Duration::ZERO,
            dice: Dice::of(seed, "world"),
            queue: BTreeMap::new(),
            number: 0,
            ids: 0,
            lives: BTreeMap::new(),
            quiet: false,
            calm: false,
            coverage: Coverage::default(),
            hash: seed,
            rates,
            seldom: &[],
            steps: BTreeMap::new(),
            progress: Duration::ZERO,
            knocks: Vec::new(),
            violations: BTreeSet::new(),
            fenced: BTreeSet::new(),
            trace: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.state().now
    }

    pub(crate) fn next_id(&self) -> Uuid {
        let mut state = self.state();
        state.ids += 1;
        Uuid::from_u128((0x7 << 76) | (0x8 << 60) | state.ids)
    }

    /// Seldom steps are died at more often than their number gives.
    pub(crate) fn have_bad_luck(&self) {
        self.state().seldom = &["get_object_bytes", "let_go", "reclaim"];
    }

    /// A new process, which dies at this point if it gets that far.
    pub(crate) fn begin_life(&self, of: InstanceId, crash_at: Option<u64>) {
        self.state().lives.insert(
            of,
            Life {
                crash_at,
                ..Life::default()
            },
        );
    }

    pub(crate) fn crashed(&self, of: InstanceId) -> Option<Point> {
        self.state().lives.get(&of)?.crashed
    }

    pub(crate) fn points(&self, of: InstanceId) -> u64 {
        self.state().lives.get(&of).map_or(0, |life| life.points)
    }

    /// Others think from now on that it is dead.
    pub(crate) fn declare_dead(&self, of: InstanceId) {
        if let Some(life) = self.state().lives.get_mut(&of) {
            life.is_dead = true;
        }
    }

    /// Has it permits that have not led to a start yet?
    pub(crate) fn may_start_something(&self, of: InstanceId) -> bool {
        self.state()
            .lives
            .get(&of)
            .is_some_and(|life| life.windows > 0)
    }

    /// Has one of those that are taken for dead?
    pub(crate) fn may_a_dead_one_start_something(&self) -> bool {
        self.state()
            .lives
            .values()
            .any(|life| life.is_dead && life.windows > 0)
    }

    pub(crate) fn window(&self, of: InstanceId, open: bool) {
        if let Some(life) = self.state().lives.get_mut(&of) {
            life.windows = if open {
                life.windows + 1
            } else {
                life.windows.saturating_sub(1)
            };
        }
    }

    /// No more faults.
    pub(crate) fn quiet(&self) {
        let mut state = self.state();
        state.quiet = true;
        // Calls that are under way may take so long.
        state.progress = state.now + Duration::from_secs(130);
        for life in state.lives.values_mut() {
            life.crash_at = None;
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.state().quiet
    }

    pub(crate) fn calm(&self) {
        self.state().calm = true;
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.state().calm
    }

    pub(crate) fn fault(&self, kind: &'static str) {
        self.state().fault(kind);
    }

    pub(crate) fn violation(&self, what: String) {
        let mut state = self.state();
        state.note(|| format!("VIOLATION {what}"));
        state.violations.insert(what);
    }

    pub(crate) fn trace(&self) {
        self.state().trace = Some(Vec::new());
    }

    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        self.state().note(what);
    }

    /// Sets the wall clock forth or back.
    pub(crate) fn step_clock(&self, seconds: i64) {
        let mut state = self.state();
        let before = state
            .steps
            .last_key_value()
            .map_or(0, |(_, offset)| *offset);
        let now = state.now;
        state.steps.insert(now, before + seconds);
    }

    /// The most that a wall clock was set back, in all.
    pub(crate) fn set_back(&self) -> Duration {
        let state = self.state();
        let (mut before, mut back) = (0, 0);
        for offset in state.steps.values() {
            back += (before - offset).max(0);
            before = *offset;
        }
        Duration::from_secs(back.unsigned_abs())
    }

    /// When the next wake-up is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.state()
            .queue
            .first_key_value()
            .map(|((due, ..), _)| *due)
    }

    /// Lets time pass to the next wake-up.
    pub(crate) fn advance(&self) {
        let mut state = self.state();
        let Some(((due, ..), waker)) = state.queue.pop_first() else {
            return;
        };
        state.now = state.now.max(due);
        drop(state);
        waker.wake();
    }

    pub(crate) fn advance_to(&self, now: Duration) {
        let mut state = self.state();
        state.now = state.now.max(now);
    }

    pub(crate) fn sleep_until(&self, due: Duration) -> Sleep {
        Sleep {
            world: self.clone(),
            due,
            place: None,
        }
    }

    /// A point at which a Gofer may die. Returns what it takes of time, or nothing if it died.
    fn pass(&self, of: InstanceId, point: Point, takes_time: bool) -> Option<Duration> {
        let mut state = self.state();
        let state = &mut *state;
        let life = state.lives.get_mut(&of)?;
        life.points += 1;
        let (Point::Before(name) | Point::After(name)) = point;
        let is_bad_luck =
            !state.quiet && state.seldom.contains(&name) && state.dice.one_in(UNLUCKY);
        let is_due = life.crash_at.is_some_and(|at| life.points >= at);
        if life.crashed.is_none() && (is_due || is_bad_luck) {
            life.crashed = Some(point);
            *state.coverage.crashes.entry(point).or_default() += 1;
            *state.coverage.faults.entry("crash").or_default() += 1;
        }
        let is_dead = life.crashed.is_some();
        *state.coverage.points.entry(point).or_default() += 1;
        state.mix(name);
        let end = if is_dead { ", where it died" } else { "" };
        state.note(|| format!("{} {point}{end}", short(of)));
        if is_dead {
            return None;
        }
        Some(if takes_time {
            state.latency()
        } else {
            Duration::ZERO
        })
    }

    pub(crate) async fn point(self, of: InstanceId, point: Point) {
        if self.is_calm() {
            return;
        }
        match self.pass(of, point, true) {
            Some(Duration::ZERO) => {}
            Some(wait) => {
                let due = self.elapsed() + wait;
                self.sleep_until(due).await;
            }
            None => std::future::pending().await,
        }
    }

    /// A point that takes no time of its own.
    pub(crate) async fn point_at_once(self, of: InstanceId, point: Point) {
        if !self.is_calm() && self.pass(of, point, false).is_none() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn roll(&self, kind: &'static str) -> bool {
        let mut state = self.state();
        let happens = !state.calm && state.roll(kind);
        if happens {
            state.fault(kind);
        }
        happens
    }

    /// Up to so many milliseconds; little when there are no more faults.
    pub(crate) fn some_time(&self, most: u64) -> Duration {
        let mut state = self.state();
        let most = if state.quiet { most.min(20) } else { most };
        Duration::from_millis(1 + state.dice.below(most))
    }

    /// What a wall clock showed at a moment.
    pub(crate) fn wall(&self, at: Duration) -> Timestamp {
        let state = self.state();
        let offset = state
            .steps
            .range(..=at)
            .next_back()
            .map_or(0, |(_, offset)| *offset);
        drop(state);
        let begin = Timestamp::from_second(BEGIN + offset).unwrap_or(Timestamp::UNIX_EPOCH);
        begin.checked_add(at).unwrap_or(Timestamp::MAX)
    }

    /// The same of a clock that nobody sets.
    pub(crate) fn steady(at: Duration) -> Timestamp {
        let begin = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        begin.checked_add(at).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn from_steady(at: Timestamp) -> Duration {
        let begin = Timestamp::from_second(BEGIN).unwrap_or(Timestamp::UNIX_EPOCH);
        Duration::try_from(at.duration_since(begin)).unwrap_or(Duration::ZERO)
    }
}

/// Once in so many times a step that is seldom taken is the last.
const UNLUCKY: u64 = 4;

impl State {
    fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>12.6} {}", now.as_secs_f64(), what()));
        }
    }

    fn fault(&mut self, kind: &'static str) {
        self.note(|| format!("fault {kind}"));
        *self.coverage.faults.entry(kind).or_default() += 1;
        self.mix(kind);
    }

    fn roll(&mut self, kind: &'static str) -> bool {
        let rate = self.rates.get(kind).copied().unwrap_or(0);
        !self.quiet && rate > 0 && self.dice.one_in(rate)
    }

    pub(super) fn mix(&mut self, word: &str) {
        let now = u64::try_from(self.now.as_nanos()).unwrap_or(u64::MAX);
        for byte in word.bytes().chain(now.to_le_bytes()) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn latency(&mut self) -> Duration {
        if self.roll("slow") {
            self.fault("slow");
            return Duration::from_millis(1_000 + self.dice.below(119_000));
        }
        match self.dice.below(100) {
            0..40 => Duration::ZERO,
            40..95 => Duration::from_micros(self.dice.below(3_000)),
            _ => Duration::from_millis(self.dice.below(200)),
        }
    }
}

/// The number of a process.
pub(crate) fn short(of: InstanceId) -> u64 {
    of.0.as_u64_pair().1 & 0xffff_ffff
}

pub(crate) struct Sleep {
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
