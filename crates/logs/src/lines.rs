use crate::{Body, Error, More, Reader, Stream};
use gofer_core::Timestamp;
use std::{cmp::Reverse, collections::VecDeque};

/// A longer line comes in several pieces.
const LONGEST: usize = 1024 * 1024;

/// A line of one stream, or the piece of one that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When its first byte came.
    pub at: Timestamp,
    /// From which pipe.
    pub stream: Stream,
    /// Its bytes, without the line feed.
    pub bytes: Vec<u8>,
    /// Whether a line feed ended it. The next of this stream otherwise goes on with it.
    pub is_whole: bool,
}

/// Reads a log line by line. The lines of a stream come in their order; those of different
/// streams in the order in which they end.
pub struct Lines {
    reader: Reader,
    begun: [Option<Line>; 2],
    ready: VecDeque<Line>,
}

impl Lines {
    /// Goes on where the reader is.
    pub fn new(reader: Reader) -> Self {
        Self {
            reader,
            begun: [None, None],
            ready: VecDeque::new(),
        }
    }

    /// The next line; `None` if there is none now. An unfinished one waits for its end, or for
    /// that of the log.
    pub fn read_line(&mut self) -> Result<Option<Line>, Error> {
        while self.ready.is_empty() {
            match self.reader.read_more()? {
                More::Frames(frames) => {
                    for frame in frames {
                        if let Body::Output { stream, bytes } = frame.body {
                            let begun = &mut self.begun[stream.slot()];
                            split(frame.at, stream, bytes, begun, &mut self.ready);
                        }
                    }
                }
                More::Waiting => return Ok(None),
                More::Ended(_) => {
                    let mut rest: Vec<Line> =
                        self.begun.iter_mut().filter_map(Option::take).collect();
                    rest.sort_by_key(|line| Reverse(line.at));
                    return match rest.pop() {
                        Some(line) => {
                            self.ready.extend(rest);
                            Ok(Some(line))
                        }
                        None => Ok(None),
                    };
                }
            }
        }
        Ok(self.ready.pop_front())
    }

    /// The reader, behind all that was turned into lines.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }
}

fn split(
    at: Timestamp,
    stream: Stream,
    bytes: &[u8],
    begun: &mut Option<Line>,
    ready: &mut VecDeque<Line>,
) {
    for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
        let text = piece.strip_suffix(b"\n");
        let mut line = begun.take().unwrap_or_else(|| Line {
            at,
            stream,
            bytes: Vec::new(),
            is_whole: false,
        });
        line.bytes.extend_from_slice(text.unwrap_or(piece));
        line.is_whole = text.is_some();
        if line.is_whole || line.bytes.len() >= LONGEST {
            ready.push_back(line);
        } else {
            *begun = Some(line);
        }
    }
}
