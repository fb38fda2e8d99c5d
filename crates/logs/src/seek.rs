use crate::{
    Error, Place, Reader, Stream,
    frame::{Kind, Raw, micros},
    index::{Totals, one},
    reader::{View, load},
    recovery,
};
use gofer_core::Timestamp;
use std::{convert::Infallible, io};

/// Where to begin to read. With one stream chosen, bytes and lines are those of that stream;
/// otherwise those of both, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The first frame.
    Beginning,
    /// Where a frame said to go on.
    Place(Place),
    /// Behind so many bytes.
    Byte(u64),
    /// Behind so many line feeds.
    Line(u64),
    /// The first frame of this time or later.
    Time(Timestamp),
    /// The last so many lines, an unfinished one included.
    LastLines(u64),
}

impl Reader {
    /// Moves the reader: a few looks into the index and one block, wherever it goes. What lies
    /// beyond the end of what there is now is waited for.
    pub fn seek(&mut self, start: Start, only: Option<Stream>) -> Result<(), Error> {
        let view = View {
            only,
            ..View::default()
        };
        let (place, view) = match start {
            Start::Beginning => (Place::default(), view),
            Start::Place(place) => (place, view),
            Start::Byte(byte) => self.at_byte(byte, view)?,
            Start::Line(line) => self.behind_lines(line, view)?,
            Start::Time(time) => self.at_time(micros(time), view)?,
            Start::LastLines(lines) => self.at_last_lines(lines, view)?,
        };
        self.go_to(place, view);
        Ok(())
    }

    fn at_byte(&self, byte: u64, view: View) -> Result<(Place, View), Error> {
        let block = self.block_where(|totals| one(view.only, totals.stored) > byte)?;
        let found = self.walk(block, |before, frame, place| {
            let (_, bytes) = output(frame, view.only)?;
            let passed = one(view.only, before.stored);
            (passed + bytes.len() as u64 > byte).then(|| (place, byte - passed))
        })?;
        let (place, cut) = found.unwrap_or_else(|end| {
            (
                end.place,
                byte.saturating_sub(one(view.only, end.totals.stored)),
            )
        });
        Ok((place, View { cut, ..view }))
    }

    fn behind_lines(&self, lines: u64, view: View) -> Result<(Place, View), Error> {
        if lines == 0 {
            return Ok((Place::default(), view));
        }
        let block = self.block_where(|totals| one(view.only, totals.lines) >= lines)?;
        let found = self.walk(block, |before, frame, place| {
            let (_, bytes) = output(frame, view.only)?;
            let wanted = lines - one(view.only, before.lines);
            let nth = usize::try_from(wanted - 1).ok()?;
            let line_feed = memchr::memchr_iter(b'\n', bytes).nth(nth)?;
            Some((place, line_feed as u64 + 1))
        })?;
        let (place, cut) = found.unwrap_or_else(|end| (end.place, 0));
        Ok((place, View { cut, ..view }))
    }

    fn at_time(&self, time: i64, view: View) -> Result<(Place, View), Error> {
        let block = self.block_where(|totals| totals.latest >= time)?;
        let found = self.walk(block, |_, frame, place| {
            (frame.time >= time).then_some(place)
        })?;
        Ok((found.unwrap_or_else(|end| end.place), view))
    }

    /// The last lines, counted by where they begin. Where the first of them does, the other stream
    /// may be in the middle of an older line: the rest of that is passed over.
    fn at_last_lines(&self, lines: u64, view: View) -> Result<(Place, View), Error> {
        let last = self.block_where(|_| false)?;
        let end = match self.walk(last, |_, _, _| None::<Infallible>)? {
            Err(end) => end,
            Ok(never) => match never {},
        };
        if lines == 0 {
            return Ok((end.place, view));
        }
        // The last line feed of each stream begins no line: two more are looked at.
        let all = one(view.only, end.totals.lines);
        let from = match all.checked_sub(lines.saturating_add(2)) {
            Some(spare) => self.block_where(|totals| one(view.only, totals.lines) > spare)?,
            None => 0,
        };
        let mut begun: u64 = 0;
        let _ = self.walk(from, |before, frame, _| {
            begun += line_starts(before, frame, view.only).count() as u64;
            None::<Infallible>
        })?;
        let mut passed_over = begun.saturating_sub(lines);
        let found = self.walk(from, |before, frame, place| {
            let here = line_starts(before, frame, view.only).count() as u64;
            if passed_over >= here {
                passed_over -= here;
                return None;
            }
            let nth = usize::try_from(passed_over).ok()?;
            let (stream, start) = line_starts(before, frame, view.only).nth(nth)?;
            let in_line = Stream::ALL.map(|any| any != stream && before.is_open[any.slot()]);
            Some((
                place,
                View {
                    cut: start as u64,
                    in_line,
                    ..view
                },
            ))
        })?;
        Ok(found.unwrap_or((end.place, view)))
    }

    /// The first block at whose end the claim holds, or the one that is still open.
    fn block_where(&self, claim: impl Fn(&Totals) -> bool) -> Result<u64, Error> {
        let index = self.index();
        let (count, last) = index.last()?;
        let blocks = count - u64::from(last.is_some_and(|entry| entry.is_end));
        index.first_where(blocks, |entry| claim(&entry.totals))
    }

    /// Visits the frames from a block on, with the sums before each, until one gives an answer.
    fn walk<T>(
        &self,
        mut block: u64,
        mut visit: impl FnMut(&Totals, &Raw<'_>, Place) -> Option<T>,
    ) -> Result<Result<T, Behind>, Error> {
        let mut totals = self.index().before(block)?;
        loop {
            let (bytes, is_packed) = self.content(block)?;
            let mut at = 0;
            while let Some((frame, length)) = recovery::frame(&bytes, at) {
                if let Some(answer) = visit(
                    &totals,
                    &frame,
                    Place {
                        block,
                        at: at as u64,
                    },
                ) {
                    return Ok(Ok(answer));
                }
                totals.add(&frame);
                at += length;
            }
            if !is_packed {
                return Ok(Err(Behind {
                    place: Place {
                        block,
                        at: at as u64,
                    },
                    totals,
                }));
            }
            block += 1;
        }
    }

    /// The frames of a block, or of the tail that will be one, and whether it is one already.
    fn content(&self, block: u64) -> Result<(Vec<u8>, bool), Error> {
        loop {
            if let Some(entry) = self.index().entry(block)? {
                if entry.is_end {
                    return Ok((Vec::new(), false));
                }
                return Ok((load(&*self.disk, &self.paths, &entry)?, true));
            }
            let path = self.paths.tail(block);
            let failed = Error::disk("read", &path);
            let length = match self.disk.len(&path) {
                Ok(length) => length.unwrap_or(0),
                Err(error) => return Err(failed(error)),
            };
            let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
            match self.disk.read_at(&path, 0, &mut bytes) {
                Ok(read) => {
                    bytes.truncate(read);
                    return Ok((bytes, false));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                // Not begun, or packed since the index was looked at.
                Err(_) if self.index().entry(block)?.is_none() => return Ok((Vec::new(), false)),
                Err(_) => {}
            }
        }
    }
}

/// The position behind all there is now.
struct Behind {
    place: Place,
    totals: Totals,
}

/// What a frame holds of the streams that are shown.
fn output<'a>(frame: &Raw<'a>, only: Option<Stream>) -> Option<(Stream, &'a [u8])> {
    match frame.kind {
        Kind::Output(stream) if only.is_none_or(|only| only == stream) => {
            Some((stream, frame.payload))
        }
        _ => None,
    }
}

/// Where in a frame lines begin.
fn line_starts<'a>(
    before: &Totals,
    frame: &Raw<'a>,
    only: Option<Stream>,
) -> impl Iterator<Item = (Stream, usize)> + 'a {
    let is_open = before.is_open;
    output(frame, only)
        .into_iter()
        .flat_map(move |(stream, bytes)| {
            let first = (!is_open[stream.slot()] && !bytes.is_empty()).then_some(0);
            let later = memchr::memchr_iter(b'\n', bytes).map(|line_feed| line_feed + 1);
            let later = later.filter(move |&start| start < bytes.len());
            first
                .into_iter()
                .chain(later)
                .map(move |start| (stream, start))
        })
}
