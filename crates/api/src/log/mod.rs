//! An attempt's log on its way out.

mod marked;
mod read;
mod target;

pub(crate) use marked::Marked;
pub(crate) use read::{Events, Form, Raw, Timed};
pub(crate) use target::{Target, services};

use crate::{
    ApiError, App,
    wake::{Files, Wake},
};
use futures_util::{Stream, stream};
use gofer_core::id::AttemptId;
use gofer_logs::{LogId, Place, Reader, Start};
use read::{Piece, Source};

/// Where to begin in a log, and whether to go on to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) start: Start,
    pub(crate) follow: bool,
}

impl Range {
    pub(crate) fn new(tail: Option<u64>, after: Option<Place>, follow: bool) -> Self {
        let start = match (after, tail) {
            (Some(place), _) => Start::Place(place),
            (None, Some(lines)) => Start::LastLines(lines),
            (None, None) => Start::Beginning,
        };
        Self { start, follow }
    }
}

/// The log, piece by piece. An error is the last item.
pub(crate) fn pieces<F: Form>(
    app: App,
    target: Target,
    range: Range,
    form: F,
) -> impl Stream<Item = Result<F::Piece, ApiError>> + Send + 'static {
    let wake = Wake::new(&app, target.run);
    let tap = Tap {
        app,
        target,
        range,
        wake,
        source: None,
        files: None,
        form: Some(form),
        had_nothing: false,
    };
    stream::try_unfold(tap, |mut tap| async move {
        Ok(tap.next().await?.map(|piece| (piece, tap)))
    })
}

struct Tap<F> {
    app: App,
    target: Target,
    range: Range,
    wake: Wake,
    /// `None` until the attempt begins.
    source: Option<Source<F>>,
    /// Tells when another process wrote.
    files: Option<Files>,
    form: Option<F>,
    /// The last look found nothing either, although the attempt is over.
    had_nothing: bool,
}

impl<F: Form> Tap<F> {
    async fn next(&mut self) -> Result<Option<F::Piece>, ApiError> {
        loop {
            let Some(source) = self.source.take() else {
                if !self.open().await? {
                    return Ok(None);
                }
                continue;
            };
            let (source, piece) = source.read().await?;
            self.source = Some(source);
            match piece {
                Piece::Some(piece) => {
                    self.had_nothing = false;
                    return Ok(Some(piece));
                }
                Piece::End => return Ok(None),
                Piece::NothingNow if !self.range.follow => return Ok(None),
                Piece::NothingNow => {
                    if self.is_all().await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Waits for the attempt to be there; false if it never will be.
    async fn open(&mut self) -> Result<bool, ApiError> {
        loop {
            if let Some(number) = self.target.attempt(&self.app).await? {
                let Some(form) = self.form.take() else {
                    return Ok(false);
                };
                let mut reader = Reader::open(self.app.engine.logs().clone(), self.id(number));
                reader.seek(self.range.start, None)?;
                self.target.number = Some(number);
                self.source = Some(Source { reader, form });
                return Ok(true);
            }
            if !self.range.follow {
                return Ok(false);
            }
            self.wait().await?;
        }
    }

    /// There was nothing to read. Is there nothing to come? Waits if there may be.
    async fn is_all(&mut self) -> Result<bool, ApiError> {
        if self.had_nothing {
            return Ok(true);
        }
        if self.target.is_over(&self.app).await? {
            // Its log is closed before an attempt is over: what was written since the last look
            // is there now.
            self.had_nothing = true;
            return Ok(false);
        }
        self.wait().await?;
        Ok(false)
    }

    async fn wait(&mut self) -> Result<(), ApiError> {
        if self.wake.is_alone() && self.files.is_none() {
            let reader = self.source.as_ref().map(|source| &source.reader);
            self.files = reader.and_then(Reader::watch).and_then(Files::new);
        }
        // An end without an error would look like the end of the log.
        self.wake
            .wait_for(self.files.as_mut())
            .await
            .map_err(|_| ApiError::Unavailable("this process is ending".into()))
    }

    fn id(&self, number: u32) -> LogId {
        let key = &self.target.key;
        LogId {
            attempt: AttemptId {
                run: self.target.run,
                task: key.task.clone(),
                item: key.item,
                number,
            },
            service: self.target.service.clone(),
        }
    }
}
