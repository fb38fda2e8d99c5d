//! Threads that read, each with its own connection.

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

type Job = Box<dyn FnOnce(&mut View) + Send>;

/// Hands questions in.
#[derive(Clone)]
pub(crate) struct Readers {
    queue: Sender<Job>,
    judge: Judge,
}

impl Readers {
    /// Starts a thread for each view. They end when the last [`Readers`] is gone.
    pub(crate) fn start(views: Vec<View>, judge: Judge) -> io::Result<(Self, Vec<JoinHandle<()>>)> {
        let (queue, questions) = channel();
        let questions = Arc::new(Mutex::new(questions));
        let start = |mut view: View| {
            let questions = Arc::clone(&questions);
            thread::Builder::new()
                .name("gofer-reader".to_owned())
                .spawn(move || {
                    while let Some(job) = next(&questions) {
                        job(&mut view);
                    }
                })
        };
        let threads = views.into_iter().map(start).collect::<io::Result<_>>()?;
        Ok((Self { queue, judge }, threads))
    }

    /// Reads in one consistent view.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut View) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job = move |view: &mut View| {
            // Whoever asked may have gone.
            drop(reply.send(view.look(read)));
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
