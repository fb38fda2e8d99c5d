//! The index: an entry of fixed size for each block, and a last one for the end of the log.

use crate::{
    Counts, Disk, Error, Paths, Stream,
    frame::{Kind, Raw, timestamp},
};
use gofer_core::Timestamp;
use std::io;

/// Bytes of an entry.
pub(crate) const ENTRY: usize = 112;

const BLOCK: u8 = 1;
const END: u8 = 2;
const VERSION: u8 = 1;

/// What a finished log holds in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When it was finished.
    pub at: Timestamp,
    /// Bytes of the engine's streams that frames stand for.
    pub engine: Counts,
    /// Bytes kept, as they are shown.
    pub stored: Counts,
    /// Line feeds kept.
    pub lines: Counts,
    /// Bytes beyond the cap.
    pub dropped: u64,
    /// Marked holes.
    pub holes: u64,
}

/// Sums over all frames up to a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) engine: Counts,
    pub(crate) stored: Counts,
    pub(crate) lines: Counts,
    pub(crate) dropped: u64,
    pub(crate) holes: u64,
    /// The latest time so far: it never falls, whatever the wall clock did.
    pub(crate) latest: i64,
    /// Whether the last line of a stream is unfinished.
    pub(crate) is_open: [bool; 2],
}

impl Totals {
    pub(crate) fn add(&mut self, frame: &Raw<'_>) {
        self.latest = self.latest.max(frame.time);
        match frame.kind {
            Kind::Output(stream) => {
                *self.engine.of_mut(stream) += frame.engine;
                *self.stored.of_mut(stream) += frame.payload.len() as u64;
                let lines = memchr::memchr_iter(b'\n', frame.payload).count();
                *self.lines.of_mut(stream) += lines as u64;
                if let Some(&last) = frame.payload.last() {
                    self.is_open[stream.slot()] = last != b'\n';
                }
            }
            Kind::Hole => self.holes += 1,
            Kind::Dropped => {
                let bytes = frame.payload.first_chunk().copied().unwrap_or_default();
                self.dropped += u64::from_le_bytes(bytes);
            }
        }
    }

    pub(crate) fn end(&self, at: i64) -> End {
        let Self {
            engine,
            stored,
            lines,
            dropped,
            holes,
            ..
        } = *self;
        End {
            at: timestamp(at),
            engine,
            stored,
            lines,
            dropped,
            holes,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) is_end: bool,
    /// Where the block lies, packed.
    pub(crate) offset: u64,
    pub(crate) packed: u32,
    pub(crate) plain: u32,
    /// Of the first frame; of the end itself in the last entry.
    pub(crate) time: i64,
    /// Behind the block.
    pub(crate) totals: Totals,
}

impl Entry {
    pub(crate) fn write(&self) -> Vec<u8> {
        let totals = &self.totals;
        let [stdout, stderr] = totals.is_open.map(u8::from);
        let mut out = vec![
            if self.is_end { END } else { BLOCK },
            VERSION,
            stdout,
            stderr,
        ];
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.packed.to_le_bytes());
        out.extend_from_slice(&self.plain.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&totals.latest.to_le_bytes());
        for counts in [totals.engine, totals.stored, totals.lines] {
            out.extend_from_slice(&counts.stdout.to_le_bytes());
            out.extend_from_slice(&counts.stderr.to_le_bytes());
        }
        out.extend_from_slice(&totals.dropped.to_le_bytes());
        out.extend_from_slice(&totals.holes.to_le_bytes());
        let check = checksum(&out).to_le_bytes();
        out.extend_from_slice(&check);
        out
    }

    fn read(bytes: &[u8; ENTRY]) -> Option<Self> {
        let (content, check) = bytes.split_last_chunk()?;
        if checksum(content) != u64::from_le_bytes(*check) {
            return None;
        }
        let mut fields = Fields(content);
        let [kind, version, stdout, stderr, ..] = fields.take::<8>()?;
        if version != VERSION || !matches!(kind, BLOCK | END) {
            return None;
        }
        let offset = fields.u64()?;
        let packed = u32::from_le_bytes(fields.take()?);
        let plain = u32::from_le_bytes(fields.take()?);
        let time = i64::from_le_bytes(fields.take()?);
        let latest = i64::from_le_bytes(fields.take()?);
        let totals = Totals {
            latest,
            engine: fields.counts()?,
            stored: fields.counts()?,
            lines: fields.counts()?,
            dropped: fields.u64()?,
            holes: fields.u64()?,
            is_open: [stdout != 0, stderr != 0],
        };
        Some(Self {
            is_end: kind == END,
            offset,
            packed,
            plain,
            time,
            totals,
        })
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.is_end.then(|| self.totals.end(self.time))
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(field)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn counts(&mut self) -> Option<Counts> {
        Some(Counts {
            stdout: self.u64()?,
            stderr: self.u64()?,
        })
    }
}

/// FNV-1a: enough to tell a written entry from a torn one.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The index of a log, read entry by entry.
pub(crate) struct Index<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) paths: &'a Paths,
}

impl Index<'_> {
    /// The entry, or `None` if it is not (wholly) there.
    pub(crate) fn entry(&self, number: u64) -> Result<Option<Entry>, Error> {
        let path = self.paths.index();
        let mut bytes = [0; ENTRY];
        match self.disk.read_at(&path, number * ENTRY as u64, &mut bytes) {
            Ok(ENTRY) => Ok(Entry::read(&bytes)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::disk("read", &path)(error)),
        }
    }

    /// How many whole entries there are, and the last of them.
    pub(crate) fn last(&self) -> Result<(u64, Option<Entry>), Error> {
        let path = self.paths.index();
        let length = self
            .disk
            .len(&path)
            .map_err(Error::disk("read", &path))?
            .unwrap_or(0);
        let mut count = length / ENTRY as u64;
        while count > 0 {
            let entry = self.entry(count - 1)?;
            if entry.is_some() {
                return Ok((count, entry));
            }
            count -= 1;
        }
        Ok((0, None))
    }

    /// The first of the entries before `count` for which the claim holds; it holds for all behind.
    pub(crate) fn first_where(
        &self,
        count: u64,
        claim: impl Fn(&Entry) -> bool,
    ) -> Result<u64, Error> {
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            let holds = self
                .entry(middle)?
                .is_none_or(|entry| entry.is_end || claim(&entry));
            if holds {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// The sums before a block.
    pub(crate) fn before(&self, block: u64) -> Result<Totals, Error> {
        let Some(number) = block.checked_sub(1) else {
            return Ok(Totals::default());
        };
        Ok(self
            .entry(number)?
            .map(|entry| entry.totals)
            .unwrap_or_default())
    }
}

pub(crate) fn one(stream: Option<Stream>, counts: Counts) -> u64 {
    stream.map_or(counts.total(), |stream| counts.of(stream))
}
