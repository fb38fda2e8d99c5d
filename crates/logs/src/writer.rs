use crate::{
    Counts, Disk, End, Error, Hole, LogId, Paths, Stream,
    disk::Append,
    frame::{HEAD, Kind, Raw, micros, timestamp},
    index::{Entry, Totals},
    recovery,
};
use gofer_core::Timestamp;
use std::{io, sync::Arc};

const LEVEL: i32 = 1;

/// How a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A tail of this many bytes becomes a block.
    pub block: usize,
    /// No more output than this is kept; what comes after is counted.
    pub cap: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            block: 128 * 1024,
            cap: None,
        }
    }
}

/// A piece of output.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// When it came.
    pub at: Timestamp,
    /// From which pipe.
    pub stream: Stream,
    /// Bytes of the engine's stream that it stands for.
    pub engine: u64,
    /// The bytes as they are shown: equal in number to `engine` unless secrets were masked.
    pub stored: &'a [u8],
}

/// The one who writes a log. What has been appended is there for every reader at once.
///
/// After an error nothing more is taken: a new writer, opened on what reached the disk, says by
/// its counts where to go on.
pub struct Writer {
    disk: Arc<dyn Disk>,
    log: LogId,
    paths: Paths,
    options: Options,
    index: Option<Box<dyn Append>>,
    blocks: Option<Box<dyn Append>>,
    tail: Option<Box<dyn Append>>,
    /// Blocks written, and their packed length.
    count: u64,
    offset: u64,
    /// The frames since the last block, and how many bytes of them the tail file has.
    open: Vec<u8>,
    saved: usize,
    totals: Totals,
    /// Engine bytes beyond the cap.
    dropped: Counts,
    is_full: bool,
    is_usable: bool,
}

impl Writer {
    /// Begins a log, or goes on with one whose writer has died.
    pub fn open(
        disk: Arc<dyn Disk>,
        log: impl Into<LogId>,
        options: Options,
    ) -> Result<Self, Error> {
        let log = log.into();
        let paths = Paths::new(&log);
        let found = recovery::recover(&*disk, &paths)?;
        if found.is_ended {
            return Err(Error::Ended { log });
        }
        Ok(Self {
            disk,
            log,
            paths,
            options,
            index: None,
            blocks: None,
            tail: None,
            count: found.count,
            offset: found.offset,
            saved: found.tail.len(),
            open: found.tail,
            totals: found.totals,
            dropped: Counts::default(),
            is_full: false,
            is_usable: true,
        })
    }

    /// How many bytes of the engine's streams have been dealt with: a replay skips as many.
    pub fn counts(&self) -> Counts {
        Counts {
            stdout: self.totals.engine.stdout + self.dropped.stdout,
            stderr: self.totals.engine.stderr + self.dropped.stderr,
        }
    }

    /// How many holes have been marked. Behind one the counts say nothing about the engine's copy.
    pub fn holes(&self) -> u64 {
        self.totals.holes
    }

    /// The time of the newest frame.
    pub fn latest(&self) -> Timestamp {
        timestamp(self.totals.latest)
    }

    /// Adds output.
    pub fn append(
        &mut self,
        at: Timestamp,
        stream: Stream,
        engine_bytes: u64,
        stored: &[u8],
    ) -> Result<(), Error> {
        self.append_all(&[Chunk {
            at,
            stream,
            engine: engine_bytes,
            stored,
        }])
    }

    /// Adds several pieces of output with one write. Neighbours of one stream and one time become
    /// one frame.
    pub fn append_all(&mut self, chunks: &[Chunk<'_>]) -> Result<(), Error> {
        self.attempt_to(|writer| {
            let mut last = None;
            for chunk in chunks {
                writer.take(chunk, &mut last)?;
            }
            writer.save()
        })
    }

    /// Marks a place where bytes are missing, or may be.
    pub fn hole(&mut self, at: Timestamp, hole: &Hole) -> Result<(), Error> {
        self.attempt_to(|writer| {
            writer.mark(Kind::Hole, at, &hole.write())?;
            writer.save()
        })
    }

    /// Ends the log: all of it is packed and on the medium, and its end is recorded beside it.
    pub fn finish(&mut self, at: Timestamp) -> Result<End, Error> {
        let end = self.attempt_to(|writer| {
            let dropped = writer.dropped.total();
            if dropped > 0 {
                writer.mark(Kind::Dropped, at, &dropped.to_le_bytes())?;
            }
            writer.close(at)
        })?;
        self.is_usable = false;
        Ok(end)
    }

    /// The same, where a disk that takes its time holds nobody up.
    pub async fn finish_aside(mut self, at: Timestamp) -> Result<End, Error> {
        if !self.disk.takes_time() {
            return self.finish(at);
        }
        let ended = tokio::task::spawn_blocking(move || self.finish(at)).await;
        ended.unwrap_or_else(|error| Err(Error::disk("close", "a log")(io::Error::other(error))))
    }

    fn attempt_to<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !self.is_usable {
            return Err(Error::Broken {
                log: self.log.clone(),
            });
        }
        let result = act(self);
        self.is_usable = result.is_ok();
        result
    }

    fn take(&mut self, chunk: &Chunk<'_>, last: &mut Option<Last>) -> Result<(), Error> {
        if chunk.engine != chunk.stored.len() as u64 {
            return self.put(chunk, last);
        }
        // Nothing was masked, so the chunk may be cut anywhere.
        for stored in chunk.stored.chunks(self.options.block.max(1)) {
            self.put(
                &Chunk {
                    engine: stored.len() as u64,
                    stored,
                    ..*chunk
                },
                last,
            )?;
        }
        Ok(())
    }

    fn put(&mut self, chunk: &Chunk<'_>, last: &mut Option<Last>) -> Result<(), Error> {
        let kept = self.within_cap(chunk);
        if kept.engine == 0 && kept.stored.is_empty() {
            return Ok(());
        }
        let frame = Raw {
            kind: Kind::Output(kept.stream),
            time: micros(kept.at),
            engine: kept.engine,
            payload: kept.stored,
        };
        if !last
            .as_mut()
            .is_some_and(|last| last.extend(&frame, &mut self.open))
        {
            *last = Some(Last::new(self.open.len(), &frame));
            self.write(&frame)?;
        }
        self.totals.add(&frame);
        if self.open.len() >= self.options.block {
            *last = None;
            self.pack()?;
        }
        Ok(())
    }

    /// What of a chunk is kept; the rest is counted as dropped.
    fn within_cap<'a>(&mut self, chunk: &Chunk<'a>) -> Chunk<'a> {
        let stored = self.totals.stored.total();
        let room = self
            .options
            .cap
            .map_or(u64::MAX, |cap| cap.saturating_sub(stored));
        let length = chunk.stored.len() as u64;
        if !self.is_full && length <= room {
            return *chunk;
        }
        // A masked chunk is one thing: where its bytes came from is not known.
        let room = if self.is_full || chunk.engine != length {
            0
        } else {
            room
        };
        self.is_full = true;
        let kept = chunk
            .stored
            .get(..usize::try_from(room).unwrap_or(0))
            .unwrap_or_default();
        *self.dropped.of_mut(chunk.stream) += chunk.engine - kept.len() as u64;
        Chunk {
            engine: kept.len() as u64,
            stored: kept,
            ..*chunk
        }
    }

    fn mark(&mut self, kind: Kind, at: Timestamp, payload: &[u8]) -> Result<(), Error> {
        let frame = Raw {
            kind,
            time: micros(at),
            engine: 0,
            payload,
        };
        self.write(&frame)?;
        self.totals.add(&frame);
        Ok(())
    }

    fn write(&mut self, frame: &Raw<'_>) -> Result<(), Error> {
        let bytes = frame.payload.len();
        let length = u32::try_from(bytes).map_err(|_| Error::TooLong { bytes })?;
        frame.write(length, &mut self.open);
        Ok(())
    }

    /// Brings the tail file up to the open frames.
    fn save(&mut self) -> Result<(), Error> {
        let Some(new) = self.open.get(self.saved..).filter(|new| !new.is_empty()) else {
            return Ok(());
        };
        let path = self.paths.tail(self.count);
        if self.saved == 0 {
            // A leftover of a power failure must not come before the first frame.
            self.disk
                .remove(&path)
                .map_err(Error::disk("remove", &path))?;
        }
        handle(&*self.disk, &mut self.tail, &path)?
            .write(new)
            .map_err(Error::disk("write", &path))?;
        self.saved = self.open.len();
        Ok(())
    }

    /// Turns the open frames into a block. Only when its entry is whole does the tail go.
    fn pack(&mut self) -> Result<(), Error> {
        let entry = self.pack_block()?;
        self.write_index(&entry.write())?;
        self.remove_tail()
    }

    fn pack_block(&mut self) -> Result<Entry, Error> {
        let path = self.paths.blocks();
        let packed = pack(&self.open).map_err(Error::disk("compress for", &path))?;
        handle(&*self.disk, &mut self.blocks, &path)?
            .write(&packed)
            .map_err(Error::disk("write", &path))?;
        let too_long = |_| Error::TooLong {
            bytes: self.open.len(),
        };
        let entry = Entry {
            is_end: false,
            offset: self.offset,
            packed: u32::try_from(packed.len()).map_err(too_long)?,
            plain: u32::try_from(self.open.len()).map_err(too_long)?,
            time: Raw::read(&self.open).map_or(0, |(frame, _)| frame.time),
            totals: self.totals,
        };
        self.offset += packed.len() as u64;
        self.count += 1;
        Ok(entry)
    }

    fn write_index(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let path = self.paths.index();
        handle(&*self.disk, &mut self.index, &path)?
            .write(bytes)
            .map_err(Error::disk("write", &path))
    }

    /// Removes the tail of the block just written.
    fn remove_tail(&mut self) -> Result<(), Error> {
        if self.saved > 0 {
            let path = self.paths.tail(self.count - 1);
            self.disk
                .remove(&path)
                .map_err(Error::disk("remove", &path))?;
        }
        self.tail = None;
        self.open.clear();
        self.saved = 0;
        Ok(())
    }

    fn close(&mut self, at: Timestamp) -> Result<End, Error> {
        let mut entries = Vec::new();
        let has_open = !self.open.is_empty();
        if has_open {
            entries = self.pack_block()?.write();
        }
        if self.count > 0 {
            let path = self.paths.blocks();
            handle(&*self.disk, &mut self.blocks, &path)?
                .sync()
                .map_err(Error::disk("sync", &path))?;
        }
        let (offset, totals) = (self.offset, self.totals);
        let end = Entry {
            is_end: true,
            offset,
            packed: 0,
            plain: 0,
            time: micros(at),
            totals,
        };
        entries.extend(end.write());
        self.write_index(&entries)?;
        let path = self.paths.index();
        handle(&*self.disk, &mut self.index, &path)?
            .sync()
            .and_then(|()| self.disk.sync_folder(&path))
            .map_err(Error::disk("sync", &path))?;
        if has_open {
            self.remove_tail()?;
        }
        Ok(totals.end(micros(at)))
    }
}

fn handle<'a>(
    disk: &dyn Disk,
    slot: &'a mut Option<Box<dyn Append>>,
    path: &str,
) -> Result<&'a mut Box<dyn Append>, Error> {
    match slot {
        Some(handle) => Ok(handle),
        None => Ok(slot.insert(disk.append(path).map_err(Error::disk("open", path))?)),
    }
}

fn pack(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    compressor.compress(plain)
}

/// The last frame of one call: a neighbour may still join it.
struct Last {
    start: usize,
    kind: Kind,
    time: i64,
    engine: u64,
    length: u32,
}

impl Last {
    fn new(start: usize, frame: &Raw<'_>) -> Self {
        let length = u32::try_from(frame.payload.len()).unwrap_or(u32::MAX);
        Self {
            start,
            kind: frame.kind,
            time: frame.time,
            engine: frame.engine,
            length,
        }
    }

    /// Adds a frame to this one, if they belong together.
    fn extend(&mut self, frame: &Raw<'_>, open: &mut Vec<u8>) -> bool {
        let more = u32::try_from(frame.payload.len()).ok();
        let Some(length) = more.and_then(|more| self.length.checked_add(more)) else {
            return false;
        };
        if frame.kind != self.kind || frame.time != self.time {
            return false;
        }
        self.engine += frame.engine;
        self.length = length;
        let Some(head) = open.get_mut(self.start..self.start + HEAD) else {
            return false;
        };
        let (_, sums) = head.split_at_mut(HEAD - 12);
        let (engine, length) = sums.split_at_mut(8);
        engine.copy_from_slice(&self.engine.to_le_bytes());
        length.copy_from_slice(&self.length.to_le_bytes());
        open.extend_from_slice(frame.payload);
        true
    }
}
