//! The runs that this process drives.

use crate::{
    Engine, Error, Parts,
    context::{Context, words_of},
    driver::{Driver, Left},
    feed::Feed,
    pins::Pins,
    plans::Plans,
    requests,
    rush::Rush,
    takings::Takings,
    tidy,
};
use futures_util::FutureExt as _;
use gofer_core::{
    definition::Retention,
    id::RunId,
    name::{NamespaceName, PipelineName, SecretName},
    run::{Book, Event, RunState},
};
use gofer_secrets::{Patterns, SecretText};
use gofer_store::{Claim, RunRow};
use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, Semaphore, mpsc::unbounded_channel, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Failures inside Gofer after which a pipeline is not started any more.
const MOST_FAULTS: u32 = 3;

/// What a run needs to be driven.
pub(crate) struct Ready {
    pub(crate) row: RunRow,
    pub(crate) claim: Claim,
    pub(crate) book: Book,
    pub(crate) secrets: BTreeMap<SecretName, SecretText>,
    /// Values that were replaced: a container that still runs may know them.
    pub(crate) older: Vec<(SecretName, SecretText)>,
}

pub(crate) struct Driven {
    pub(crate) parts: Parts,
    runs: Mutex<Runs>,
    /// How many there are.
    count: watch::Sender<usize>,
    pub(crate) tasks: TaskTracker,
    pub(crate) draining: CancellationToken,
    /// Something has started.
    pub(crate) begun: CancellationToken,
    pub(crate) knocks: Notify,
    pub(crate) plans: Plans,
    pub(crate) takings: Takings,
    places: Arc<Semaphore>,
    faults: Mutex<BTreeMap<(NamespaceName, PipelineName), Faults>>,
}

#[derive(Default)]
struct Runs {
    by_id: BTreeMap<RunId, Arc<Context>>,
    /// Runs that are settled, behind which what is old is taken away.
    tidied: usize,
    is_watched: bool,
}

impl Runs {
    /// How many are not done with.
    fn len(&self) -> usize {
        self.by_id.len() + self.tidied
    }
}

/// Counts as a run until it is dropped.
struct Tidying(Arc<Driven>);

impl Drop for Tidying {
    fn drop(&mut self) {
        let mut runs = self.0.runs();
        runs.tidied = runs.tidied.saturating_sub(1);
        self.0.count.send_replace(runs.len());
    }
}

#[derive(Default)]
struct Faults {
    times: u32,
    last: String,
}

impl Driven {
    pub(crate) fn new(parts: Parts) -> Self {
        let places = Arc::new(Semaphore::new(parts.options.max_parallel as usize));
        Self {
            parts,
            runs: Mutex::default(),
            count: watch::Sender::new(0),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            begun: CancellationToken::new(),
            knocks: Notify::new(),
            plans: Plans::default(),
            takings: Takings::default(),
            places,
            faults: Mutex::default(),
        }
    }

    pub(crate) fn find(&self, run: RunId) -> Option<Arc<Context>> {
        self.runs().by_id.get(&run).cloned()
    }

    pub(crate) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    /// No run is left, so nobody has to look for requests. Said under the same lock that a new run
    /// takes.
    pub(crate) fn may_stop_watching(&self) -> bool {
        let mut runs = self.runs();
        runs.is_watched = !runs.by_id.is_empty();
        !runs.is_watched
    }

    /// Starts a driver, unless this process has one for the run already.
    pub(crate) fn drive(self: &Arc<Self>, ready: Ready) {
        let (inbox, messages) = unbounded_channel();
        let secrets = ready
            .secrets
            .iter()
            .map(|(name, value)| (name.clone(), value));
        let older = ready
            .older
            .iter()
            .map(|(name, value)| (name.clone(), value));
        let known: Vec<(SecretName, &SecretText)> = secrets.chain(older).collect();
        let (patterns, too_short) = Patterns::new(&known);
        for name in too_short {
            tracing::warn!(run = %ready.row.id, %name, "a secret is too short to be masked in logs");
        }
        let context = Arc::new(Context {
            parts: self.parts.clone(),
            claim: ready.claim,
            label: format!("{}/{}", ready.row.namespace, ready.row.pipeline),
            number: ready.row.number,
            secrets: ready.secrets,
            patterns,
            pins: Pins::restore(&ready.book),
            places: Arc::clone(&self.places),
            inbox,
            feed: Feed::new(),
            rush: Rush::new(self.begun.clone()),
            stop: self.draining.child_token(),
            over: CancellationToken::new(),
            tasks: TaskTracker::new(),
            keeping: TaskTracker::new(),
        });
        if !self.add(&context) {
            return;
        }
        // There is no queue yet: whatever is accepted may begin.
        if ready.book.run().head.state == RunState::Queued {
            context.event(Event::Admitted);
        }
        if !ready.book.run().head.state.is_over() {
            let own = Arc::clone(&context);
            context.own(async move { own.parts.scheduler.prepare(&own.run()).await });
        }
        let retention = ready.book.plan().pipeline.retention.clone();
        let engine = Engine {
            driven: Arc::clone(self),
        };
        let driver = Driver::new(
            engine,
            ready.book.keeping(self.parts.options.keep),
            Arc::clone(&context),
            messages,
        );
        let (driven, row) = (Arc::clone(self), ready.row);
        self.tasks.spawn(async move {
            driven.live_through(driver, context, (row, retention)).await;
        });
    }

    /// Sees a run through, and takes away what is old beside its last removals, for which an engine
    /// takes its time.
    async fn live_through(
        self: Arc<Self>,
        driver: Driver,
        context: Arc<Context>,
        (row, retention): (RunRow, Option<Retention>),
    ) {
        let over = context.over.clone();
        let mut tidying = pin!(async {
            over.cancelled().await;
            tidy::after(&self.parts, &row, retention.as_ref()).await;
        });
        let of = (row.namespace.clone(), row.pipeline.clone());
        let mut seeing = pin!(Arc::clone(&self).see_through(driver, context, of));
        tokio::select! {
            biased;
            () = &mut tidying => drop(seeing.await),
            settled = &mut seeing => if settled.is_some() {
                tidying.await;
            }
        }
    }

    fn add(self: &Arc<Self>, context: &Arc<Context>) -> bool {
        let mut runs = self.runs();
        let run = context.run();
        if runs.by_id.contains_key(&run) {
            return false;
        }
        runs.by_id.insert(run, Arc::clone(context));
        self.count.send_replace(runs.len());
        if !std::mem::replace(&mut runs.is_watched, true) {
            self.tasks.spawn(requests::watch(Arc::clone(self)));
        }
        true
    }

    /// Waits for a driver, whatever becomes of it, and for everything it began.
    async fn see_through(
        self: Arc<Self>,
        driver: Driver,
        context: Arc<Context>,
        of: (NamespaceName, PipelineName),
    ) -> Option<Tidying> {
        let left = match AssertUnwindSafe(driver.drive()).catch_unwind().await {
            Ok(left) => left,
            Err(panic) => Left::Panicked(words_of(&*panic)),
        };
        context.stop.cancel();
        context.tasks.close();
        context.tasks.wait().await;
        let run = context.run();
        let is_settled = left == Left::Settled;
        match left {
            Left::Settled | Left::Drained => tracing::debug!(%run, ?left, "stopped driving"),
            Left::Fenced => tracing::warn!(%run, "another process drives the run now"),
            Left::Unclean(what) => tracing::error!(%run, what, "something is left behind"),
            Left::NotStored(why) => tracing::error!(%run, why, "the run is not driven any more"),
            Left::Panicked(words) => {
                tracing::error!(%run, words, "driving the run failed inside Gofer");
                let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
                let faults = faults.entry(of).or_default();
                faults.times += 1;
                faults.last = words;
            }
        }
        let mut runs = self.runs();
        runs.by_id.remove(&run);
        runs.tidied += usize::from(is_settled);
        self.count.send_replace(runs.len());
        if runs.by_id.is_empty() {
            self.knocks.notify_one();
        }
        drop(runs);
        context.feed.wake();
        is_settled.then(|| Tidying(self))
    }

    /// Refuses a pipeline that has failed us too often.
    pub(crate) fn check_faults(
        &self,
        namespace: &NamespaceName,
        pipeline: &PipelineName,
    ) -> Result<(), Error> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        match faults.get(&(namespace.clone(), pipeline.clone())) {
            Some(faults) if faults.times >= MOST_FAULTS => Err(Error::Quarantined {
                namespace: namespace.clone(),
                pipeline: pipeline.clone(),
                times: faults.times,
                last: faults.last.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
