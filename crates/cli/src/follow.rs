//! Follows a run to its end: events, logs and signals on their way to a view.

mod signals;

pub(crate) use signals::Signals;

use crate::{
    failure::Result,
    missing,
    unit::{self, Key},
    view::View,
};
use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{BoxStream, FuturesUnordered, SelectAll},
};
use gofer_core::Timestamp;
use gofer_sdk::{
    Client, Error, LogPiece, LogQuery, RunEvent, RunRef,
    types::{Change, LogOptions, Run, RunState, TaskState},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior};

/// Between two drawings, and two looks at the run.
const TICK: Duration = Duration::from_millis(100);
/// How long logs may take to come to their end after the run.
const LOGS_LATE: Duration = Duration::from_secs(5);
/// Lines of a log that was being written before we came.
const JOINED: u64 = 10;
/// A stream of events that broke is taken up again so many times in a row.
const MOST_BREAKS: u32 = 20;

/// How following came to its end.
pub(crate) enum Followed {
    /// The run is over, and nothing of it is left on a scheduler.
    Over(Run),
    /// The user left; the run goes on.
    Left(Run),
}

/// What is followed, and for whom.
pub(crate) struct Follower<'a> {
    client: &'a Client,
    run: Run,
    view: &'a mut dyn View,
    now: &'a (dyn Fn() -> Timestamp + Sync),
    /// Of a run that was there before: what is older is history.
    since: Option<Timestamp>,
    /// Of logs that are open when we begin, their last lines are shown.
    tail: Option<u64>,
    logs: SelectAll<BoxStream<'static, (Key, Option<LogPiece>)>>,
    opened: BTreeSet<(Key, u32)>,
    /// Whose logs are being read.
    reading: BTreeMap<Key, u32>,
    /// Those that are read when what ended before them has been.
    waiting: VecDeque<(Key, u32, Option<u64>)>,
    changes: Vec<Change>,
    line: Option<u64>,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(
        client: &'a Client,
        run: Run,
        view: &'a mut dyn View,
        now: &'a (dyn Fn() -> Timestamp + Sync),
    ) -> Self {
        Self {
            client,
            run,
            view,
            now,
            since: None,
            tail: Some(JOINED),
            logs: SelectAll::new(),
            opened: BTreeSet::new(),
            reading: BTreeMap::new(),
            waiting: VecDeque::new(),
            changes: Vec::new(),
            line: None,
        }
    }

    /// What happened before this is not told again.
    #[must_use]
    pub(crate) fn since(self, since: Timestamp) -> Self {
        Self {
            since: Some(since),
            ..self
        }
    }

    /// The run was over before this, and everything that it does since then is told.
    #[must_use]
    pub(crate) fn again(self, since: Timestamp) -> Self {
        Self {
            tail: None,
            ..self.since(since)
        }
    }

    /// Until the run is over, or a third signal.
    pub(crate) async fn follow(mut self, signals: &mut Signals) -> Result<Followed> {
        self.join_live();
        let mut events = self.client.events(self.run.id, None);
        let mut breaks = 0;
        let mut cancels: FuturesUnordered<BoxFuture<'static, std::result::Result<Run, Error>>> =
            FuturesUnordered::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked = None;
        let mut asked = 0;
        loop {
            tokio::select! {
                biased;
                () = signals.next() => {
                    asked += 1;
                    if asked > 2 {
                        self.view.end();
                        return Ok(Followed::Left(self.run));
                    }
                    self.view.cancelled(asked);
                    let (client, id) = (self.client.clone(), self.run.id);
                    cancels.push(async move { client.cancel(id).await }.boxed());
                }
                Some(cancelled) = cancels.next(), if !cancels.is_empty() => match cancelled {
                    // It may have ended meanwhile.
                    Err(Error::Problem(problem)) if problem.status == 409 => {}
                    other => drop(other?),
                },
                event = events.next() => match event {
                    Some(Ok(RunEvent::End(_))) => break,
                    Some(Ok(event)) => {
                        breaks = 0;
                        // What is read now need not be waited for when the last of it is gone.
                        let is_over = is_end_of_run(&event);
                        self.take(event);
                        if is_over || looked.is_none_or(|looked: Instant| looked.elapsed() >= TICK) {
                            self.look().await?;
                            looked = Some(Instant::now());
                        }
                    }
                    Some(Err(Error::Unreachable(_))) | None if breaks < MOST_BREAKS => {
                        breaks += 1;
                        tokio::time::sleep(TICK).await;
                        events = self.client.events(self.run.id, self.line);
                    }
                    Some(Err(error)) => return Err(error.into()),
                    None => return Err(Error::Unreachable("its events came to an end too early".to_owned()).into()),
                },
                Some((key, piece)) = self.logs.next(), if !self.logs.is_empty() => self.wrote(&key, piece),
                _ = tick.tick() => {
                    if !self.changes.is_empty() {
                        self.look().await?;
                        looked = Some(Instant::now());
                    }
                    self.view.tick((self.now)());
                }
            }
        }
        self.finish().await
    }

    /// The last look, and the rest of the logs.
    async fn finish(mut self) -> Result<Followed> {
        if !self.changes.is_empty() || !self.run.state.is_over() {
            self.look().await?;
        }
        let deadline = Instant::now() + LOGS_LATE;
        while let Ok(Some((key, piece))) = tokio::time::timeout_at(deadline, self.logs.next()).await
        {
            self.wrote(&key, piece);
        }
        self.view.end();
        Ok(Followed::Over(self.run))
    }

    fn wrote(&mut self, key: &Key, piece: Option<LogPiece>) {
        match piece {
            Some(LogPiece::Bytes(bytes)) => self.view.wrote(key, &bytes),
            Some(LogPiece::Missing(mark)) => self.view.missing(key, &missing::words(&mark)),
            None => {
                self.view.closed(key);
                self.reading.remove(key);
                self.open_waiting();
            }
        }
    }

    fn take(&mut self, event: RunEvent) {
        match event {
            RunEvent::Change { line, change } => {
                self.line = Some(line);
                if self.since.is_none_or(|since| change.at >= since) {
                    self.changes.push(change);
                }
            }
            RunEvent::Progress(progress) => self.view.progress(&progress),
            RunEvent::End(_) => {}
        }
    }

    /// Reads the run anew, unless it shows what changed already, and tells that.
    async fn look(&mut self) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        let began = self.run.started_at;
        if changes.is_empty() || !changes.iter().all(|change| is_shown(began, change)) {
            self.run = self.client.run(&RunRef::Id(self.run.id)).await?;
        }
        for change in &changes {
            self.read_log_of(change);
        }
        self.view.changed(&self.run, &changes);
        Ok(())
    }

    /// From its start, or at its end if that came at once, an attempt's log is read.
    fn read_log_of(&mut self, change: &Change) {
        let (Some(task), Some(attempt)) = (&change.task, change.attempt) else {
            return;
        };
        let key = (task.clone(), change.item);
        // A called run has logs of its own.
        if unit::find(&self.run, &key).is_some_and(|unit| unit.child().is_some()) {
            return;
        }
        let is_running = change.state == TaskState::Running.as_str();
        let has_run = || {
            let unit = unit::find(&self.run, &key);
            let found =
                unit.and_then(|unit| unit.attempts().iter().find(|known| known.number == attempt));
            found.is_some_and(|attempt| attempt.started_at.is_some() && attempt.state.is_over())
        };
        if is_running || has_run() {
            self.open(key, attempt, None);
        }
    }

    /// The logs of a run that was there before, from their last lines on.
    fn join_live(&mut self) {
        if self.since.is_none() {
            return;
        }
        let running: Vec<(Key, u32)> = unit::units(&self.run)
            .iter()
            .filter(|unit| unit.state() == TaskState::Running && unit.child().is_none())
            .filter_map(|unit| Some((unit.key(), unit.newest()?.number)))
            .collect();
        for (key, attempt) in running {
            self.open(key, attempt, self.tail);
        }
    }

    fn open(&mut self, key: Key, attempt: u32, tail: Option<u64>) {
        if self.opened.insert((key.clone(), attempt)) {
            self.waiting.push_back((key, attempt, tail));
            self.open_waiting();
        }
    }

    /// What an attempt wrote stands before what began after its end.
    fn open_waiting(&mut self) {
        while !self.waiting.is_empty() && !self.has_rest() {
            if let Some((key, attempt, tail)) = self.waiting.pop_front() {
                self.begin_reading(key, attempt, tail);
            }
        }
    }

    /// Of an attempt that has ended not all was read yet.
    fn has_rest(&self) -> bool {
        self.reading.iter().any(|(key, number)| {
            let unit = unit::find(&self.run, key);
            unit.is_some_and(|unit| {
                let attempts = unit.attempts();
                attempts
                    .iter()
                    .any(|it| it.number == *number && it.state.is_over())
            })
        })
    }

    fn begin_reading(&mut self, key: Key, attempt: u32, tail: Option<u64>) {
        self.view.opened(&key);
        self.reading.insert(key.clone(), attempt);
        let options = LogOptions {
            attempt: Some(attempt),
            service: None,
            follow: true,
            tail,
            timestamps: false,
        };
        let query = LogQuery {
            task: key.0.clone(),
            item: key.1,
            options,
        };
        let of = key.clone();
        let pieces = self
            .client
            .log_pieces(self.run.id, &query)
            .filter_map(move |piece| {
                // A log that cannot be read is no reason to stop following the run.
                let piece = piece.ok().map(|piece| (of.clone(), Some(piece)));
                std::future::ready(piece)
            });
        let end = futures_util::stream::once(std::future::ready((key, None)));
        self.logs.push(pieces.chain(end).boxed());
    }
}

/// A run that is known to have begun was read after that, and shows all that happened until then.
fn is_shown(began: Option<Timestamp>, change: &Change) -> bool {
    began.is_some_and(|began| change.at <= began)
}

/// Its tasks are over; what they held on the scheduler may be there still.
fn is_end_of_run(event: &RunEvent) -> bool {
    let RunEvent::Change { change, .. } = event else {
        return false;
    };
    let state = change.state.parse::<RunState>();
    change.task.is_none() && state.is_ok_and(RunState::is_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_until_a_run_began_need_not_be_read_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let change = |at| Change {
            at,
            task: Some("load".to_owned()),
            item: None,
            attempt: None,
            state: "starting".to_owned(),
            reason: None,
        };
        for (began, changed, expected) in [
            (Some(at(5)), at(4), true),
            (Some(at(5)), at(5), true),
            (Some(at(5)), at(6), false),
            (None, at(4), false),
        ] {
            assert_eq!(is_shown(began, &change(changed)), expected, "{changed}");
        }
    }
}
