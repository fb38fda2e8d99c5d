//! One header block.

use super::BLOCK;
use crate::Refusal;

/// What a header says, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) name: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) flag: u8,
    pub(crate) mode: u32,
    pub(crate) bytes: u64,
    pub(crate) modified: u64,
}

/// Reads a header. `None`: a block of zeros, as at the end.
pub(super) fn read(block: &[u8; BLOCK]) -> Result<Option<Raw>, Refusal> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let sum = number(field(block, 148, 8)).ok_or(Refusal::Broken("a header without a checksum"))?;
    if sum != checksum(block) {
        return Err(Refusal::Broken("the checksum of a header is wrong"));
    }
    let mut name = text(field(block, 0, 100)).to_vec();
    let prefix = text(field(block, 345, 155));
    // GNU's own headers have other things there.
    if field(block, 257, 6) == b"ustar\0" && !prefix.is_empty() {
        name = [prefix, b"/", &name].concat();
    }
    let mode = number(field(block, 100, 8)).unwrap_or(0);
    Ok(Some(Raw {
        name,
        target: text(field(block, 157, 100)).to_vec(),
        flag: field(block, 156, 1).first().copied().unwrap_or(0),
        mode: u32::try_from(mode & 0o7777).unwrap_or(0),
        bytes: number(field(block, 124, 12)).ok_or(Refusal::Broken("a size is no number"))?,
        // A time before 1970 says nothing that anybody needs.
        modified: number(field(block, 136, 12)).unwrap_or(0),
    }))
}

/// The sum of all bytes, with blanks in the place of the sum.
pub(super) fn checksum(block: &[u8; BLOCK]) -> u64 {
    let bytes = block.iter().enumerate();
    bytes
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                u64::from(b' ')
            } else {
                u64::from(*byte)
            }
        })
        .sum()
}

fn field(block: &[u8; BLOCK], at: usize, length: usize) -> &[u8] {
    block.get(at..at + length).unwrap_or_default()
}

/// Up to the first zero.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    field.get(..end.unwrap_or(field.len())).unwrap_or_default()
}

/// Octal digits between blanks, or with the first bit set a big-endian number.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        let start = u64::from(first & 0x7f);
        return rest.iter().try_fold(start, |so_far, byte| {
            Some(so_far.checked_mul(256)? + u64::from(*byte))
        });
    }
    let text = text(field).trim_ascii();
    if text.is_empty() {
        return Some(0);
    }
    text.iter().try_fold(0_u64, |so_far, digit| match digit {
        b'0'..=b'7' => so_far.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}
