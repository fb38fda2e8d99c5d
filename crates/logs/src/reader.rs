use crate::{
    Body, Disk, End, Error, Frame, LogId, Paths, Place, Stream,
    frame::{HEAD, NoFrame, Raw, timestamp},
    index::{Entry, Index},
    recovery,
};
use std::{
    io::{self, Write},
    os::fd::OwnedFd,
    sync::Arc,
};

/// How much of a tail is read at once.
const PIECE: usize = 64 * 1024;

/// Reads a log from any place, and follows one that is still being written.
pub struct Reader {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) paths: Paths,
    place: Place,
    view: View,
    /// The block or piece of tail in hand, and the place of its first byte.
    buffer: Vec<u8>,
    start: Place,
}

/// What of the frames is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    /// One stream only.
    pub(crate) only: Option<Stream>,
    /// Bytes still to be passed over.
    pub(crate) cut: u64,
    /// Streams of which the rest of a line is to be passed over.
    pub(crate) in_line: [bool; 2],
}

/// What there is to read.
#[derive(Debug)]
pub enum More<'a> {
    /// At least one frame on disk, though none of it may be for this view. Take them all: the
    /// reader goes on behind them.
    Frames(Frames<'a>),
    /// Nothing now; the log has not ended.
    Waiting,
    /// Nothing more, ever.
    Ended(End),
}

impl Reader {
    /// Opens a log at its beginning. One that nobody has begun is empty and has not ended.
    pub fn open(disk: Arc<dyn Disk>, log: impl Into<LogId>) -> Self {
        Self {
            disk,
            paths: Paths::new(&log.into()),
            place: Place::default(),
            view: View::default(),
            buffer: Vec::new(),
            start: Place::default(),
        }
    }

    /// The end of the log, once it has one.
    pub fn end(&self) -> Result<Option<End>, Error> {
        Ok(self.index().last()?.1.and_then(|entry| entry.end()))
    }

    /// Becomes readable when there may be more, whoever wrote it. `None`: look again now and then.
    pub fn watch(&self) -> Option<OwnedFd> {
        self.disk.watch(&self.paths.index())
    }

    /// Where the reader goes on.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The next frames: those of one block, or what the tail has up to its last whole frame.
    pub fn read_more(&mut self) -> Result<More<'_>, Error> {
        loop {
            if let Some(entry) = self.index().entry(self.place.block)? {
                if let Some(end) = entry.end() {
                    return Ok(More::Ended(end));
                }
                if self.place.at < u64::from(entry.plain) {
                    self.buffer = load(&*self.disk, &self.paths, &entry)?;
                    self.start = Place {
                        at: 0,
                        ..self.place
                    };
                    let from = self.place.at;
                    self.place = Place {
                        block: self.place.block + 1,
                        at: 0,
                    };
                    return Ok(More::Frames(self.frames(from)));
                }
                self.place = Place {
                    block: self.place.block + 1,
                    at: 0,
                };
                continue;
            }
            match self.read_tail()? {
                Tail::Frames => return Ok(More::Frames(self.frames(0))),
                Tail::Nothing => return Ok(More::Waiting),
                Tail::Missing => {
                    // Not begun, or packed since the index was looked at.
                    if self.index().entry(self.place.block)?.is_none() {
                        return Ok(More::Waiting);
                    }
                }
            }
        }
    }

    /// Writes the bytes of the view, and nothing else, up to what there is now. Returns the end of
    /// the log if that was reached.
    pub fn write_to(&mut self, out: &mut dyn Write) -> Result<Option<End>, Error> {
        loop {
            match self.read_more()? {
                More::Frames(frames) => {
                    for frame in frames {
                        if let Body::Output { bytes, .. } = frame.body {
                            out.write_all(bytes).map_err(Error::Out)?;
                        }
                    }
                }
                More::Waiting => return Ok(None),
                More::Ended(end) => return Ok(Some(end)),
            }
        }
    }

    pub(crate) fn index(&self) -> Index<'_> {
        Index {
            disk: &*self.disk,
            paths: &self.paths,
        }
    }

    pub(crate) fn go_to(&mut self, place: Place, view: View) {
        self.place = place;
        self.view = view;
    }

    fn frames(&mut self, from: u64) -> Frames<'_> {
        let at = usize::try_from(from).unwrap_or(usize::MAX);
        Frames {
            bytes: &self.buffer,
            at,
            start: self.start,
            view: &mut self.view,
        }
    }

    fn read_tail(&mut self) -> Result<Tail, Error> {
        let path = self.paths.tail(self.place.block);
        let mut size = PIECE;
        loop {
            self.buffer.resize(size, 0);
            let read = match self.disk.read_at(&path, self.place.at, &mut self.buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tail::Missing),
                Err(error) => return Err(Error::disk("read", &path)(error)),
            };
            let found = self.buffer.get(..read).unwrap_or_default();
            let whole = recovery::whole(found, |_| {});
            if whole > 0 {
                self.buffer.truncate(whole);
                self.start = self.place;
                self.place.at += whole as u64;
                return Ok(Tail::Frames);
            }
            match Raw::read(found) {
                // More of it may be there than was asked for.
                Err(NoFrame::Short { wanted }) if read == size && wanted > HEAD => size = wanted,
                _ => return Ok(Tail::Nothing),
            }
        }
    }
}

enum Tail {
    Frames,
    Nothing,
    Missing,
}

/// Reads and unpacks a block.
pub(crate) fn load(disk: &dyn Disk, paths: &Paths, entry: &Entry) -> Result<Vec<u8>, Error> {
    let path = paths.blocks();
    let damaged = || Error::Damaged {
        path: paths.blocks(),
        at: entry.offset,
    };
    let mut packed = vec![0; entry.packed as usize];
    let read = disk
        .read_at(&path, entry.offset, &mut packed)
        .map_err(Error::disk("read", &path))?;
    if read < packed.len() {
        return Err(damaged());
    }
    let plain = zstd::bulk::decompress(&packed, entry.plain as usize).map_err(|_| damaged())?;
    let is_whole = recovery::whole(&plain, |_| {}) == entry.plain as usize;
    if is_whole { Ok(plain) } else { Err(damaged()) }
}

/// Frames in the order they came.
#[derive(Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    start: Place,
    view: &'a mut View,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        loop {
            let (frame, length) = recovery::frame(self.bytes, self.at)?;
            self.at += length;
            if let Some(body) = self.view.show(frame.body()?) {
                let next = Place {
                    at: self.start.at + self.at as u64,
                    ..self.start
                };
                return Some(Frame {
                    at: timestamp(frame.time),
                    body,
                    next,
                });
            }
        }
    }
}

impl View {
    fn show<'a>(&mut self, body: Body<'a>) -> Option<Body<'a>> {
        let Body::Output { stream, mut bytes } = body else {
            return Some(body);
        };
        if self.only.is_some_and(|only| only != stream) {
            return None;
        }
        let cut = self.cut.min(bytes.len() as u64);
        self.cut -= cut;
        bytes = bytes.get(usize::try_from(cut).unwrap_or(usize::MAX)..)?;
        if let Some(in_line) = self.in_line.get_mut(stream.slot()).filter(|flag| **flag) {
            let end = memchr::memchr(b'\n', bytes)?;
            *in_line = false;
            bytes = bytes.get(end + 1..)?;
        }
        (!bytes.is_empty()).then_some(Body::Output { stream, bytes })
    }
}
