use super::{
    batch::{Batch, TOGETHER},
    lines::{Lines, Piece},
    side::Side,
    sink::Sink,
};
use crate::context::Context;
use futures_util::{StreamExt as _, stream::BoxStream};
use gofer_core::{Timestamp, clock::Moment, planted};
use gofer_logs::{LogId, Stream};
use gofer_scheduler::LogEvent;
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Events taken at once, as far as they are there.
const MOST_EVENTS: usize = 1_024;
/// How long a log may be silent after the end before we stop waiting for it.
const SILENCE: Duration = Duration::from_secs(5);
/// Followers are woken no more often than this.
const WAKE: Duration = TOGETHER;

/// Keeps the log of one container.
pub(crate) struct Keeper {
    context: Arc<Context>,
    sink: Sink,
    lines: Lines,
    sides: Sides,
    woken: Moment,
    /// Followers have not been told of the last bytes yet.
    owes: bool,
}

/// The two streams of a container, on their way to the disk.
struct Sides {
    stdout: Side,
    stderr: Side,
    batch: Batch,
}

impl Sides {
    fn take(&mut self, piece: &Piece) {
        let side = match piece.stream {
            gofer_scheduler::Stream::Stdout => &mut self.stdout,
            gofer_scheduler::Stream::Stderr => &mut self.stderr,
        };
        side.take(piece.at, &piece.bytes, &mut self.batch);
    }
}

type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Keeper {
    /// Begins a log, or goes on with one that an earlier process began.
    pub(crate) async fn open(context: &Arc<Context>, log: impl Into<LogId>) -> Self {
        let sink = Sink::open(context, log.into()).await;
        let kept = sink.counts();
        let side = |stream| Side::new(stream, &context.patterns, kept.of(stream));
        Self {
            context: Arc::clone(context),
            sink,
            lines: Lines::default(),
            sides: Sides {
                stdout: side(Stream::Stdout),
                stderr: side(Stream::Stderr),
                batch: Batch::default(),
            },
            woken: context.parts.clock.moment(),
            owes: false,
        }
    }

    /// Keeps everything until the stream ends, and closes the log. Once the container has `ended`
    /// the rest is waited for only as long as something comes.
    pub(crate) async fn keep(
        mut self,
        stream: BoxStream<'static, LogEvent>,
        ended: &CancellationToken,
    ) {
        let context = Arc::clone(&self.context);
        let clock = &context.parts.clock;
        let mut stream = stream.ready_chunks(MOST_EVENTS);
        let mut alarm: Option<Sleep<'_>> = None;
        loop {
            let mut patience: Option<Sleep<'_>> = None;
            if let Some(left) = self.lines.patience(clock.moment()) {
                patience = Some(clock.sleep(left));
            }
            tokio::select! {
                biased;
                events = stream.next() => {
                    let lost = planted::is(13) && ended.is_cancelled();
                    let Some(events) = events.filter(|_| !lost) else { break };
                    for event in events {
                        self.take(event).await;
                    }
                    self.write().await;
                    self.tell(clock.moment());
                    alarm = None;
                }
                () = rings(&mut patience) => {
                    self.wait_no_longer();
                    self.write().await;
                    self.tell(clock.moment());
                }
                () = ended.cancelled(), if alarm.is_none() && !self.owes => {
                    alarm = Some(clock.sleep(SILENCE));
                }
                () = rings(&mut alarm) => {
                    alarm = None;
                    if !self.owes {
                        self.hole(false, SILENT).await;
                        break;
                    }
                    self.wake(clock.moment());
                }
            }
            if self.owes && alarm.is_none() {
                alarm = Some(clock.sleep(WAKE));
            }
        }
        self.finish().await;
    }

    /// Closes a log whose container is gone.
    pub(crate) async fn give_up(mut self, why: &str) {
        self.hole(false, why).await;
        self.finish().await;
    }

    async fn take(&mut self, event: LogEvent) {
        match event {
            LogEvent::Bytes { stream, at, bytes } => {
                let piece = Piece { stream, at, bytes };
                let (now, sides) = (self.context.parts.clock.moment(), &mut self.sides);
                self.lines.pass(now, piece, |piece| sides.take(&piece));
            }
            LogEvent::Replay => self.replay().await,
            LogEvent::Broken => self.hole(false, BROKEN).await,
        }
    }

    fn wait_no_longer(&mut self) {
        let sides = &mut self.sides;
        self.lines.wait_no_longer(|piece| sides.take(&piece));
    }

    /// Where nothing is missing the counts tell what comes again. Behind a hole only the time does.
    async fn replay(&mut self) {
        self.wait_no_longer();
        self.write().await;
        let Some(latest) = self.sink.latest_if_holed() else {
            self.sides.stdout.replay();
            self.sides.stderr.replay();
            return;
        };
        self.hole(false, REPLAYED).await;
        // A piece has the time of its first bytes.
        let kept = latest.checked_add(TOGETHER).unwrap_or(latest);
        self.sides.stdout.replay_after(kept);
        self.sides.stderr.replay_after(kept);
    }

    /// Marks a place behind everything that came before it.
    async fn hole(&mut self, certain: bool, why: &str) {
        self.let_go();
        self.write().await;
        self.sink.hole(certain, why).await;
    }

    fn let_go(&mut self) {
        self.wait_no_longer();
        let now: Timestamp = self.context.parts.clock.now();
        let Sides {
            stdout,
            stderr,
            batch,
        } = &mut self.sides;
        stdout.let_go(now, batch);
        stderr.let_go(now, batch);
    }

    async fn write(&mut self) {
        let batch = &mut self.sides.batch;
        if !batch.is_empty() {
            self.sink.append(batch).await;
            self.owes = true;
        }
        batch.clear();
    }

    fn tell(&mut self, now: Moment) {
        if self.owes && now.0.saturating_sub(self.woken.0) >= WAKE {
            self.wake(now);
        }
    }

    fn wake(&mut self, now: Moment) {
        self.woken = now;
        self.owes = false;
        self.context.feed.wake();
    }

    async fn finish(mut self) {
        self.let_go();
        self.write().await;
        self.sink.finish().await;
        self.context.feed.wake();
    }
}

async fn rings(alarm: &mut Option<Sleep<'_>>) {
    match alarm {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}

const BROKEN: &str = "the engine went away here; what was written meanwhile may be missing";
const REPLAYED: &str =
    "gofer was restarted after a break of the engine; a few bytes around here may be missing";
const SILENT: &str = "the engine did not hand over the end of the log within 5 s of the exit";
