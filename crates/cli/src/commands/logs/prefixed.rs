//! Lines with their task in front.

use crate::text;
use std::io::{self, Write};

/// A line longer than this is written in pieces, so that it need not be kept.
const MOST_PENDING: usize = 64 * 1024;

/// Puts a task's name in front of each line, whatever the pieces are cut like. Only whole lines
/// are written, so that those of several tasks do not mix.
pub(super) struct Prefixed {
    prefix: String,
    pending: Vec<u8>,
    is_open: bool,
}

impl Prefixed {
    pub(super) fn new(label: &str, widest: usize) -> Self {
        Self {
            prefix: format!("{} | ", text::fit(label, widest)),
            pending: Vec::new(),
            is_open: false,
        }
    }

    pub(super) fn write(&mut self, out: &mut impl Write, piece: &[u8]) -> io::Result<()> {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(line);
            if line.ends_with(b"\n") || self.pending.len() > MOST_PENDING {
                self.flush(out)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.is_open {
            out.write_all(self.prefix.as_bytes())?;
        }
        out.write_all(&self.pending)?;
        self.is_open = !self.pending.ends_with(b"\n");
        self.pending.clear();
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.pending.is_empty() {
            self.flush(out)?;
        }
        if std::mem::take(&mut self.is_open) {
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_into_pieces_has_one_prefix() {
        let mut out = Vec::new();
        let mut lines = Prefixed::new("load[3]", 8);
        for piece in ["one\ntw", "o\n", "three"] {
            lines.write(&mut out, piece.as_bytes()).unwrap();
        }
        lines.end(&mut out).unwrap();
        lines.end(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "load[3]  | one\nload[3]  | two\nload[3]  | three\n"
        );
    }
}
