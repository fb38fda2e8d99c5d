//! One seed: processes come and go until every run is settled.

use super::{
    acts::{Act, Acts},
    calls,
    cast::Cast,
    chance,
    coverage::Coverage,
    dice::Dice,
    files::Given,
    judge::Judge,
    look::Look,
    objects::Watched,
    panics, pipeline,
    process::{self, NoVault, Process, Turn, Wish},
    seat::{Hooks, Seat},
    watch::Watch,
    world::World,
};
use gofer_core::{
    definition::Pipeline,
    id::{InstanceId, StoreId},
};
use gofer_engine::{Engine, Options, Parts};
use gofer_logs::{Disk, MemoryDisk};
use gofer_objects::Objects;
use gofer_scheduler::fake::{Fake, Machine};
use gofer_store::memory;
use object_store::{ObjectStore, memory::InMemory};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// What a seed came to.
#[derive(Debug)]
pub struct Outcome {
    /// What is wrong; empty if all is well.
    pub violations: Vec<String>,
    /// What was reached.
    pub coverage: Coverage,
    /// The same for every run of the seed.
    pub hash: u64,
    /// Lives of processes that were needed.
    pub lives: u32,
    /// How long it took on the fake clock.
    pub took: Duration,
    /// Points that the first process passed.
    pub points: u64,
    /// What happened, in words, if that was wanted.
    pub trace: Vec<String>,
}

/// Where the first process crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// As chance will have it, and later ones too.
    Chance,
    /// Nowhere.
    Never,
    /// At this point, and no other process does.
    At(u64),
}

/// Runs one seed to its end and judges it.
pub fn run(seed: u64, crash: Crash) -> Outcome {
    see(seed, crash, false)
}

/// The same, with a trace.
pub fn trace(seed: u64, crash: Crash) -> Outcome {
    see(seed, crash, true)
}

fn see(seed: u64, crash: Crash, traced: bool) -> Outcome {
    let mut sim = match Sim::new(seed, crash) {
        Ok(sim) => sim,
        Err(why) => return Outcome::failed(why),
    };
    if traced {
        sim.world.trace();
    }
    panics::keep();
    let end = sim.go();
    let mut outcome = sim.judge(end.err());
    outcome.violations.extend(panics::take());
    outcome
}

impl Outcome {
    fn failed(why: String) -> Self {
        Self {
            violations: vec![why],
            coverage: Coverage::default(),
            hash: 0,
            lives: 0,
            took: Duration::ZERO,
            points: 0,
            trace: Vec::new(),
        }
    }
}

/// One place for a process: what runs in it, and what is wanted there.
struct Slot {
    process: Option<Process>,
    wishes: Vec<Wish>,
    lives: u32,
}

pub(super) struct Sim {
    pub(super) world: World,
    store: memory::World,
    pub(super) machine: Machine,
    disk: Arc<dyn Disk>,
    objects: Arc<InMemory>,
    pipelines: Vec<Pipeline>,
    /// Those that they call.
    called: Vec<Pipeline>,
    pub(super) dice: Dice,
    slots: Vec<Slot>,
    pub(super) acts: Acts,
    cast: Arc<Cast>,
    pub(super) look: Arc<Look>,
    watch: Arc<Watch>,
    crash: Crash,
    options: Options,
    /// Some process was taken for dead while it lived.
    zombies: bool,
    points: u64,
    patience: Duration,
}

/// What pipelines call in this world, if anything: one that may call another itself.
fn called(dice: &mut Dice, seed: u64) -> Result<Vec<Pipeline>, String> {
    if !dice.one_in(2) {
        return Ok(Vec::new());
    }
    let leaf = pipeline::called(seed, "leaf", None)?;
    let calls = if dice.one_in(3) { Some("leaf") } else { None };
    Ok(vec![pipeline::called(seed, "sub", calls)?, leaf])
}

const STORE: StoreId = StoreId(Uuid::from_u128(1));

impl Sim {
    fn new(seed: u64, crash: Crash) -> Result<Self, String> {
        let mut dice = Dice::of(seed, "acts");
        let names = if dice.one_in(4) {
            &["one", "two"][..]
        } else {
            &["one"]
        };
        let called = called(&mut dice, seed)?;
        let calls = called.first().map(|called| called.name.as_str());
        let pipelines: Vec<Pipeline> = names
            .iter()
            .map(|name| pipeline::pipeline(seed, name, calls))
            .collect::<Result<_, _>>()?;
        let world = World::new(seed, chance::rates(&mut dice));
        if matches!(crash, Crash::Chance) {
            world.have_bad_luck();
        }
        let cast = Arc::new(Cast(seed));
        let store = memory::World::with_hooks(STORE, Arc::new(Hooks(world.clone())));
        let instance = InstanceId(Uuid::nil());
        let seat = Seat {
            world: world.clone(),
            instance,
            cast: Arc::clone(&cast),
            watch: None,
        };
        let machine = Machine::new(Arc::new(seat));
        let watch = Watch {
            world: world.clone(),
            look: Look::new(&store),
            machine: machine.clone(),
            given: Given::default(),
        };
        let mut sim = Self {
            patience: chance::patience(&pipelines)?.max(chance::patience(&called)?),
            look: Arc::new(Look::new(&store)),
            watch: Arc::new(watch),
            store,
            machine,
            disk: Arc::new(MemoryDisk::new()),
            objects: Arc::new(InMemory::new()),
            pipelines,
            called,
            slots: Vec::new(),
            acts: Acts::default(),
            cast,
            crash,
            options: chance::options(&mut dice, seed),
            zombies: false,
            points: 0,
            world,
            dice,
        };
        sim.set_the_scene();
        Ok(sim)
    }

    fn set_the_scene(&mut self) {
        let count = if self.dice.one_in(3) {
            2 + self.dice.below(2)
        } else {
            1
        };
        let slots = if self.dice.below(5) < 2 { 2 } else { 1 };
        if count > 1 {
            self.world.fault("crowd");
        }
        let mut wishes: Vec<Vec<Wish>> = vec![Vec::new(); slots];
        for nth in 0..count {
            let pipeline = self.dice.pick(&self.pipelines).cloned();
            let slot = usize::try_from(self.dice.below(slots as u64)).unwrap_or(0);
            if let (Some(pipeline), Some(of)) = (pipeline, wishes.get_mut(slot)) {
                of.push(Wish {
                    pipeline,
                    called: self.called.clone(),
                    trigger: format!("w{nth}"),
                });
            }
        }
        for wishes in wishes {
            self.add_slot(wishes);
        }
        if !self.dice.one_in(4) {
            self.acts.fill(&mut self.dice);
        }
        let quiet = Duration::from_secs(20 + self.dice.below(100));
        self.acts.add(quiet, Act::Quiet);
    }

    pub(super) fn add_slot(&mut self, wishes: Vec<Wish>) {
        let slot = self.slots.len();
        self.slots.push(Slot {
            process: None,
            wishes,
            lives: 0,
        });
        self.acts.add(self.world.elapsed(), Act::Start(slot));
    }

    /// A process begins in a slot.
    pub(super) fn start(&mut self, slot: usize) -> Result<(), String> {
        let instance = InstanceId(self.world.next_id());
        let crash_at = self.crash_at(slot);
        let Some(slot) = self
            .slots
            .get_mut(slot)
            .filter(|slot| slot.process.is_none())
        else {
            return Ok(());
        };
        slot.lives += 1;
        let wishes = slot.wishes.clone();
        self.world.begin_life(instance, crash_at);
        let seat = Seat {
            world: self.world.clone(),
            instance,
            cast: Arc::clone(&self.cast),
            watch: Some(Arc::clone(&self.watch)),
        };
        let world = self.world.clone();
        let knock = move |at| {
            if !world.roll("knock_lost") {
                world.state().knocks.push(at);
            }
        };
        let fake = Fake::seen_from(self.machine.clone(), STORE, Arc::new(seat.clone()));
        let engine = Engine::new(Parts {
            store: Arc::new(self.store.instance(instance)),
            scheduler: Arc::new(fake),
            clock: Arc::new(seat.clone()),
            ids: Arc::new(seat.clone()),
            logs: Arc::clone(&self.disk),
            objects: Objects::over(Arc::new(Watched {
                kept: Arc::clone(&self.objects),
                world: self.world.clone(),
                instance,
            })),
            vault: Arc::new(NoVault),
            knock: Arc::new(knock),
            options: self.options,
        });
        let look = Arc::clone(&self.look);
        let life = process::live(engine.clone(), seat, look, self.pipelines.clone(), wishes);
        slot.process = Some(Process::new(instance, engine, Box::pin(life))?);
        Ok(())
    }

    fn crash_at(&mut self, slot: usize) -> Option<u64> {
        let lives = self.slots.get(slot).map_or(0, |slot| slot.lives);
        match self.crash {
            Crash::Never => None,
            Crash::At(point) => Some(point).filter(|_| slot == 0 && lives == 0),
            Crash::Chance => {
                let crashes = !self.world.is_quiet() && lives < 12 && !self.dice.one_in(3);
                let reach = if self.dice.one_in(2) {
                    20
                } else {
                    40 * (1 + u64::from(lives))
                };
                crashes.then(|| 1 + self.dice.below(reach))
            }
        }
    }

    fn go(&mut self) -> Result<(), String> {
        loop {
            self.turns()?;
            let is_over = self.slots.iter().all(|slot| slot.process.is_none());
            if is_over && self.acts.next_due().is_none() {
                return Ok(());
            }
            self.mind_liveness()?;
            let (act, due) = (self.acts.next_due(), self.world.next_due());
            match (act, due) {
                (Some(at), due) if due.is_none_or(|due| at <= due) => {
                    self.world.advance_to(at);
                    if let Some(act) = self.acts.take() {
                        self.perform(act)?;
                    }
                }
                (_, Some(_)) => self.world.advance(),
                (_, None) => return Err("liveness: nothing will ever happen".to_owned()),
            }
        }
    }

    fn turns(&mut self) -> Result<(), String> {
        for nth in 0..self.slots.len() {
            self.turn(nth)?;
        }
        let knocks = std::mem::take(&mut self.world.state().knocks);
        for slot in &self.slots {
            if let Some(process) = slot
                .process
                .as_ref()
                .filter(|it| knocks.contains(&it.instance))
            {
                process.engine.knocked();
            }
        }
        Ok(())
    }

    fn turn(&mut self, nth: usize) -> Result<(), String> {
        let Some(slot) = self.slots.get_mut(nth) else {
            return Ok(());
        };
        let Some(process) = slot
            .process
            .as_mut()
            .filter(|process| !process.is_suspended)
        else {
            return Ok(());
        };
        let turn = process.turn(&self.world);
        let (instance, is_draining) = (process.instance, process.is_draining);
        let again = match turn {
            Turn::GoesOn => return Ok(()),
            Turn::Failed(why) => return Err(why),
            Turn::Crashed => true,
            Turn::Done => is_draining,
        };
        slot.process = None;
        let is_first = nth == 0 && slot.lives == 1;
        if is_first {
            self.points = self.world.points(instance);
        }
        self.store.kill(instance);
        if again {
            let wait = if self.dice.one_in(3) {
                self.world.some_time(4_000)
            } else {
                Duration::ZERO
            };
            self.acts.add(self.world.elapsed() + wait, Act::Start(nth));
        }
        Ok(())
    }

    /// After the faults have stopped something has to come forward all the time.
    fn mind_liveness(&self) -> Result<(), String> {
        if !self.world.is_quiet() {
            return Ok(());
        }
        let (now, progress) = (self.world.elapsed(), self.world.state().progress);
        let patience = self.patience + self.world.set_back();
        if now > progress + patience {
            let open = self
                .look
                .rows()
                .into_iter()
                .filter(|row| row.claim.is_some());
            let open: Vec<String> = open
                .map(|row| format!("{} {} {:?}", row.id, row.head.state, row.claim))
                .collect();
            return Err(format!(
                "liveness: nothing was stored for {patience:?}; open: {open:?}"
            ));
        }
        Ok(())
    }

    fn judge(mut self, end: Option<String>) -> Outcome {
        let lives = self.slots.iter().map(|slot| slot.lives).sum();
        let took = self.world.elapsed();
        // What dead processes left behind is taken away by the next one to start.
        if end.is_none() && (lives > 1) {
            self.last_sweep();
        }
        self.world.calm();
        let wishes: Vec<Wish> = self.slots.drain(..).flat_map(|slot| slot.wishes).collect();
        let judge = Judge {
            look: &self.look,
            machine: &self.machine,
            disk: &self.disk,
            objects: Objects::over(Arc::clone(&self.objects) as Arc<dyn ObjectStore>),
            cast: &self.cast,
            given: &self.watch.given,
            logs_are_shared: self.zombies,
        };
        let mut violations: Vec<String> = end.into_iter().collect();
        let mut coverage = Coverage::default();
        let rows = self.look.rows();
        violations.extend(calls::judge(&self.look, &rows));
        for row in &rows {
            let (wrong, reached) = judge.judge(row.id);
            violations.extend(wrong);
            coverage.add(&reached);
        }
        for wish in wishes {
            let count = rows
                .iter()
                .filter(|row| row.origin.trigger == wish.trigger)
                .count();
            if count != 1 {
                violations.push(format!("I1: {} was accepted {count} times", wish.trigger));
            }
        }
        let mut state = self.world.state();
        violations.extend(state.violations.iter().cloned());
        coverage.add(&state.coverage);
        let trace = state.trace.take().unwrap_or_default();
        Outcome {
            violations,
            coverage,
            hash: state.hash,
            lives,
            took,
            points: self.points,
            trace,
        }
    }

    fn last_sweep(&mut self) {
        self.add_slot(Vec::new());
        if let Err(why) = self.go() {
            self.world.violation(why);
        }
    }

    pub(super) fn process(&mut self, slot: usize) -> Option<&mut Process> {
        self.slots.get_mut(slot)?.process.as_mut()
    }

    /// The slots in which somebody is awake.
    pub(super) fn awake(&self) -> Vec<usize> {
        let is_awake = |slot: &Slot| {
            slot.process
                .as_ref()
                .is_some_and(|it| !it.is_suspended && !it.is_draining)
        };
        (0..)
            .zip(&self.slots)
            .filter(|(_, slot)| is_awake(slot))
            .map(|(nth, _)| nth)
            .collect()
    }

    /// Others take it for dead from now on, and somebody else comes in its place.
    pub(super) fn declare_dead(&mut self, instance: InstanceId) {
        self.zombies = true;
        self.world.declare_dead(instance);
        self.store.kill(instance);
        self.add_slot(Vec::new());
    }
}
