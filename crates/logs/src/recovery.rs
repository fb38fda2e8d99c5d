//! What of a log has reached the disk. Whatever a dying writer left half done is cut off.

use crate::{
    Disk, Error, Paths,
    frame::{NoFrame, Raw},
    index::{ENTRY, Index, Totals},
};

pub(crate) struct Found {
    pub(crate) is_ended: bool,
    pub(crate) count: u64,
    pub(crate) offset: u64,
    /// The whole frames of the tail.
    pub(crate) tail: Vec<u8>,
    pub(crate) totals: Totals,
}

pub(crate) fn recover(disk: &dyn Disk, paths: &Paths) -> Result<Found, Error> {
    let index = Index { disk, paths };
    let (mut count, mut last) = index.last()?;
    let length = length(disk, &paths.blocks())?;
    // After a power failure the index may know blocks which the medium does not have.
    while last.is_some_and(|entry| entry.offset + u64::from(entry.packed) > length) {
        count -= 1;
        last = match count.checked_sub(1) {
            Some(number) => index.entry(number)?,
            None => None,
        };
    }
    let (totals, offset) = last.map_or((Totals::default(), 0), |entry| {
        (entry.totals, entry.offset + u64::from(entry.packed))
    });
    let mut found = Found {
        is_ended: last.is_some_and(|entry| entry.is_end),
        count,
        offset,
        tail: Vec::new(),
        totals,
    };
    if !found.is_ended {
        cut(disk, &paths.index(), count * ENTRY as u64)?;
        cut(disk, &paths.blocks(), offset)?;
        if let Some(number) = count.checked_sub(1) {
            let path = paths.tail(number);
            disk.remove(&path).map_err(Error::disk("remove", &path))?;
        }
        tail(disk, &paths.tail(count), &mut found)?;
    }
    Ok(found)
}

fn tail(disk: &dyn Disk, path: &str, found: &mut Found) -> Result<(), Error> {
    let length = length(disk, path)?;
    if length == 0 {
        return Ok(());
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    let read = disk
        .read_at(path, 0, &mut bytes)
        .map_err(Error::disk("read", path))?;
    bytes.truncate(read);
    let whole = whole(&bytes, |frame| found.totals.add(frame));
    bytes.truncate(whole);
    cut(disk, path, whole as u64)?;
    found.tail = bytes;
    Ok(())
}

/// Visits the frames that are all there. Returns their length.
pub(crate) fn whole(bytes: &[u8], mut visit: impl FnMut(&Raw<'_>)) -> usize {
    let mut at = 0;
    while let Some((frame, length)) = frame(bytes, at) {
        visit(&frame);
        at += length;
    }
    at
}

/// The frame at a position, if it is all there and makes sense.
pub(crate) fn frame(bytes: &[u8], at: usize) -> Option<(Raw<'_>, usize)> {
    match Raw::read(bytes.get(at..)?) {
        Ok((frame, length)) => frame.body().is_some().then_some((frame, length)),
        Err(NoFrame::Short { .. } | NoFrame::Bad) => None,
    }
}

fn length(disk: &dyn Disk, path: &str) -> Result<u64, Error> {
    Ok(disk
        .len(path)
        .map_err(Error::disk("read", path))?
        .unwrap_or(0))
}

fn cut(disk: &dyn Disk, path: &str, length: u64) -> Result<(), Error> {
    match disk.len(path).map_err(Error::disk("read", path))? {
        Some(found) if found > length => disk
            .truncate(path, length)
            .map_err(Error::disk("cut", path)),
        _ => Ok(()),
    }
}
