//! What Docker's record leaves out.
//!
//! Its `local` driver keeps a line of more than 16 KiB in parts, all with the time of the first
//! one, and gives them back without the newline behind the last one (20.10 does). A record without
//! a newline in front of one with another time is such a last part. At the very end of a log it
//! cannot be told from a line that had no newline: there nothing is added.

use crate::sink::Piece;
use bytes::{BufMut, BytesMut};
use gofer_core::Timestamp;
use gofer_scheduler::Stream;

/// Puts back the newlines of long lines.
#[derive(Debug, Default)]
pub(super) struct Newlines {
    stdout: Open,
    stderr: Open,
}

/// The time of the latest record, if no newline ended it.
type Open = Option<Timestamp>;

impl Newlines {
    pub(super) fn restore(&mut self, mut piece: Piece) -> Piece {
        let open = match piece.stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let is_missing = open.is_some_and(|at| at != piece.at);
        *open = (!piece.bytes.ends_with(b"\n")).then_some(piece.at);
        if is_missing {
            let mut whole = BytesMut::with_capacity(piece.bytes.len() + 1);
            whole.put_u8(b'\n');
            whole.extend_from_slice(&piece.bytes);
            piece.bytes = whole.freeze();
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    fn restored(records: &[(Stream, u64, &str)]) -> String {
        let mut newlines = Newlines::default();
        records.iter().fold(String::new(), |text, record| {
            let (stream, at, bytes) = *record;
            let piece = newlines.restore(Piece {
                stream,
                at: Timestamp::UNIX_EPOCH + Duration::from_nanos(at),
                bytes: Bytes::from(bytes.to_owned()),
            });
            text + std::str::from_utf8(&piece.bytes).unwrap()
        })
    }

    const OUT: Stream = Stream::Stdout;
    const ERR: Stream = Stream::Stderr;

    #[test]
    fn a_long_line_gets_its_newline_back_and_no_other_does() {
        let records = [
            (OUT, 1, "one\n"),
            (OUT, 2, "long "),
            (OUT, 2, "longer "),
            (OUT, 2, "line"),
            (OUT, 3, "two\n"),
            (OUT, 4, "end"),
        ];
        assert_eq!(restored(&records), "one\nlong longer line\ntwo\nend");
    }

    #[test]
    fn an_engine_that_gives_it_itself_is_left_alone() {
        let records = [(OUT, 2, "long "), (OUT, 2, "line\n"), (OUT, 3, "two\n")];
        assert_eq!(restored(&records), "long line\ntwo\n");
    }

    #[test]
    fn a_line_that_fills_its_part_has_an_empty_last_part() {
        let records = [
            (OUT, 2, "full"),
            (OUT, 2, ""),
            (OUT, 3, "\n"),
            (OUT, 4, "x\n"),
        ];
        assert_eq!(restored(&records), "full\n\nx\n");
    }

    #[test]
    fn streams_have_lines_of_their_own() {
        let records = [
            (OUT, 2, "long "),
            (ERR, 3, "err\n"),
            (OUT, 2, "line"),
            (ERR, 4, "x\n"),
        ];
        assert_eq!(restored(&records), "long err\nlinex\n");
    }
}
