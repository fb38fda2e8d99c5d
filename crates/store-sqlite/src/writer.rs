//! The one who writes: a thread that takes whatever waits as its next transaction.

use crate::{
    connection::Waiting,
    failure::{Failure, Judge, Reach, Trouble},
    log::Log,
    statements as sql,
    write::Desk,
};
use gofer_store::Error;
use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// The most requests in one transaction.
const MOST: usize = 1024;
/// A writer that met another one lets it in before it goes on.
const PAUSE: Duration = Duration::from_millis(1);
/// After this long without work the log is copied into the database: an engine takes longer to start a
/// container. Whoever opens the database next has to read through what is not copied, 1 ms for each MiB.
const IDLE: Duration = Duration::from_millis(60);

type Job = Box<dyn Request>;

/// Hands requests in.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: Sender<Job>,
    judge: Judge,
}

impl Writer {
    /// Starts the thread. It ends when the last [`Writer`] is gone and everything is written.
    pub(crate) fn start(
        desk: Desk,
        waiting: Waiting,
        judge: Judge,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, requests) = channel();
        let own = judge.clone();
        let thread = thread::Builder::new()
            .name("gofer-store".to_owned())
            .spawn(move || Thread::new(desk, waiting, own).work(&requests))?;
        Ok((Self { queue, judge }, thread))
    }

    /// Has something written. It is, even if nobody waits for the answer.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Desk) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let judge = self.judge.clone();
        let call = Call {
            work: Some(work),
            done: None,
            reply,
            judge,
        };
        let gone = || Error::Failed("the store is closed".to_owned());
        self.queue.send(Box::new(call)).map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// What the thread sees of a request.
trait Request: Send {
    /// `Err` is for the whole batch; a request that only fails itself remembers that.
    fn carry_out(&mut self, desk: &mut Desk) -> Result<Carried, Failure>;
    fn answer(self: Box<Self>, batch: Result<(), &Trouble>);
}

enum Carried {
    Out,
    Refused,
}

struct Call<T, W> {
    work: Option<W>,
    done: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
    judge: Judge,
}

impl<T, W> Request for Call<T, W>
where
    T: Send,
    W: FnOnce(&mut Desk) -> Result<T, Failure> + Send,
{
    fn carry_out(&mut self, desk: &mut Desk) -> Result<Carried, Failure> {
        let Some(work) = self.work.take() else {
            return Ok(Carried::Refused);
        };
        match work(desk) {
            Ok(value) => {
                self.done = Some(Ok(value));
                Ok(Carried::Out)
            }
            Err(failure) if Judge::reach(&failure) == Reach::Request => {
                self.done = Some(Err(self.judge.error(failure)));
                Ok(Carried::Refused)
            }
            Err(failure) => Err(failure),
        }
    }

    fn answer(self: Box<Self>, batch: Result<(), &Trouble>) {
        let answer = match (batch, self.done) {
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(trouble), _) => Err(trouble.into()),
            (Ok(()), None) => Err(Error::Failed("the store lost a request".to_owned())),
        };
        // Whoever asked may have gone.
        drop(self.reply.send(answer));
    }
}

struct Thread {
    desk: Desk,
    waiting: Waiting,
    judge: Judge,
    log: Log,
    /// Why nothing is written any more.
    broken: Option<Trouble>,
}

impl Thread {
    fn new(mut desk: Desk, waiting: Waiting, judge: Judge) -> Self {
        let log = Log::watch(&mut desk);
        Self {
            desk,
            waiting,
            judge,
            log,
            broken: None,
        }
    }

    fn work(&mut self, requests: &Receiver<Job>) {
        let mut early = self.get_ready(requests);
        loop {
            let first = match early.take().map_or_else(|| requests.recv_timeout(IDLE), Ok) {
                Ok(first) => first,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.log.when_idle(&self.desk, &self.waiting);
                    match requests.recv() {
                        Ok(first) => first,
                        Err(_) => break,
                    }
                }
            };
            let mut batch = vec![first];
            batch.extend(requests.try_iter().take(MOST - 1));
            self.batch(batch);
        }
    }

    /// Prepares what a run's begin takes until the first request comes, which ends it.
    fn get_ready(&self, requests: &Receiver<Job>) -> Option<Job> {
        for sql in sql::OF_A_START {
            if let Ok(first) = requests.try_recv() {
                return Some(first);
            }
            // What cannot be prepared says so to whoever needs it.
            drop(self.desk.db.prepare_cached(sql));
        }
        None
    }

    fn batch(&mut self, mut batch: Vec<Job>) {
        let result = match &self.broken {
            Some(trouble) => Err(trouble.clone()),
            None => self.transaction(&mut batch),
        };
        for request in batch {
            request.answer(result.as_ref().copied());
        }
        if self.broken.is_none() {
            self.log.after_commit(&self.desk, &self.waiting);
        }
        if self.waiting.met_another() {
            thread::sleep(PAUSE);
        }
    }

    fn transaction(&mut self, batch: &mut [Job]) -> Result<(), Trouble> {
        let written = self.carry_out(batch);
        written.map_err(|failure| {
            let trouble = self.judge.trouble(&failure);
            self.desk.undo();
            if Judge::reach(&failure) == Reach::Forever {
                self.broken = Some(trouble.clone());
            }
            tracing::warn!(requests = batch.len(), error = %Error::from(&trouble), "nothing written");
            trouble
        })
    }

    fn carry_out(&mut self, batch: &mut [Job]) -> Result<(), Failure> {
        self.desk.run(sql::BEGIN)?;
        for request in batch {
            self.desk.run(sql::SAVEPOINT)?;
            if let Carried::Refused = request.carry_out(&mut self.desk)? {
                self.desk.run(sql::ROLLBACK_TO)?;
                self.desk.forget();
            }
            self.desk.run(sql::RELEASE)?;
        }
        self.desk.run(sql::COMMIT)
    }
}
