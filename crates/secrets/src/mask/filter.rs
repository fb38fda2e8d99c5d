//! Where a form may begin, at a fraction of a look per byte.
//!
//! Every form has at least [`WINDOW`] bytes. The last three bytes of a window say how far it may
//! be moved before it could lie on the beginning of a form (after Wu and Manber).

use super::LEAST_BYTES;

pub(super) const WINDOW: usize = LEAST_BYTES;
const GRAM: usize = 3;
const BITS: u32 = 15;
#[expect(clippy::cast_possible_truncation, reason = "4")]
const FURTHEST: u8 = (WINDOW - GRAM + 1) as u8;
/// Marks a gram with which a form begins.
const BEGINS: u8 = 0x80;

pub(super) struct Filter {
    table: Box<[u8]>,
}

fn slot(gram: [u8; GRAM]) -> usize {
    let [a, b, c] = gram;
    let number = u32::from_le_bytes([a, b, c, 0]);
    (number.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BITS)) as usize
}

impl Filter {
    pub(super) fn new<'a>(forms: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut table = vec![FURTHEST; 1 << BITS].into_boxed_slice();
        for form in forms {
            for (at, gram) in form
                .iter()
                .take(WINDOW)
                .collect::<Vec<_>>()
                .windows(GRAM)
                .enumerate()
            {
                let &[&a, &b, &c] = gram else { continue };
                let entry = &mut table[slot([a, b, c])];
                #[expect(clippy::cast_possible_truncation, reason = "at most 3")]
                let further = (WINDOW - GRAM - at) as u8;
                let begins = (*entry & BEGINS) | if at == 0 { BEGINS } else { 0 };
                *entry = (*entry & !BEGINS).min(further) | begins;
            }
        }
        Self { table }
    }

    /// The first position from `from` on where a form may begin, or the last [`WINDOW`] − 1 bytes
    /// of the input, which are too few to tell.
    pub(super) fn candidate(&self, input: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(&[a, b, c, d, e, f]) =
            input.get(at..).and_then(<[u8]>::first_chunk::<WINDOW>)
        {
            let shift = self.table[slot([d, e, f])] & !BEGINS;
            if shift > 0 {
                at += usize::from(shift);
            } else if self.table[slot([a, b, c])] & BEGINS != 0 {
                return at;
            } else {
                at += 1;
            }
        }
        at.min(input.len()).max(from)
    }
}
