//! The lower part of a terminal, drawn over and over.

use crate::text;

/// Remembers what was drawn, to draw over it.
#[derive(Debug, Default)]
pub(super) struct Screen {
    drawn: Vec<String>,
    columns: usize,
}

impl Screen {
    /// What to write so that `above` scrolls up for good and `region` stands below it. Nothing if
    /// nothing has changed.
    pub(super) fn frame(
        &mut self,
        above: &[String],
        region: Vec<String>,
        columns: usize,
    ) -> String {
        if above.is_empty() && region == self.drawn && columns == self.columns {
            return String::new();
        }
        let mut frame = self.back(columns);
        for line in above.iter().chain(&region) {
            frame.push_str(line);
            frame.push_str("\u{1b}[K\n");
        }
        frame.push_str("\u{1b}[J");
        self.drawn = region;
        self.columns = columns;
        frame
    }

    /// To the first column of the region's first line. A window that became narrower has wrapped
    /// what was drawn, so there are more lines to go back over.
    fn back(&self, columns: usize) -> String {
        let columns = columns.max(1);
        let rows: usize = self
            .drawn
            .iter()
            .map(|line| visible(line).max(1).div_ceil(columns))
            .sum();
        if rows == 0 {
            "\r".to_owned()
        } else {
            format!("\r\u{1b}[{rows}A")
        }
    }
}

/// Columns of a line that may hold our own colours.
fn visible(line: &str) -> usize {
    text::width(&text::safe(line.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn a_frame_goes_back_over_the_last_one_and_only_if_something_changed() {
        let mut screen = Screen::default();
        assert_eq!(
            screen.frame(&[], lines(&["a", "b"]), 80),
            "\ra\u{1b}[K\nb\u{1b}[K\n\u{1b}[J"
        );
        assert_eq!(screen.frame(&[], lines(&["a", "b"]), 80), "");
        assert_eq!(
            screen.frame(&lines(&["done"]), lines(&["b"]), 80),
            "\r\u{1b}[2Adone\u{1b}[K\nb\u{1b}[K\n\u{1b}[J"
        );
        assert_eq!(screen.frame(&[], Vec::new(), 80), "\r\u{1b}[1A\u{1b}[J");
    }

    #[test]
    fn a_narrower_window_has_more_lines_to_go_back_over() {
        let mut screen = Screen::default();
        screen.frame(&[], lines(&["\u{1b}[31m12345678\u{1b}[0m", "12"]), 10);
        assert!(
            screen
                .frame(&[], lines(&["x"]), 4)
                .starts_with("\r\u{1b}[3A")
        );
    }
}
