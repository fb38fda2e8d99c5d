//! Threads that read, each with its own connection. One opens it for the first who asks; the others do
//! when questions wait for longer than that takes.

use crate::{
    failure::{Failure, Judge},
    read::View,
};
use gofer_store::Error;
use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// To open a connection takes a millisecond of a processor, most questions a fraction of that.
const LONGEST_WAIT: Duration = Duration::from_millis(5);

type Job = Box<dyn FnOnce(Result<&mut View, Failure>) + Send>;

/// A view that is opened when it is needed. After a failure the next one tries again.
struct Lazy<O> {
    open: O,
    view: Option<View>,
}

impl<O: FnMut() -> Result<View, Failure>> Lazy<O> {
    fn view(&mut self) -> Result<&mut View, Failure> {
        let view = match self.view.take() {
            Some(view) => view,
            None => (self.open)()?,
        };
        Ok(self.view.insert(view))
    }
}

/// Hands questions in.
pub(crate) struct Readers {
    line: Arc<Line>,
    judge: Judge,
}

impl Readers {
    /// Starts a thread for each view. They end when this is gone and everything is answered.
    pub(crate) fn start<O>(
        views: impl ExactSizeIterator<Item = O>,
        judge: Judge,
    ) -> io::Result<(Self, Vec<JoinHandle<()>>)>
    where
        O: FnMut() -> Result<View, Failure> + Send + 'static,
    {
        let line = Arc::new(Line::of(views.len()));
        let readers = Self {
            line: Arc::clone(&line),
            judge,
        };
        let start = |(nth, open)| {
            let mut lazy = Lazy { open, view: None };
            let place = Place(Arc::clone(&line));
            thread::Builder::new()
                .name("gofer-reader".to_owned())
                .spawn(move || {
                    let mut is_free = nth == 0;
                    while let Some(job) = place.0.next(is_free) {
                        job(lazy.view());
                        is_free = lazy.view.is_some();
                        if is_free {
                            place.0.lock().free += 1;
                        }
                    }
                })
        };
        let threads = views.enumerate().map(start).collect::<io::Result<_>>()?;
        Ok((readers, threads))
    }

    /// Reads in one consistent view.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut View) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.line.push(Box::new(move |view| {
            // Whoever asked may have gone.
            drop(reply.send(view.and_then(|view| view.look(read))));
        }));
        let found = answer
            .await
            .map_err(|_| Error::Failed("the store is closed".to_owned()))?;
        found.map_err(|failure| self.judge.error(failure))
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.line.lock().is_closed = true;
        self.line.wake.notify_all();
    }
}

/// Questions that wait, and those who could answer them.
struct Line {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    /// Readers with nothing to do and a connection, or who are to have the first.
    free: usize,
    threads: usize,
    is_closed: bool,
}

impl Line {
    fn of(threads: usize) -> Self {
        Self {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                free: 1,
                threads,
                is_closed: false,
            }),
            wake: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        let mut state = self.lock();
        if state.threads > 0 {
            state.jobs.push_back(job);
            drop(state);
            self.wake.notify_all();
        }
    }

    /// The next question, or nothing when there will be none. A reader who is not free has no
    /// connection yet, and lets the others have their time.
    fn next(&self, is_free: bool) -> Option<Job> {
        let mut state = self.lock();
        let mut has_waited = is_free;
        loop {
            let may_take = has_waited || state.is_closed;
            if may_take && let Some(job) = state.take(is_free) {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            (state, has_waited) = if is_free || state.is_enough() {
                let woken = self.wake.wait(state);
                (woken.unwrap_or_else(PoisonError::into_inner), is_free)
            } else {
                let is_behind = |state: &mut State| !state.is_enough() && !state.is_closed;
                let woken = self.wake.wait_timeout_while(state, LONGEST_WAIT, is_behind);
                let (state, waited) = woken.unwrap_or_else(PoisonError::into_inner);
                (state, waited.timed_out())
            };
        }
    }
}

impl State {
    /// Those who are free can answer all.
    fn is_enough(&self) -> bool {
        self.jobs.len() <= self.free
    }

    /// For a reader who is not free only what nobody else could take.
    fn take(&mut self, is_free: bool) -> Option<Job> {
        if !is_free && !self.is_closed && self.is_enough() {
            return None;
        }
        let job = self.jobs.pop_front()?;
        self.free -= usize::from(is_free);
        Some(job)
    }
}

/// A thread's place in the line. Without any nobody answers: questions are dropped, which their
/// askers notice.
struct Place(Arc<Line>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.threads -= 1;
        if state.threads == 0 {
            state.jobs.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(jobs: usize, free: usize) -> Line {
        let line = Line::of(2);
        line.lock().free = free;
        for _ in 0..jobs {
            line.push(Box::new(|_| ()));
        }
        line
    }

    #[test]
    fn who_has_no_connection_takes_only_what_nobody_else_could() {
        let takes = |jobs, free, is_free| line(jobs, free).lock().take(is_free).is_some();
        assert!(takes(2, 1, false), "one of two is too much for one");
        assert!(takes(1, 0, false), "all others are busy");
        assert!(!takes(1, 1, false), "another has a connection");
        assert!(takes(1, 1, true));
        assert!(!takes(0, 1, true));
    }

    #[test]
    fn at_the_end_everything_is_answered_by_whoever_is_there() {
        let line = line(1, 1);
        line.lock().is_closed = true;
        assert!(line.next(false).is_some());
        assert!(line.next(false).is_none());
        assert!(line.next(true).is_none());
    }

    #[test]
    fn what_waits_too_long_is_taken_by_another_however_many_come_behind_it() {
        let line = Arc::new(line(1, 0));
        let more = Arc::clone(&line);
        let pushing = thread::spawn(move || {
            for _ in 0..100 {
                more.push(Box::new(|_| ()));
                thread::sleep(Duration::from_millis(1));
            }
        });
        assert!(line.next(false).is_some());
        assert!(!pushing.is_finished(), "it waited until no more came");
        pushing.join().unwrap();
    }

    #[test]
    fn without_readers_a_question_is_dropped() {
        let line = Arc::new(line(1, 1));
        drop([Place(Arc::clone(&line)), Place(Arc::clone(&line))]);
        assert!(line.lock().jobs.is_empty());
        line.push(Box::new(|_| ()));
        assert!(line.lock().jobs.is_empty());
    }
}
