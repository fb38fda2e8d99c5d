//! A scheduler whose containers follow a script. What a container does is a function of time, so
//! it goes on while no engine looks.

use crate::{
    clock::TestClock,
    container::{Container, Does},
};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use gofer_core::{
    Clock as _, Timestamp,
    id::{AttemptId, RunId},
    name::VolumeName,
    run::{Exit, Stage},
};
use gofer_scheduler::{
    Collected, Ensure, EnvValue, Error, Fact, LogEvent, Ours, Role, Scheduler, Session, Shell,
    StartError, Started, Tar,
};
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// What happens when a container is to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Making {
    pub(crate) pull: u64,
    pub(crate) fails: Option<StartError>,
}

pub(crate) type Script = Arc<dyn Fn(&AttemptId) -> Vec<(u64, Does)> + Send + Sync>;

pub(crate) type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Called before and after each step; may crash.
pub(crate) type Hook = Arc<dyn Fn(&str) -> Pause + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) clock: TestClock,
    pub(crate) state: Arc<Mutex<State>>,
    tasks: TaskTracker,
    changed: Arc<watch::Sender<u64>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

/// Image, pinned, environment.
type Order = (AttemptId, String, bool, Vec<(String, String)>);

#[derive(Default)]
pub(crate) struct State {
    scripts: BTreeMap<String, Script>,
    making: BTreeMap<String, Making>,
    containers: BTreeMap<AttemptId, Container>,
    deeds: Vec<String>,
    /// Each start.
    pub(crate) orders: Vec<Order>,
    released: Vec<RunId>,
    /// What each was given: a tar.
    pub(crate) given: BTreeMap<AttemptId, Vec<u8>>,
    pub(crate) breaks: u32,
    away: u32,
}

impl Scripted {
    pub(crate) fn new(clock: TestClock) -> Self {
        Self {
            clock,
            state: Arc::default(),
            tasks: TaskTracker::new(),
            changed: Arc::new(watch::Sender::new(0)),
            hook: Arc::default(),
        }
    }

    pub(crate) fn script(
        &self,
        task: &str,
        script: impl Fn(&AttemptId) -> Vec<(u64, Does)> + Send + Sync + 'static,
    ) {
        self.state
            .lock()
            .unwrap()
            .scripts
            .insert(task.to_owned(), Arc::new(script));
    }

    pub(crate) fn making(&self, task: &str, making: Making) {
        self.state
            .lock()
            .unwrap()
            .making
            .insert(task.to_owned(), making);
    }

    /// The next so many calls find no engine.
    pub(crate) fn goes_away(&self, calls: u32) {
        self.state.lock().unwrap().away = calls;
    }

    pub(crate) fn set_hook(&self, hook: Option<Hook>) {
        *self.hook.lock().unwrap() = hook;
    }

    /// What was done, in order.
    pub(crate) fn deeds(&self) -> Vec<String> {
        self.state.lock().unwrap().deeds.clone()
    }

    pub(crate) fn count(&self, deed: &str) -> usize {
        self.deeds().iter().filter(|found| *found == deed).count()
    }

    pub(crate) fn holds(&self) -> usize {
        self.state.lock().unwrap().containers.len()
    }

    pub(crate) fn released(&self) -> Vec<RunId> {
        self.state.lock().unwrap().released.clone()
    }

    /// A container that is there without anybody's doing.
    pub(crate) fn stray(&self, run: RunId, task: &str) {
        let id = AttemptId {
            run,
            task: task.parse().unwrap(),
            item: None,
            number: 9,
        };
        let stray = Container {
            script: Vec::new(),
            started: None,
            stopped: None,
            recipe: String::new(),
        };
        self.state.lock().unwrap().containers.insert(id, stray);
    }

    /// Somebody else removes a container.
    pub(crate) fn vanish(&self, task: &str) {
        self.state
            .lock()
            .unwrap()
            .containers
            .retain(|id, _| id.task.as_str() != task);
        self.changed.send_modify(|count| *count += 1);
    }

    /// The image of each start of a task, and whether it was pinned.
    pub(crate) fn images(&self, task: &str) -> Vec<(String, bool)> {
        let state = self.state.lock().unwrap();
        let of = state
            .orders
            .iter()
            .filter(|(id, ..)| id.task.as_str() == task);
        of.map(|(_, image, pinned, _)| (image.clone(), *pinned))
            .collect()
    }

    /// A variable of the last start of a task.
    pub(crate) fn variable(&self, task: &str, name: &str) -> Option<String> {
        let state = self.state.lock().unwrap();
        let (.., env) = state
            .orders
            .iter()
            .rfind(|(id, ..)| id.task.as_str() == task)?;
        env.iter()
            .rfind(|(found, _)| found == name)
            .map(|(_, value)| value.clone())
    }

    fn did(&self, what: &str, id: &AttemptId) {
        let item = id.item.map(|item| format!("/{item}")).unwrap_or_default();
        let deed = format!("{what} {}{item}#{}", id.task, id.number);
        self.state.lock().unwrap().deeds.push(deed);
    }

    async fn step(&self, what: &str) {
        let hook = self.hook.lock().unwrap().clone();
        if let Some(hook) = hook {
            hook(what).await;
        }
    }

    async fn call(&self, what: &str) -> Result<(), String> {
        self.step(&format!("before {what}")).await;
        let mut state = self.state.lock().unwrap();
        if state.away > 0 {
            state.away -= 1;
            return Err("the engine does not answer".to_owned());
        }
        Ok(())
    }

    fn find(&self, id: &AttemptId) -> Option<Container> {
        self.state.lock().unwrap().containers.get(id).cloned()
    }

    /// Waits until a moment has come, or something changed.
    async fn until(&self, at: Option<Timestamp>, changed: &mut watch::Receiver<u64>) {
        let wait = at.map(|at| Duration::try_from(at.duration_since(self.clock.now())));
        match wait {
            Some(wait) => tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = self.clock.sleep(wait.unwrap_or_default()) => {}
            },
            None => drop(changed.changed().await),
        }
    }

    async fn tell(self, id: AttemptId, facts: tokio::sync::mpsc::UnboundedSender<Fact>) {
        let mut changed = self.changed.subscribe();
        loop {
            let Some(container) = self.find(&id) else {
                let _ = facts.send(Fact::Vanished);
                return;
            };
            let end = container.end();
            match end {
                Some((at, code)) if at <= self.clock.now() => {
                    let _ = facts.send(Fact::Exited(Exit {
                        at,
                        code,
                        out_of_memory: false,
                        engine_restarted: false,
                        stopped_outside: false,
                        bad_command: None,
                    }));
                    return;
                }
                _ => self.until(end.map(|(at, _)| at), &mut changed).await,
            }
        }
    }

    fn stream(&self, id: AttemptId, is_replay: bool) -> BoxStream<'static, LogEvent> {
        let begun = (self.clone(), id, 0, is_replay, self.changed.subscribe());
        let again = is_replay;
        Box::pin(stream::unfold(
            begun,
            move |(world, id, at, is_replay, mut changed)| async move {
                if is_replay {
                    return Some((LogEvent::Replay, (world, id, at, false, changed)));
                }
                loop {
                    let container = world.find(&id)?;
                    let now = world.clock.now();
                    let log = container.log(again);
                    let due = match log.get(at) {
                        Some((due, event)) if *due <= now => {
                            world.step("after log").await;
                            return Some((event.clone(), (world, id, at + 1, false, changed)));
                        }
                        Some((due, _)) => Some(*due),
                        None => {
                            let end = container.end().map(|(end, _)| end + container.late_log());
                            if end.is_some_and(|end| end <= now) {
                                return None;
                            }
                            end
                        }
                    };
                    world.until(due, &mut changed).await;
                }
            },
        ))
    }

    /// Pulls and creates.
    async fn make(&self, request: &Ensure) -> Result<Container, StartError> {
        if request.stage > Stage::Creating {
            return Err(StartError::Vanished);
        }
        let making = {
            let state = self.state.lock().unwrap();
            state
                .making
                .get(request.id.task.as_str())
                .cloned()
                .unwrap_or_default()
        };
        if making.fails.is_some() || making.pull > 0 {
            let wanted = request.permit.wanted().await;
            wanted.map_err(|_| StartError::Refused)?;
        }
        if let Some(error) = making.fails {
            return Err(error);
        }
        if making.pull > 0 {
            let image = request.attempt.main.image.clone();
            let _ = request.facts.send(Fact::Pulling {
                image,
                done: 0,
                total: 10_000_000,
            });
            self.clock.sleep(Duration::from_millis(making.pull)).await;
            let _ = request.facts.send(Fact::Pulled);
        }
        self.take_inputs(request).await?;
        self.did("create", &request.id);
        let script = self
            .state
            .lock()
            .unwrap()
            .scripts
            .get(request.id.task.as_str())
            .cloned();
        let script = script.map_or(vec![(0, Does::Exit(0))], |script| script(&request.id));
        let made = Container {
            script,
            started: None,
            stopped: None,
            recipe: request.recipe.clone(),
        };
        let mut state = self.state.lock().unwrap();
        state.containers.insert(request.id.clone(), made.clone());
        Ok(made)
    }

    fn give_up(&self, id: &AttemptId) {
        self.did("give up", id);
        self.state.lock().unwrap().containers.remove(id);
    }

    fn start(&self, request: &Ensure) {
        self.did("start", &request.id);
        let mut state = self.state.lock().unwrap();
        let main = &request.attempt.main;
        let text = |value: &EnvValue| match value {
            EnvValue::Plain(text) => text.clone(),
            EnvValue::Secret(secret) => secret.expose().to_owned(),
        };
        let env = main
            .env
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        state
            .orders
            .push((request.id.clone(), main.image.clone(), main.pinned, env));
        let now = self.clock.now();
        if let Some(container) = state.containers.get_mut(&request.id) {
            container.started = Some(now);
        }
    }
}

#[async_trait]
impl Scheduler for Scripted {
    async fn ensure(&self, request: Ensure) -> Result<BoxStream<'static, LogEvent>, StartError> {
        self.call("create").await.map_err(StartError::Away)?;
        let is_other = |found: &Container| {
            let is_open = request.stage == Stage::Creating && found.started.is_none();
            is_open && found.recipe != request.recipe
        };
        let found = match self.find(&request.id) {
            Some(found) if is_other(&found) => {
                self.give_up(&request.id);
                self.make(&request).await?
            }
            Some(found) => found,
            None => self.make(&request).await?,
        };
        self.step("after create").await;
        let is_new = found.started.is_none();
        if is_new {
            if request.permit.may_start("1").await.is_err() {
                if request.behind.is_some() && request.permit.wanted().await.is_err() {
                    self.give_up(&request.id);
                }
                return Err(StartError::Refused);
            }
            self.call("start").await.map_err(StartError::Away)?;
            self.start(&request);
            self.step("after start").await;
        }
        let at = self
            .find(&request.id)
            .and_then(|container| container.started);
        let image = Some(format!("{}@sha256:1", request.attempt.main.image));
        let image = image.filter(|_| !request.attempt.main.pinned);
        let image = image.or_else(|| Some(request.attempt.main.image.clone()));
        let started = Started {
            at: at.unwrap(),
            image,
            node: Some("here".to_owned()),
        };
        let _ = request.facts.send(Fact::Started(started));
        self.tasks
            .spawn(self.clone().tell(request.id.clone(), request.facts));
        Ok(self.stream(request.id, !is_new))
    }

    async fn logs(&self, attempt: &AttemptId) -> Result<BoxStream<'static, LogEvent>, Error> {
        Ok(self.stream(attempt.clone(), true))
    }

    async fn stop(&self, attempt: &AttemptId, grace: Duration) -> Result<(), Error> {
        self.call("stop").await.map_err(Error::Away)?;
        self.did("stop", attempt);
        let now = self.clock.now();
        if let Some(container) = self.state.lock().unwrap().containers.get_mut(attempt) {
            let new = (now, grace);
            let ends = |(at, grace): (Timestamp, Duration)| at + grace;
            container.stopped = match container.stopped {
                Some(old) if ends(old) <= ends(new) => Some(old),
                _ => Some(new),
            };
        }
        self.changed.send_modify(|count| *count += 1);
        self.step("after stop").await;
        Ok(())
    }

    async fn collect(&self, attempt: &AttemptId) -> Result<Collected, Error> {
        self.call("collect").await.map_err(Error::Away)?;
        let found = self.find(attempt);
        let artifacts = found.as_ref().and_then(Container::artifacts).is_some();
        let output = found.and_then(|container| container.output(self.clock.now()));
        self.step("after collect").await;
        Ok(Collected { output, artifacts })
    }

    async fn artifacts(&self, attempt: &AttemptId) -> Result<Option<Tar>, Error> {
        self.call("artifacts").await.map_err(Error::Away)?;
        let found = self.find(attempt);
        let tar = found.as_ref().and_then(Container::artifacts);
        self.step("after artifacts").await;
        Ok(tar.map(|tar| self.sent(&tar)))
    }

    async fn keep(&self, attempt: &AttemptId) -> Result<bool, Error> {
        self.call("keep").await.map_err(Error::Away)?;
        Ok(self.find(attempt).is_some())
    }

    async fn shell(&self, _: &AttemptId, _: Shell) -> Result<Session, Error> {
        Err(Error::Unsupported("no shell here".to_owned()))
    }

    async fn remove(&self, attempt: &AttemptId) -> Result<(), Error> {
        self.call("remove").await.map_err(Error::Away)?;
        self.did("remove", attempt);
        self.state.lock().unwrap().containers.remove(attempt);
        self.changed.send_modify(|count| *count += 1);
        self.step("after remove").await;
        Ok(())
    }

    async fn list_ours(&self) -> Result<Vec<Ours>, Error> {
        self.call("list_ours").await.map_err(Error::Away)?;
        let state = self.state.lock().unwrap();
        let ours = state.containers.keys().map(|id| Ours {
            role: Role::Attempt,
            run: Some(id.run),
            attempt: Some(id.clone()),
            epoch: None,
            owner: None,
            name: id.to_string(),
            running: false,
        });
        Ok(ours.collect())
    }

    async fn release(&self, run: &RunId) -> Result<(), Error> {
        self.call("release").await.map_err(Error::Away)?;
        self.state.lock().unwrap().released.push(*run);
        self.step("after release").await;
        Ok(())
    }

    async fn prepare(&self, _: &RunId) {}

    async fn volume_ensure(&self, _: &str, _: &VolumeName) -> Result<(), Error> {
        Err(Error::Unsupported("no volumes here".to_owned()))
    }

    async fn volumes(&self) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error> {
        Ok(Vec::new())
    }

    async fn volume_remove(&self, _: &str, _: &VolumeName) -> Result<(), Error> {
        Ok(())
    }

    async fn exec(&self, _: &AttemptId, _: &[String]) -> Result<(i32, Vec<u8>), Error> {
        Err(Error::Unsupported("no exec here".to_owned()))
    }

    async fn close(&self) {}
}
