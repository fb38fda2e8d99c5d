//! Threads that read, each with its own connection, which it opens: one at once, for whoever asks first,
//! the others when there is more to do than one can.

use crate::{
    failure::{Failure, Judge},
    read::View,
};
use gofer_store::Error;
use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
};
use tokio::sync::oneshot;

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
#[derive(Clone)]
pub(crate) struct Readers {
    queue: Sender<Job>,
    judge: Judge,
}

impl Readers {
    /// Starts a thread for each view. They end when the last [`Readers`] is gone.
    pub(crate) fn start<O>(
        views: impl Iterator<Item = O>,
        judge: Judge,
    ) -> io::Result<(Self, Vec<JoinHandle<()>>)>
    where
        O: FnMut() -> Result<View, Failure> + Send + 'static,
    {
        let (queue, questions) = channel();
        let questions = Arc::new(Mutex::new(questions));
        let start = |(nth, open)| {
            let mut lazy = Lazy { open, view: None };
            let questions = Arc::clone(&questions);
            thread::Builder::new()
                .name("gofer-reader".to_owned())
                .spawn(move || {
                    if nth == 0 {
                        // A failure shows again to whoever asks.
                        drop(lazy.view().map(drop));
                    }
                    while let Some(job) = next(&questions) {
                        job(lazy.view());
                    }
                })
        };
        let threads = views.enumerate().map(start).collect::<io::Result<_>>()?;
        Ok((Self { queue, judge }, threads))
    }

    /// Reads in one consistent view.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut View) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job = move |view: Result<&mut View, Failure>| {
            // Whoever asked may have gone.
            drop(reply.send(view.and_then(|view| view.look(read))));
        };
        let gone = || Error::Failed("the store is closed".to_owned());
        self.queue.send(Box::new(job)).map_err(|_| gone())?;
        let found = answer.await.map_err(|_| gone())?;
        found.map_err(|failure| self.judge.error(failure))
    }
}

fn next(questions: &Mutex<Receiver<Job>>) -> Option<Job> {
    questions
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}
