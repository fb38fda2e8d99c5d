//! One driver makes one run happen: it asks the rule book what an event means, stores that, and
//! only then has it done.
//!
//! A driver that starts on a stored run is the same as one that starts on a new one: the rule book
//! says what is to be done, and everything in that list may be done twice.

mod forward;

use crate::{
    Engine,
    ahead::Ahead,
    attempt::{self, Attempt},
    call::{self, Call},
    child::Caller,
    clean,
    context::Context,
    draft::Draft,
    keep,
    message::Message,
};
use gofer_core::{
    id::Epoch,
    name::ParamName,
    plan::Kind,
    run::{Book, Effect, Event, Key, RunStop, Stage},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::mpsc::UnboundedReceiver;

/// The longest wait without a look at the wall clock, which may have been set meanwhile.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(1);

/// Why a driver stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// The run is over, and nothing of it is left anywhere.
    Settled,
    /// The run is over, but something of it could not be removed; whoever adopts it tries again.
    Unclean(String),
    /// This process is about to end.
    Drained,
    /// Another process drives the run now.
    Fenced,
    /// The store does not take it.
    NotStored(String),
    /// Work for this run panicked.
    Panicked(String),
}

pub(crate) struct Driver {
    engine: Engine,
    book: Book,
    context: Arc<Context>,
    inbox: UnboundedReceiver<Message>,
    draft: Draft,
    attempts: BTreeMap<(Key, u32), attempt::Handle>,
    calls: BTreeMap<(Key, u32), call::Handle>,
    /// What is made before it is decided.
    aheads: BTreeMap<(Key, u32), Ahead>,
    /// Requests that have been looked at.
    seen: BTreeSet<u64>,
    /// Removals that go on.
    removals: usize,
    is_over: bool,
    is_releasing: bool,
    left_behind: Option<String>,
    /// There may be containers of this run that no row speaks of.
    has_strangers: bool,
}

impl Driver {
    pub(crate) fn new(
        engine: Engine,
        book: Book,
        context: Arc<Context>,
        inbox: UnboundedReceiver<Message>,
    ) -> Self {
        Self {
            // What an earlier owner made ahead.
            has_strangers: context.claim.epoch > Epoch(1),
            engine,
            book,
            context,
            inbox,
            draft: Draft::default(),
            attempts: BTreeMap::new(),
            calls: BTreeMap::new(),
            aheads: BTreeMap::new(),
            seen: BTreeSet::new(),
            removals: 0,
            is_over: false,
            is_releasing: false,
            left_behind: None,
        }
    }

    /// Drives the run until it is settled or has to be left.
    pub(crate) async fn drive(mut self) -> Left {
        match self.go_on().await {
            Ok(()) => Left::Settled,
            Err(left) => left,
        }
    }

    async fn go_on(&mut self) -> Result<(), Left> {
        for effect in self.book.resume() {
            self.carry_out(effect);
        }
        loop {
            if self.is_over && self.removals == 0 && !self.is_releasing {
                self.let_go()?;
            }
            self.gather().await?;
            let is_last = self.is_over && self.removals == 0 && !self.draft.release;
            if is_last && self.draft.is_for_nobody() {
                // The removals that were the last thing are stored with the run's being let go.
                continue;
            }
            self.permit_ahead();
            let (releases, changed) = (self.draft.release, self.draft.keys());
            let effects = self.store().await?;
            if releases {
                return Ok(());
            }
            for effect in effects {
                self.carry_out(effect);
            }
            self.drop_aheads();
            self.look_ahead(&changed);
        }
    }

    /// Waits for something to happen, and takes everything that has happened by then.
    async fn gather(&mut self) -> Result<(), Left> {
        let context = Arc::clone(&self.context);
        let clock = &context.parts.clock;
        let wait = self.book.due().map(|due| {
            let left = due.duration_since(clock.now());
            Duration::try_from(left)
                .unwrap_or(Duration::ZERO)
                .min(LOOK_AT_CLOCK)
        });
        let alarm = async {
            match wait {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let message = tokio::select! {
            biased;
            () = context.stop.cancelled() => return Err(Left::Drained),
            message = self.inbox.recv() => message,
            () = alarm => None,
        };
        if let Some(message) = message {
            self.take(message)?;
        }
        while let Ok(message) = self.inbox.try_recv() {
            self.take(message)?;
        }
        if self.book.due().is_some_and(|due| due <= clock.now()) {
            self.apply(&Event::Tick);
        }
        Ok(())
    }

    fn take(&mut self, message: Message) -> Result<(), Left> {
        match message {
            Message::Event(event) => {
                if matches!(event, Event::Removed { .. }) {
                    self.removals = self.removals.saturating_sub(1);
                }
                self.apply(&event);
            }
            Message::Permit {
                key,
                attempt,
                container,
                granted,
            } => {
                if self.apply(&Event::Created {
                    key: key.clone(),
                    attempt,
                    container,
                }) {
                    self.draft.permits.push((key, attempt, granted));
                }
            }
            Message::Request(request) => {
                if self.seen.insert(request.number) {
                    self.apply(&Event::Cancel(RunStop::Person));
                    self.draft.handled.push(request.number);
                }
            }
            Message::Cancel { done } => {
                self.apply(&Event::Cancel(RunStop::Person));
                self.draft.waiting.push(done);
            }
            Message::Kept | Message::ChildGone | Message::GivenUp => {
                self.removals = self.removals.saturating_sub(1);
            }
            Message::Released => self.draft.release = self.left_behind.is_none(),
            Message::Left(what) => {
                self.removals = self.removals.saturating_sub(1);
                self.is_releasing = false;
                self.left_behind = Some(what);
            }
            Message::Panicked(words) => return Err(Left::Panicked(words)),
        }
        Ok(())
    }

    /// Asks the rule book. False if it has no place for the event, as for one that comes twice.
    fn apply(&mut self, event: &Event) -> bool {
        match self.book.apply(event, self.context.parts.clock.now()) {
            Ok(step) => {
                self.draft.add(step);
                true
            }
            Err(illegal) => {
                tracing::debug!(run = %self.context.run(), %illegal, "dropped an event");
                false
            }
        }
    }

    /// Stores what was gathered, and returns what may be done now.
    async fn store(&mut self) -> Result<Vec<Effect>, Left> {
        let mut draft = std::mem::take(&mut self.draft);
        if let Some(commit) = draft.commit(self.context.claim, &self.book) {
            keep::commit(&self.context, commit, &draft.keys()).await?;
            self.context.feed.wake();
        }
        for (key, attempt, granted) in draft.permits {
            if !self.is_stopping(&key, attempt) && granted.send(()).is_err() {
                tracing::debug!(run = %self.context.run(), %key.task, "nobody waits for the permit");
            }
        }
        for done in draft.waiting {
            // Whoever asked may have left.
            let _ = done.send(());
        }
        Ok(draft.effects)
    }

    fn is_stopping(&self, key: &Key, number: u32) -> bool {
        let unit = self.book.unit(key);
        let attempt = unit.and_then(|unit| unit.attempts.iter().rfind(|it| it.number == number));
        attempt.is_none_or(|attempt| attempt.stop.is_some() || attempt.state.is_over())
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Start {
                key,
                attempt,
                container,
            } => self.start(key, attempt, *container),
            Effect::Stop {
                key,
                attempt,
                grace,
            } => {
                if let Some(handle) = self.attempts.get(&(key, attempt)) {
                    handle.stop(grace);
                }
            }
            Effect::Remove { key, attempt } => {
                self.attempts.remove(&(key.clone(), attempt));
                self.removals += 1;
                self.context
                    .own(clean::remove(Arc::clone(&self.context), key, attempt));
            }
            Effect::Keep { key, attempt } => {
                self.attempts.remove(&(key.clone(), attempt));
                self.removals += 1;
                self.context
                    .own(clean::keep(Arc::clone(&self.context), key, attempt));
            }
            Effect::Call {
                key,
                attempt,
                params,
            } => self.call(key, attempt, params),
            Effect::CancelCall {
                key,
                attempt,
                times,
            } => {
                if let Some(handle) = self.calls.get(&(key, attempt)) {
                    handle.cancel(times);
                }
            }
            Effect::Finish => {
                self.is_over = true;
                self.context.over.cancel();
            }
        }
    }

    fn start(&mut self, key: Key, number: u32, container: gofer_core::container::Attempt) {
        let unit = self.book.unit(&key);
        let stored = unit.and_then(|unit| unit.attempts.iter().rfind(|it| it.number == number));
        let stage = stored.map_or(Stage::Creating, |attempt| attempt.stage);
        let is_open = |task: &gofer_core::run::Task| !task.own.state.is_over();
        let open = self.book.run().tasks.iter().filter(|task| is_open(task));
        let more_to_come = open.count() > 1 || key.item.is_some();
        let permitted = stored.and_then(|attempt| attempt.container.clone());
        let ahead = self.prepared(&(key.clone(), number), &container);
        let (attempt, handle) = Attempt::new(
            Arc::clone(&self.context),
            attempt::Order {
                key: key.clone(),
                number,
                stage,
                permitted,
                more_to_come,
                container,
                ahead,
            },
        );
        self.attempts.insert((key, number), handle);
        self.context.own(attempt.run());
    }

    /// Its run is among what has to be gone before this one is let go.
    fn call(&mut self, key: Key, number: u32, params: BTreeMap<ParamName, String>) {
        let task = self.book.plan().position(key.task.as_str());
        let task = task.and_then(|at| self.book.plan().tasks.get(at));
        let attempt = self
            .book
            .unit(&key)
            .and_then(|unit| unit.attempts.iter().rfind(|it| it.number == number));
        let (Some(Kind::Call(call)), Some(attempt)) = (task.map(|task| &task.kind), attempt) else {
            return;
        };
        let order = call::Order {
            key: key.clone(),
            number,
            stage: attempt.stage,
            decided: attempt.created_at,
            pipeline: call.name.clone(),
            params,
            caller: Caller {
                namespace: self.book.identity().namespace.clone(),
                run: format!(
                    "{}/{}",
                    self.book.plan().pipeline.name,
                    self.book.identity().number
                ),
                origin: self.book.origin().clone(),
            },
        };
        let (call, handle) = Call::new(self.engine.clone(), Arc::clone(&self.context), order);
        self.calls.insert((key, number), handle);
        self.removals += 1;
        self.context.own(call.run());
    }

    /// The run is over and its containers are gone: so is the rest.
    fn let_go(&mut self) -> Result<(), Left> {
        if let Some(what) = self.left_behind.take() {
            return Err(Left::Unclean(what));
        }
        self.is_releasing = true;
        let id = |(key, number)| self.context.id(&key, number);
        let kept = self
            .has_strangers
            .then(|| self.book.kept().map(id).collect());
        self.context
            .own(clean::release(Arc::clone(&self.context), kept));
        Ok(())
    }
}
