//! Lines that stay whole. An engine hands over what a container writes in parts that end where its own
//! buffers do (Docker 20.10 at 4 and 8 KiB: on a busy machine in every fourth of 200 containers that wrote
//! 2,000 lines on either stream), and between two parts of one line comes what it has of the other stream.
//! The other stream waits until the line has ended, for as long as that may be expected.

use bytes::Bytes;
use gofer_core::{Timestamp, clock::Moment};
use gofer_scheduler::Stream;
use std::time::Duration;

/// The rest of a line that was cut came within 5 ms. A job may as well have begun a line that it does not
/// end for long, and nobody is to wait for that.
const PATIENCE: Duration = Duration::from_millis(250);
/// No more of the other stream than this waits.
const MOST_BYTES: usize = 256 * 1024;

/// Output of one stream.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) stream: Stream,
    pub(super) at: Timestamp,
    pub(super) bytes: Bytes,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The stream whose latest line has not ended.
    open: Option<Stream>,
    /// What the other one wrote meanwhile.
    waiting: Vec<Piece>,
    bytes: usize,
    since: Option<Moment>,
}

impl Lines {
    /// Lets through what may be kept now, in the order in which it is to be kept.
    pub(super) fn pass(&mut self, now: Moment, piece: Piece, mut keep: impl FnMut(Piece)) {
        self.take(now, piece, &mut keep);
    }

    fn take(&mut self, now: Moment, mut piece: Piece, keep: &mut impl FnMut(Piece)) {
        if self.open.is_some_and(|open| open != piece.stream) {
            self.bytes += piece.bytes.len();
            self.waiting.push(piece);
            self.since.get_or_insert(now);
            return self.mind(now, keep);
        }
        let end = piece.bytes.iter().rposition(|byte| *byte == b'\n');
        let Some(end) = end.filter(|_| !self.waiting.is_empty()) else {
            self.keep(piece, keep);
            return self.mind(now, keep);
        };
        let rest = Piece {
            bytes: piece.bytes.split_off(end + 1),
            ..piece
        };
        self.keep(piece, keep);
        self.wait_no_longer(&mut *keep);
        if !rest.bytes.is_empty() {
            self.take(now, rest, keep);
        }
    }

    fn mind(&mut self, now: Moment, keep: &mut impl FnMut(Piece)) {
        if self.bytes > MOST_BYTES || self.patience(now) == Some(Duration::ZERO) {
            self.wait_no_longer(keep);
        }
    }

    fn keep(&mut self, piece: Piece, keep: &mut impl FnMut(Piece)) {
        if let Some(last) = piece.bytes.last() {
            self.open = (*last != b'\n').then_some(piece.stream);
        }
        keep(piece);
    }

    /// Lets through what waits, whether a line has ended or not.
    pub(super) fn wait_no_longer(&mut self, mut keep: impl FnMut(Piece)) {
        self.bytes = 0;
        self.since = None;
        for piece in std::mem::take(&mut self.waiting) {
            self.keep(piece, &mut keep);
        }
    }

    /// How much longer something waits, if anything does.
    pub(super) fn patience(&self, now: Moment) -> Option<Duration> {
        let waited = now.0.saturating_sub(self.since?.0);
        Some(PATIENCE.saturating_sub(waited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stream::{Stderr, Stdout};

    fn piece(stream: Stream, text: &str) -> Piece {
        Piece {
            stream,
            at: Timestamp::UNIX_EPOCH,
            bytes: Bytes::from(text.to_owned()),
        }
    }

    fn at(ms: u64) -> Moment {
        Moment(Duration::from_millis(ms))
    }

    /// What is kept of these, and what waits.
    fn kept(pieces: &[(Stream, &str)]) -> (String, Lines) {
        let (mut lines, mut text) = (Lines::default(), String::new());
        for (stream, part) in pieces {
            lines.pass(at(7), piece(*stream, part), |piece| {
                text.push_str(std::str::from_utf8(&piece.bytes).unwrap());
            });
        }
        (text, lines)
    }

    #[test]
    fn what_comes_between_two_parts_of_a_line_waits_for_its_end() {
        let rows: [(&[(Stream, &str)], &str); 5] = [
            (
                &[(Stdout, "a\nb"), (Stderr, "x\n"), (Stdout, "c\n")],
                "a\nbc\nx\n",
            ),
            (
                &[
                    (Stdout, "a"),
                    (Stderr, "x\n"),
                    (Stderr, "y\n"),
                    (Stdout, "b"),
                    (Stdout, "\nc\nd"),
                ],
                "ab\nc\nx\ny\nd",
            ),
            (
                &[
                    (Stderr, "x"),
                    (Stdout, "a\nb"),
                    (Stderr, "y\nz"),
                    (Stdout, "c\n"),
                    (Stderr, "\n"),
                ],
                "xy\na\nbc\nz\n",
            ),
            (
                &[(Stdout, "a\n"), (Stderr, "x\n"), (Stdout, "b\n")],
                "a\nx\nb\n",
            ),
            (
                &[(Stdout, "a"), (Stdout, ""), (Stderr, ""), (Stdout, "\n")],
                "a\n",
            ),
        ];
        for (pieces, expected) in rows {
            let (text, lines) = kept(pieces);
            assert_eq!(text, expected, "{pieces:?}");
            assert!(lines.waiting.is_empty(), "{pieces:?}");
        }
    }

    #[test]
    fn nobody_waits_for_longer_than_a_moment_or_with_much() {
        let (text, mut lines) = kept(&[(Stdout, "name: "), (Stderr, "x\n"), (Stderr, "y\n")]);
        assert_eq!(text, "name: ");
        assert_eq!(lines.patience(at(107)), Some(Duration::from_millis(150)));
        assert_eq!(lines.patience(at(9_999)), Some(Duration::ZERO));
        let mut rest = Vec::new();
        lines.wait_no_longer(|piece| rest.push(piece.bytes));
        assert_eq!(rest, ["x\n", "y\n"]);
        assert_eq!(lines.patience(at(7)), None);
        let (_, mut lines) = kept(&[(Stdout, "name: "), (Stderr, "x\n")]);
        let mut rest = Vec::new();
        lines.pass(at(7 + 250), piece(Stdout, "?"), |piece| {
            rest.push(piece.bytes);
        });
        assert_eq!(rest, ["?", "x\n"]);
        let much = "x".repeat(MOST_BYTES + 1);
        let (text, lines) = kept(&[(Stdout, "name: "), (Stderr, &much)]);
        assert_eq!(text.len(), 6 + much.len());
        assert_eq!(lines.open, Some(Stderr));
    }
}
