//! Where a form may begin, at a fraction of a look per byte.
//!
//! A window as long as the shortest form moves over the input. Its last three bytes say how far it
//! may jump before it could lie on the beginning of a form (after Wu and Manber).

use super::LEAST_BYTES;

const GRAM: usize = 3;
/// A longer window jumps further, but the rest of every chunk is shorter than a window and is read
/// byte by byte.
const WIDEST: usize = 16;
/// Tables of 32 KiB to 512 KiB: they should stay in a cache, and be mostly empty.
const BITS: std::ops::RangeInclusive<u32> = 15..=19;
const SPARSE: usize = 8;
/// Marks a gram with which a form begins.
const BEGINS: u8 = 0x80;

pub(super) struct Filter {
    table: Box<[u8]>,
    bits: u32,
    window: usize,
}

impl Filter {
    pub(super) fn new<'a>(forms: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let shortest = forms.clone().map(<[u8]>::len).min().unwrap_or(LEAST_BYTES);
        let window = shortest.clamp(LEAST_BYTES, WIDEST);
        let grams = forms.clone().count() * (window - GRAM + 1);
        let bits = (grams * SPARSE)
            .next_power_of_two()
            .ilog2()
            .clamp(*BITS.start(), *BITS.end());
        let furthest = jump(window - GRAM + 1);
        let mut this = Self {
            table: vec![furthest; 1 << bits].into(),
            bits,
            window,
        };
        for form in forms {
            let start = form.get(..window).unwrap_or(form);
            for (at, gram) in start.windows(GRAM).enumerate() {
                let &[a, b, c] = gram else { continue };
                let slot = this.slot(u32::from_le_bytes([a, b, c, 0]));
                let entry = &mut this.table[slot];
                let begins = (*entry & BEGINS) | if at == 0 { BEGINS } else { 0 };
                *entry = (*entry & !BEGINS).min(jump(window - GRAM - at)) | begins;
            }
        }
        this
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// The first position from `from` on where a form may begin, or one so near the end of the
    /// input that there is no telling.
    pub(super) fn candidate(&self, input: &[u8], from: usize) -> usize {
        let mut end = from + self.window;
        while let Some(gram) = gram_before(input, end) {
            let jump = self.table[self.slot(gram)] & !BEGINS;
            let start = end - self.window;
            if jump > 0 {
                end += usize::from(jump);
                continue;
            }
            let first = gram_before(input, start + GRAM);
            // At the very beginning of the input the first gram cannot be looked at like this.
            if first.is_none_or(|first| self.table[self.slot(first)] & BEGINS != 0) {
                return start;
            }
            end += 1;
        }
        (end - self.window).min(input.len())
    }

    fn slot(&self, gram: u32) -> usize {
        (gram.wrapping_mul(0x9E37_79B1) >> (u32::BITS - self.bits)) as usize
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "less than the widest window"
)]
fn jump(distance: usize) -> u8 {
    distance as u8
}

/// The three bytes before a position, read as four of which one is thrown away.
fn gram_before(input: &[u8], end: usize) -> Option<u32> {
    let bytes = input.get(end.checked_sub(GRAM + 1)?..end)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes) >> 8)
}
