//! Headers in the POSIX form, which every tar reads.

use super::{BLOCK, block::checksum, pax};
use crate::{Entry, Kind};

/// What an archive ends with.
pub(crate) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// The largest number in eleven octal digits.
const MOST_OCTAL: u64 = 0o777_7777_7777;

/// What fills the last block of a file of this size.
pub(crate) fn padding(bytes: u64) -> usize {
    let block = BLOCK as u64;
    usize::try_from((block - bytes % block) % block).unwrap_or(0)
}

/// The header of an entry: one block, and what it needs in front of it.
pub(crate) fn header(entry: &Entry) -> Vec<u8> {
    let (flag, target, slash) = match &entry.kind {
        Kind::File { .. } => (b'0', "", ""),
        Kind::SameAs { first } => (b'1', first.as_str(), ""),
        Kind::Link { target } => (b'2', target.as_str(), ""),
        Kind::Folder => (b'5', "", "/"),
    };
    let (name, bytes) = (format!("{}{slash}", entry.path), entry.kind.bytes());
    let mut records = Vec::new();
    if !fits(&name) {
        records.extend(pax::record("path", &name));
    }
    if !fits(target) {
        records.extend(pax::record("linkpath", target));
    }
    if bytes > MOST_OCTAL {
        records.extend(pax::record("size", &bytes.to_string()));
    }
    let mut header = Vec::with_capacity(BLOCK);
    if !records.is_empty() {
        let length = records.len() as u64;
        header.extend(block(b'x', ("pax", ""), 0o644, length, entry.modified));
        header.extend(&records);
        header.resize(header.len() + padding(length), 0);
    }
    let mode = u64::from(entry.mode & 0o777);
    header.extend(block(flag, (&name, target), mode, bytes, entry.modified));
    header
}

/// Goes into the old header as it is.
fn fits(text: &str) -> bool {
    text.len() <= 100 && text.is_ascii()
}

fn block(
    flag: u8,
    (name, target): (&str, &str),
    mode: u64,
    bytes: u64,
    modified: u64,
) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, most: usize, bytes: &[u8]| {
        for (place, byte) in block.iter_mut().skip(at).take(most).zip(bytes) {
            *place = *byte;
        }
    };
    put(0, 100, name.as_bytes());
    put(100, 8, octal(mode, 7).as_bytes());
    put(108, 8, octal(0, 7).as_bytes());
    put(116, 8, octal(0, 7).as_bytes());
    put(124, 12, octal(bytes.min(MOST_OCTAL), 11).as_bytes());
    put(136, 12, octal(modified.min(MOST_OCTAL), 11).as_bytes());
    put(156, 1, &[flag]);
    put(157, 100, target.as_bytes());
    put(257, 8, b"ustar\x0000");
    let sum = checksum(&block);
    let mut put = |at: usize, bytes: &[u8]| {
        for (place, byte) in block.iter_mut().skip(at).zip(bytes) {
            *place = *byte;
        }
    };
    put(148, format!("{sum:06o}\0 ").as_bytes());
    block
}

fn octal(number: u64, digits: usize) -> String {
    format!("{number:0digits$o}")
}
