//! One seed: lives of one Gofer after another, until its run is settled.

use super::{coverage::Coverage, dice::Dice, judge, pipeline, world::World};
use gofer_core::{
    clock::Clock as _,
    definition::Pipeline,
    id::{AttemptId, Ids as _, InstanceId, RunId, StoreId},
    name::{NamespaceName, SecretName},
};
use gofer_engine::{Engine, Options, Parts, Resumed, Start, Vault};
use gofer_logs::MemoryDisk;
use gofer_scheduler::fake::{Fake, Machine, Restart};
use gofer_secrets::SecretText;
use gofer_store::memory;
use std::{
    collections::BTreeMap,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};
use uuid::Uuid;

/// What a seed came to.
#[derive(Debug)]
pub struct Outcome {
    /// What the judge has to say; empty if all is well.
    pub violations: Vec<String>,
    /// What was reached.
    pub coverage: Coverage,
    /// The same for every run of the seed.
    pub hash: u64,
    /// Lives that were needed.
    pub lives: u32,
    /// How long it took on the fake clock.
    pub took: Duration,
}

/// Nothing that is to end may take longer, on the fake clock.
const LONGEST: Duration = Duration::from_hours(72);
const MOST_LIVES: u32 = 60;

/// Runs one seed to its end and judges it.
pub fn run(seed: u64) -> Outcome {
    let mut sim = match Sim::new(seed) {
        Ok(sim) => sim,
        Err(why) => return Outcome::failed(why),
    };
    let mut lives = 0;
    let end = loop {
        lives += 1;
        match sim.live(lives) {
            Ok(Life::Settled) => break Ok(()),
            Ok(Life::Crashed) if lives < MOST_LIVES => {}
            Ok(Life::Crashed) => break Err("it crashes for ever".to_owned()),
            Err(why) => break Err(why),
        }
    };
    sim.world.calm();
    let (mut violations, coverage) = match sim.run {
        Some(run) => judge::judge(&sim.store, &sim.machine, &sim.disk, run),
        None => (vec!["no run was ever accepted".to_owned()], Coverage::default()),
    };
    violations.extend(end.err());
    let mut all = sim.world.coverage();
    all.add(&coverage);
    Outcome { violations, coverage: all, hash: sim.world.hash(), lives, took: sim.world.elapsed() }
}

impl Outcome {
    fn failed(why: String) -> Self {
        let (coverage, took) = (Coverage::default(), Duration::ZERO);
        Self { violations: vec![why], coverage, hash: 0, lives: 0, took }
    }
}

enum Life {
    Settled,
    Crashed,
}

struct Sim {
    world: World,
    store: memory::World,
    machine: Machine,
    disk: MemoryDisk,
    pipeline: Pipeline,
    dice: Dice,
    run: Option<RunId>,
    acts: BTreeMap<Duration, Act>,
}

/// What other people do.
#[derive(Clone, Copy, Debug)]
enum Act {
    Cancel,
    Remove,
    Kill(i32),
    Pause,
    Restart(Restart),
}

type Going<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

impl Sim {
    fn new(seed: u64) -> Result<Self, String> {
        let pipeline = pipeline::pipeline(seed).map_err(|error| error.to_string())?;
        let mut dice = Dice::of(seed, "acts");
        let programs = Arc::new(move |attempt: &AttemptId| pipeline::program(seed, attempt));
        let world = World::new(seed, rates(&mut dice), programs);
        let store_id = StoreId(Uuid::from_u128(1));
        Ok(Self {
            store: memory::World::with_hooks(store_id, Arc::new(world.clone())),
            machine: Machine::new(Arc::new(world.clone())),
            disk: MemoryDisk::new(),
            acts: acts(&mut dice),
            run: None,
            world,
            pipeline,
            dice,
        })
    }

    /// From the start of a process to its death, or to the end of the run.
    fn live(&mut self, number: u32) -> Result<Life, String> {
        // Ever later crashes, so that there is an end.
        let crashes = number < 12 && !self.dice.one_in(4);
        let reach = if self.dice.one_in(2) { 12 } else { 25 * u64::from(number) };
        let points = crashes.then(|| 1 + self.dice.below(reach));
        self.world.crash_after(points);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| error.to_string())?;
        let instance = InstanceId(self.world.next());
        let engine = Engine::new(self.parts(instance));
        let life = runtime.block_on(self.go(&engine));
        drop(engine);
        drop(runtime);
        self.store.kill(instance);
        life
    }

    fn parts(&self, instance: InstanceId) -> Parts {
        let store = self.store.instance(instance);
        let fake = Fake::new(self.machine.clone(), StoreId(Uuid::from_u128(1)));
        Parts {
            store: Arc::new(store),
            scheduler: Arc::new(fake),
            clock: Arc::new(self.world.clone()),
            ids: Arc::new(self.world.clone()),
            logs: Arc::new(self.disk.clone()),
            vault: Arc::new(NoVault),
            knock: Arc::new(|_| {}),
            options: Options::default(),
        }
    }

    async fn go(&mut self, engine: &Engine) -> Result<Life, String> {
        let mut begun = None;
        {
            let (pipeline, known) = (self.pipeline.clone(), self.run);
            let beginning = async { begun = Some(begin(engine, pipeline, known).await) };
            if let Life::Crashed = self.drive(engine, Box::pin(beginning)).await? {
                return Ok(Life::Crashed);
            }
        }
        match begun {
            Some(Ok(run)) => self.run = run.or(self.run),
            Some(Err(gofer_engine::Error::Store(_))) => return Ok(Life::Crashed),
            Some(Err(error)) => return Err(format!("it does not begin: {error}")),
            None => return Err("the beginning has no end".to_owned()),
        }
        self.drive(engine, Box::pin(engine.settled())).await
    }

    /// Lets the world turn until `goal` is done.
    async fn drive(&mut self, engine: &Engine, mut goal: Going<'_>) -> Result<Life, String> {
        let mut others: Vec<Going<'_>> = Vec::new();
        loop {
            for _ in 0..40 {
                tokio::task::yield_now().await;
            }
            if poll_once(&mut goal).await {
                return Ok(Life::Settled);
            }
            let mut left = Vec::new();
            for mut other in others {
                if !poll_once(&mut other).await {
                    left.push(other);
                }
            }
            others = left;
            if self.world.crashed().is_some() {
                return Ok(Life::Crashed);
            }
            if self.world.elapsed() > LONGEST {
                return Err("it never ends".to_owned());
            }
            let act = self.acts.first_key_value().map(|(at, act)| (*at, *act));
            let due = self.world.next_due();
            match act.filter(|(at, _)| due.is_none_or(|due| *at <= due)) {
                Some((at, act)) => {
                    self.acts.remove(&at);
                    self.world.advance_to(at);
                    others.extend(self.act(engine, act));
                }
                None if due.is_some() => {
                    self.world.advance();
                }
                None => return Err("nothing will ever happen".to_owned()),
            }
        }
    }

    fn act<'a>(&mut self, engine: &'a Engine, act: Act) -> Option<Going<'a>> {
        let running: Vec<AttemptId> = self
            .machine
            .seen()
            .into_iter()
            .filter(|seen| seen.started.is_some() && seen.end.is_none() && !seen.removed)
            .map(|seen| seen.attempt)
            .collect();
        let victim = self.dice.pick(&running).cloned();
        match (act, victim) {
            (Act::Cancel, _) => {
                let run = self.run?;
                self.world.fault("cancel");
                return Some(Box::pin(async move {
                    // A run that is over by now says so.
                    let _ = engine.cancel(run, "somebody").await;
                }));
            }
            (Act::Restart(restart), _) => {
                let kind = if restart.live_restore { "engine_kept" } else { "engine_restart" };
                self.world.fault(kind);
                self.machine.restart(restart);
            }
            (Act::Remove, Some(victim)) => {
                self.world.fault("removed_outside");
                self.machine.remove_outside(&victim);
            }
            (Act::Kill(code), Some(victim)) => {
                self.world.fault("killed_outside");
                self.machine.kill_outside(&victim, code);
            }
            (Act::Pause, Some(victim)) => {
                self.world.fault("paused_outside");
                self.machine.pause_outside(&victim, true);
                let wake = self.world.elapsed() + Duration::from_secs(5);
                let (machine, world) = (self.machine.clone(), self.world.clone());
                return Some(Box::pin(async move {
                    let wait = wake.saturating_sub(world.elapsed());
                    world.sleep(wait).await;
                    machine.pause_outside(&victim, false);
                }));
            }
            (_, None) => {}
        }
        None
    }
}

/// Goes on with the known run, or with one that was accepted without our hearing of it, or starts
/// one.
async fn begin(
    engine: &Engine,
    pipeline: Pipeline,
    known: Option<RunId>,
) -> Result<Option<RunId>, gofer_engine::Error> {
    let namespace: NamespaceName = "default".parse().map_err(|_| gofer_engine::Error::Draining)?;
    let name = pipeline.name.clone();
    engine.sweep().await?;
    match engine.resume(&namespace, &name, Vec::new()).await? {
        Resumed::Driving(row) | Resumed::Following(row) => return Ok(Some(row.id)),
        Resumed::Nothing if known.is_some() => return Ok(known),
        Resumed::Nothing => {}
    }
    let version = engine.apply(&namespace, pipeline).await?.number;
    let (params, secrets, trigger) = (BTreeMap::new(), Vec::new(), "manual".to_owned());
    let start = Start { namespace, pipeline: name, version, params, secrets, trigger };
    Ok(Some(engine.start(start).await?.id))
}

async fn poll_once(going: &mut Going<'_>) -> bool {
    let mut going = pin!(going);
    std::future::poll_fn(|context| Poll::Ready(going.as_mut().poll(context).is_ready())).await
}

/// How often each mishap comes, once in so many chances; 0 is never. Some worlds are kind.
fn rates(dice: &mut Dice) -> BTreeMap<&'static str, u64> {
    let kinds = ["busy", "full", "not_reached", "answer_lost", "doubled", "no_exit_code"];
    kinds
        .into_iter()
        .map(|kind| {
            let rate = match dice.below(4) {
                0 => 0,
                1 => 5,
                2 => 20,
                _ => 60,
            };
            (kind, if kind == "no_exit_code" { rate * 5 } else { rate })
        })
        .collect()
}

fn acts(dice: &mut Dice) -> BTreeMap<Duration, Act> {
    let mut acts = BTreeMap::new();
    if dice.one_in(3) {
        return acts;
    }
    for _ in 0..dice.below(5) {
        let at = Duration::from_millis(dice.below(30_000));
        let away = Duration::from_millis(dice.below(20_000));
        let act = match dice.below(8) {
            0 | 1 => Act::Cancel,
            2 => Act::Remove,
            3 => Act::Kill(if dice.one_in(2) { 137 } else { 0 }),
            4 => Act::Pause,
            5 => Act::Restart(Restart { away, live_restore: true }),
            _ => Act::Restart(Restart { away, live_restore: false }),
        };
        acts.insert(at, act);
    }
    acts
}

/// The simulated pipelines have no secrets.
struct NoVault;

impl Vault for NoVault {
    fn seal(&self, _: RunId, name: &SecretName, _: &SecretText) -> Result<Vec<u8>, String> {
        Err(format!("{name} is not expected"))
    }

    fn open(&self, _: RunId, name: &SecretName, _: &[u8]) -> Result<SecretText, String> {
        Err(format!("{name} is not expected"))
    }
}
