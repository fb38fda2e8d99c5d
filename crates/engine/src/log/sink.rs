use super::batch::Batch;
use crate::{context::Context, pauses::Pauses};
use gofer_core::{Timestamp, run::Key};
use gofer_logs::{Chunk, Counts, Error, Hole, LogId, Options, Stream, Writer};
use std::{io::ErrorKind, sync::Arc};

/// Tries after an error of the disk that is not for want of room.
const MOST_FAILURES: u32 = 10;

/// The writer of one log, which waits for room when the disk is full.
pub(super) struct Sink {
    context: Arc<Context>,
    id: LogId,
    /// None: the log has ended already, or cannot be written.
    writer: Option<Writer>,
    failures: u32,
}

impl Sink {
    pub(super) async fn open(context: &Arc<Context>, id: LogId) -> Self {
        let mut sink = Self {
            context: Arc::clone(context),
            id,
            writer: None,
            failures: 0,
        };
        sink.reopen(None).await;
        sink
    }

    pub(super) fn counts(&self) -> Counts {
        self.writer.as_ref().map(Writer::counts).unwrap_or_default()
    }

    /// The newest time in a log that has a hole.
    pub(super) fn latest_if_holed(&self) -> Option<Timestamp> {
        let writer = self.writer.as_ref().filter(|writer| writer.holes() > 0)?;
        Some(writer.latest())
    }

    pub(super) async fn append(&mut self, batch: &Batch) {
        let before = self.counts();
        let mut chunks = batch.chunks();
        while let Some(writer) = &mut self.writer {
            let Err(error) = writer.append_all(&chunks) else {
                break;
            };
            self.reopen(Some(error)).await;
            chunks = batch.chunks();
            let after = self.counts();
            for stream in Stream::ALL {
                pass_over(
                    &mut chunks,
                    stream,
                    after.of(stream).saturating_sub(before.of(stream)),
                );
            }
        }
    }

    pub(super) async fn hole(&mut self, certain: bool, why: &str) {
        let hole = Hole {
            certain,
            bytes: None,
            why: why.to_owned(),
        };
        while let Some(writer) = &mut self.writer {
            let Err(error) = writer.hole(self.context.parts.clock.now(), &hole) else {
                break;
            };
            self.reopen(Some(error)).await;
        }
    }

    pub(super) async fn finish(&mut self) {
        while let Some(writer) = self.writer.take() {
            let Err(error) = writer.finish_aside(self.context.parts.clock.now()).await else {
                break;
            };
            self.reopen(Some(error)).await;
        }
    }

    /// Opens the log again after an error, as soon as that is possible.
    async fn reopen(&mut self, mut error: Option<Error>) {
        self.writer = None;
        let mut pauses = Pauses::of_disk();
        let context = Arc::clone(&self.context);
        let key = Key {
            task: self.id.attempt.task.clone(),
            item: self.id.attempt.item,
        };
        let mut told = false;
        loop {
            if let Some(error) = error.take() {
                if !self.may_try_again(&error) {
                    break;
                }
                told = true;
                context
                    .feed
                    .note(&key, Some(format!("waiting: {}", cause(&error))));
                context.parts.clock.sleep(pauses.next()).await;
            }
            let disk = Arc::clone(&context.parts.logs);
            let options = Options {
                cap: context.parts.options.log_cap,
                ..Options::default()
            };
            match Writer::open(disk, &self.id, options) {
                Ok(writer) => {
                    self.writer = Some(writer);
                    break;
                }
                Err(failed) => error = Some(failed),
            }
        }
        if told {
            context.feed.note(&key, None);
        }
    }

    fn may_try_again(&mut self, error: &Error) -> bool {
        match error {
            Error::Ended { .. } => return false,
            Error::Disk { source, .. } if is_full(source.kind()) => return true,
            _ => self.failures += 1,
        }
        let may = matches!(error, Error::Disk { .. }) && self.failures < MOST_FAILURES;
        if !may {
            tracing::error!(attempt = %self.id, %error, "the rest of a log is not kept");
        }
        may
    }
}

fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

fn cause(error: &Error) -> String {
    match error {
        Error::Disk { source, .. } if is_full(source.kind()) => "the disk is full".to_owned(),
        other => other.to_string(),
    }
}

/// Takes from the beginning of the chunks what has reached the disk.
fn pass_over(chunks: &mut Vec<Chunk<'_>>, stream: Stream, mut known: u64) {
    chunks.retain_mut(|chunk| {
        if chunk.stream != stream || known == 0 {
            return true;
        }
        if chunk.engine <= known {
            known -= chunk.engine;
            return false;
        }
        // Only what was not masked is ever cut.
        let rest = usize::try_from(known)
            .ok()
            .and_then(|known| chunk.stored.get(known..));
        chunk.stored = rest.unwrap_or_default();
        chunk.engine -= known;
        known = 0;
        true
    });
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Stream, pass_over};
    use gofer_core::Timestamp;

    #[test]
    fn what_reached_the_disk_is_not_written_again() {
        let chunk = |stream, stored: &'static [u8]| Chunk {
            at: Timestamp::UNIX_EPOCH,
            stream,
            engine: stored.len() as u64,
            stored,
        };
        for (known, left) in [
            (0, &[&b"abc"[..], b"xy", b"def"][..]),
            (2, &[b"c", b"xy", b"def"]),
            (3, &[b"xy", b"def"]),
            (5, &[b"xy", b"f"]),
            (6, &[b"xy"]),
        ] {
            let mut chunks = vec![
                chunk(Stream::Stdout, b"abc"),
                chunk(Stream::Stderr, b"xy"),
                chunk(Stream::Stdout, b"def"),
            ];
            pass_over(&mut chunks, Stream::Stdout, known);
            let found: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.stored).collect();
            assert_eq!(found, left, "{known}");
        }
    }
}
