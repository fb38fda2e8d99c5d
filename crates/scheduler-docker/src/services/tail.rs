//! The last lines of a log, for a sentence about it.

const MOST_LINES: usize = 10;
const MOST_BYTES: usize = 2 * 1024;

#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let new = bytes.len().saturating_sub(MOST_BYTES);
        self.0
            .extend_from_slice(bytes.get(new..).unwrap_or_default());
        let old = self.0.len().saturating_sub(MOST_BYTES);
        self.0.drain(..old);
    }

    /// One that was cut off in front begins with a part of a line.
    pub(super) fn lines(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let from = lines.len().saturating_sub(MOST_LINES);
        lines.get(from..).unwrap_or_default().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_no_more_of_them_than_can_be_read() {
        let mut tail = Tail::default();
        assert_eq!(tail.lines(), "");
        for number in 0..10_000 {
            tail.push(format!("line {number}\n").as_bytes());
        }
        let lines = tail.lines();
        assert_eq!(lines.lines().count(), MOST_LINES);
        assert!(lines.ends_with("line 9999"), "{lines}");
        tail.push(&vec![b'x'; 3 * MOST_BYTES]);
        assert_eq!(tail.lines().len(), MOST_BYTES);
    }
}
