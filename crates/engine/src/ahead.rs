//! A container that is made before it is decided that its task runs, while the one before it does.
//!
//! It is the ordinary order to the scheduler, only earlier: between create and start there is the
//! permit, and that is not given before the attempt is decided and stored. What is made ahead is no
//! attempt, and no row anywhere speaks of it: where it is not wanted it is removed, and where its
//! process dies whoever goes on does not take it up, because of the epoch in its recipe, and looks
//! for it before the run is let go.

use crate::{
    attempt::{Start, spec},
    context::Context,
};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use gofer_core::{
    container,
    definition::Pull,
    id::AttemptId,
    planted,
    run::{self, Key, Stage},
};
use gofer_scheduler::{Ensure, Fact, LogEvent, Permit, Refused, StartError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot::{self, error::TryRecvError},
    watch,
};

/// Where facts go, and come from.
pub(crate) type Channel = (UnboundedSender<Fact>, UnboundedReceiver<Fact>);
pub(crate) type Answer = Result<BoxStream<'static, LogEvent>, StartError>;

/// The driver's end of what is made ahead.
pub(crate) struct Ahead {
    container: container::Attempt,
    pinned: Option<String>,
    word: watch::Sender<Word>,
    made: Made,
    facts: Channel,
    /// None: it came, before anybody wanted it.
    answer: Option<oneshot::Receiver<Answer>>,
    /// It is permitted to start when the driver's draft is stored.
    pub(crate) start: Option<Start>,
}

/// What an attempt goes on with.
pub(crate) struct Asked {
    pub(crate) facts: Channel,
    pub(crate) answer: oneshot::Receiver<Answer>,
}

/// What the driver has said of it.
#[derive(Clone)]
enum Word {
    Nothing,
    /// This permit is asked from now on.
    Wanted(Arc<dyn Permit>),
    Refused,
}

/// The engine's id of the container, once it is made.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Option<String>>>);

impl Made {
    fn locked(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ahead {
    /// Has it made, unless the image would have to be asked for first.
    pub(crate) fn order(context: &Arc<Context>, ahead: run::Ahead) -> Option<Self> {
        let main = &ahead.container.main;
        let pinned = context.pins.of(&main.image);
        if main.pull == Pull::Always && pinned.is_none() {
            return None;
        }
        let (word, heard) = watch::channel(Word::Nothing);
        let (mut told, answer) = oneshot::channel();
        let made = Made::default();
        let later = Later {
            word: heard,
            made: made.clone(),
        };
        let facts = channel();
        let request = Ensure {
            id: context.id(&ahead.key, ahead.attempt),
            pipeline: context.label.clone(),
            number: context.number,
            epoch: context.claim.epoch,
            stage: Stage::Creating,
            permitted: None,
            more_to_come: true,
            behind: Some(behind(context, &ahead)),
            recipe: ahead
                .container
                .recipe(context.claim.epoch, pinned.as_deref()),
            attempt: spec::attempt(context, &ahead.container, pinned.as_deref()).ok()?,
            inputs: None,
            service_logs: Vec::new(),
            permit: Box::new(later.clone()),
            facts: facts.0.clone(),
        };
        let own = Arc::clone(context);
        context.own(async move {
            tokio::select! {
                biased;
                // Whatever it is, the scheduler hears of it next.
                _ = later.wanted() => {}
                () = own.rush.calm(&*own.parts.clock) => {}
            }
            let answer = tokio::select! {
                biased;
                // An attempt that is stopped while it waits for a pull leaves it alone.
                () = told.closed() => return,
                answer = own.parts.scheduler.ensure(request) => answer,
            };
            // Whoever had it made may have left meanwhile.
            let _ = told.send(answer);
        });
        Some(Self {
            container: *ahead.container,
            pinned,
            word,
            made,
            facts,
            answer: Some(answer),
            start: None,
        })
    }

    /// It is what was decided in the end.
    pub(crate) fn fits(&self, context: &Context, decided: &container::Attempt) -> bool {
        let is_same = self.container == *decided || planted::is(15);
        is_same && self.pinned == context.pins.of(&decided.main.image)
    }

    /// The container, if it only waits for the permit.
    pub(crate) fn made(&mut self) -> Option<String> {
        let is_open = self.is_open();
        self.made.locked().clone().filter(|_| is_open)
    }

    fn is_open(&mut self) -> bool {
        let is_open = |answer: &mut oneshot::Receiver<Answer>| {
            matches!(answer.try_recv(), Err(TryRecvError::Empty))
        };
        self.answer.take_if(|answer| !is_open(answer));
        self.answer.is_some()
    }

    /// It is to be. `None`: it came to an end before that was known, which is not held against it.
    pub(crate) fn want(mut self, permit: Arc<dyn Permit>) -> Option<Asked> {
        if !self.is_open() {
            return None;
        }
        self.word.send_replace(Word::Wanted(permit));
        let facts = self.facts;
        self.answer.map(|answer| Asked { facts, answer })
    }

    /// It is not to be. True: nothing of it is left.
    pub(crate) async fn refuse(self) -> bool {
        self.word.send_replace(Word::Refused);
        match self.answer {
            Some(answer) => matches!(answer.await, Ok(Err(StartError::Refused))),
            None => false,
        }
    }
}

pub(crate) fn channel() -> Channel {
    unbounded_channel()
}

fn behind(context: &Context, ahead: &run::Ahead) -> AttemptId {
    let (key, number): &(Key, u32) = &ahead.behind;
    context.id(key, *number)
}

/// The permit of what is made ahead.
#[derive(Clone)]
struct Later {
    word: watch::Receiver<Word>,
    made: Made,
}

impl Later {
    /// By silence no: what was made is of this owner's epoch, and nobody else takes it up.
    async fn permit(&self) -> Result<Arc<dyn Permit>, Refused> {
        let mut heard = self.word.clone();
        let word = heard.wait_for(|word| !matches!(word, Word::Nothing)).await;
        match word.as_deref() {
            Ok(Word::Wanted(permit)) => Ok(Arc::clone(permit)),
            _ => Err(Refused),
        }
    }
}

#[async_trait]
impl Permit for Later {
    async fn may_start(&self, container: &str) -> Result<(), Refused> {
        *self.made.locked() = Some(container.to_owned());
        self.permit().await?.may_start(container).await
    }

    async fn wanted(&self) -> Result<(), Refused> {
        self.permit().await.map(drop)
    }
}
