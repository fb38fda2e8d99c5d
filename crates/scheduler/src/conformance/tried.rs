use super::{Bench, Job};
use crate::{
    Attempt, Container, Ensure, Exit, Fact, Inputs, LogEvent, Permit, Refused, Scheduler, Service,
    StartError, Stream,
};
use async_trait::async_trait;
use futures_util::{StreamExt, stream::BoxStream};
use gofer_core::{
    id::{AttemptId, Epoch, RunId},
    name::ServiceName,
    run::Stage,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{
    mpsc::{Sender, UnboundedReceiver, unbounded_channel},
    watch,
};

/// Longer than anything here takes on a slow machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// An attempt of a task with this name.
pub(super) fn attempt(run: RunId, task: &str) -> Result<AttemptId, String> {
    let task = task.parse().map_err(|error| format!("{task}: {error}"))?;
    Ok(AttemptId {
        run,
        task,
        item: None,
        number: 1,
    })
}

struct Always(Arc<Mutex<Vec<String>>>, bool);

#[async_trait]
impl Permit for Always {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(container.to_owned());
        if self.1 { Ok(()) } else { Err(Refused) }
    }
}

/// How an attempt is asked for.
pub(super) struct Asking {
    pub(super) stage: Stage,
    pub(super) permitted: bool,
    /// The container that was permitted before.
    pub(super) container: Option<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) inputs: Option<Arc<dyn Inputs>>,
    pub(super) services: Vec<Service>,
    pub(super) service_logs: Vec<(ServiceName, Sender<LogEvent>)>,
    /// What it is made of.
    pub(super) recipe: String,
    /// It is ordered ahead: behind which, and what is said of it.
    pub(super) ahead: Option<(AttemptId, Later)>,
}

/// The permit of what is ordered ahead: nothing is said yet, it is wanted, or it is not.
pub(super) type Later = watch::Receiver<Option<bool>>;

struct Behind(Later, Always);

#[async_trait]
impl Permit for Behind {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        self.wanted().await?;
        self.1.may_start(container).await
    }

    async fn wanted(&self) -> Result<(), Refused> {
        let mut said = self.0.clone();
        let said = said.wait_for(Option::is_some).await;
        let is_wanted = said.is_ok_and(|said| *said == Some(true));
        if is_wanted { Ok(()) } else { Err(Refused) }
    }
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            stage: Stage::Creating,
            permitted: true,
            container: None,
            labels: Vec::new(),
            inputs: None,
            services: Vec::new(),
            service_logs: Vec::new(),
            recipe: String::new(),
            ahead: None,
        }
    }
}

impl Asking {
    pub(super) fn at(stage: Stage) -> Self {
        Self {
            stage,
            ..Self::default()
        }
    }
}

/// An attempt that was asked for and given.
pub struct Started {
    pub(super) log: BoxStream<'static, LogEvent>,
    pub(super) facts: UnboundedReceiver<Fact>,
    /// How often leave to start was asked for.
    pub(super) asked: usize,
    /// For which container the last time.
    pub(super) container: Option<String>,
}

/// An attempt that has ended.
pub struct Tried {
    /// All that was said, in order.
    pub facts: Vec<Fact>,
    /// All that it wrote.
    pub log: Vec<LogEvent>,
}

/// Asks for an attempt.
pub(super) async fn start(
    bench: &dyn Bench,
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    job: &Job,
    asking: Asking,
) -> Result<Started, StartError> {
    start_container(scheduler, id, bench.container(id, job), asking).await
}

/// Asks for an attempt with this container.
pub(super) async fn start_container(
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    main: Container,
    asking: Asking,
) -> Result<Started, StartError> {
    let (to, facts) = unbounded_channel();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let always = Always(asked.clone(), asking.permitted);
    let (behind, said) = asking.ahead.unzip();
    let permit: Box<dyn Permit> = match said {
        Some(said) => Box::new(Behind(said, always)),
        None => Box::new(always),
    };
    let request = Ensure {
        id: id.clone(),
        pipeline: "default/conformance".to_owned(),
        number: 1,
        epoch: Epoch(1),
        stage: asking.stage,
        more_to_come: behind.is_some(),
        behind,
        recipe: asking.recipe,
        permitted: asking.container,
        attempt: Attempt {
            main,
            services: asking.services,
            labels: asking.labels,
        },
        inputs: asking.inputs,
        service_logs: asking.service_logs,
        permit,
        facts: to,
    };
    let log = scheduler.ensure(request).await?;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Started {
        log,
        facts,
        asked: asked.len(),
        container: asked.last().cloned(),
    })
}

impl Started {
    /// Waits for the end of the log and the last fact.
    pub(super) async fn end(self, bench: &dyn Bench) -> Result<Tried, String> {
        let Self { log, mut facts, .. } = self;
        let reading = log.collect::<Vec<_>>();
        let hearing = async {
            let mut heard = Vec::new();
            while let Some(fact) = facts.recv().await {
                heard.push(fact);
            }
            heard
        };
        let clock = bench.clock();
        tokio::select! {
            biased;
            (log, facts) = async { tokio::join!(reading, hearing) } => Ok(Tried { facts, log }),
            () = clock.sleep(PATIENCE) => Err("it did not end".to_owned()),
        }
    }

    /// Waits for a fact that is wanted.
    pub(super) async fn hear(
        &mut self,
        bench: &dyn Bench,
        wanted: impl Fn(&Fact) -> bool,
    ) -> Result<Fact, String> {
        let clock = bench.clock();
        let hearing = async {
            while let Some(fact) = self.facts.recv().await {
                if wanted(&fact) {
                    return Ok(fact);
                }
            }
            Err("the facts ended without the one that was waited for".to_owned())
        };
        tokio::select! {
            biased;
            heard = hearing => heard,
            () = clock.sleep(PATIENCE) => Err("a fact did not come".to_owned()),
        }
    }
}

impl Tried {
    /// The exit, if that is how it ended. Facts come in their order, and the last one is last.
    pub fn exit(&self) -> Result<&Exit, String> {
        let is_last =
            |fact: &&Fact| matches!(fact, Fact::Exited(_) | Fact::Vanished | Fact::NoExitCode);
        assert_eq!(
            self.facts.iter().filter(is_last).count(),
            1,
            "one end: {:?}",
            self.facts
        );
        match self.facts.last() {
            Some(Fact::Exited(exit)) => Ok(exit),
            _ => Err(format!("it has no exit: {:?}", self.facts)),
        }
    }

    /// What was written to a stream, as it came.
    pub fn written(&self, wanted: Stream) -> Vec<u8> {
        let mut written = Vec::new();
        for event in &self.log {
            match event {
                LogEvent::Bytes { stream, bytes, .. } if *stream == wanted => {
                    written.extend_from_slice(bytes);
                }
                _ => {}
            }
        }
        written
    }
}

/// Asks for an attempt and waits for its end.
pub(super) async fn whole(
    bench: &dyn Bench,
    scheduler: &dyn Scheduler,
    id: &AttemptId,
    job: &Job,
) -> Result<Tried, String> {
    let started = start(bench, scheduler, id, job, Asking::default()).await;
    started.map_err(|error| error.to_string())?.end(bench).await
}

/// Removes everything of a run.
pub(super) async fn tidy(scheduler: &dyn Scheduler, ids: &[&AttemptId]) -> Result<(), String> {
    for id in ids {
        scheduler
            .remove(id)
            .await
            .map_err(|error| error.to_string())?;
        scheduler
            .release(&id.run)
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
