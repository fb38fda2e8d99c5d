//! Tables that never wrap: what does not fit loses its least important columns, then its end.

use crate::{
    paint::{Hue, Paint},
    text,
};

/// Columns with a weight each: the lightest is dropped first.
pub(crate) struct Table {
    heads: Vec<(&'static str, u8)>,
    rows: Vec<Vec<Cell>>,
}

/// A text and its colour.
pub(crate) struct Cell(pub(crate) String, pub(crate) Hue);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(text.into(), Hue::Plain)
    }
}

const GAP: usize = 2;

impl Table {
    pub(crate) fn new(heads: &[(&'static str, u8)]) -> Self {
        Self {
            heads: heads.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// With a head, in at most this many columns of the screen; without a bound nothing is cut.
    pub(crate) fn render(&self, most: Option<usize>, paint: Paint) -> String {
        let widths: Vec<usize> = (0..self.heads.len()).map(|nth| self.width(nth)).collect();
        let kept = self.kept(&widths, most.unwrap_or(usize::MAX));
        let mut lines = vec![line(
            &kept,
            &widths,
            most,
            |nth| {
                let (head, _) = self.heads.get(nth).copied().unwrap_or_default();
                (head.to_owned(), Hue::Faint)
            },
            paint,
        )];
        lines.extend(self.rows.iter().map(|row| {
            let cell = |nth: usize| {
                row.get(nth)
                    .map_or((String::new(), Hue::Plain), |cell| (cell.0.clone(), cell.1))
            };
            line(&kept, &widths, most, cell, paint)
        }));
        lines.join("\n") + "\n"
    }

    fn width(&self, nth: usize) -> usize {
        let head = self.heads.get(nth).map_or(0, |(head, _)| text::width(head));
        let cells = self.rows.iter().filter_map(|row| row.get(nth));
        cells
            .map(|cell| text::width(&cell.0))
            .max()
            .unwrap_or(0)
            .max(head)
    }

    /// Which columns stay: the last one may be cut down to 20, the others not at all.
    fn kept(&self, widths: &[usize], most: usize) -> Vec<usize> {
        let has_text = |nth: &usize| {
            self.rows
                .iter()
                .any(|row| row.get(*nth).is_some_and(|cell| !cell.0.is_empty()))
        };
        let mut kept: Vec<usize> = (0..widths.len()).filter(has_text).collect();
        loop {
            let wanted: usize = kept
                .iter()
                .enumerate()
                .map(|(place, nth)| {
                    let width = widths.get(*nth).copied().unwrap_or(0);
                    if place + 1 == kept.len() {
                        width.min(20)
                    } else {
                        width + GAP
                    }
                })
                .sum();
            let lightest = kept
                .iter()
                .copied()
                .min_by_key(|nth| self.heads.get(*nth).map(|(_, weight)| *weight));
            match lightest {
                Some(lightest) if wanted > most && kept.len() > 1 => {
                    kept.retain(|nth| *nth != lightest);
                }
                _ => return kept,
            }
        }
    }
}

fn line(
    kept: &[usize],
    widths: &[usize],
    most: Option<usize>,
    cell: impl Fn(usize) -> (String, Hue),
    paint: Paint,
) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (place, nth) in kept.iter().enumerate() {
        let (text, hue) = cell(*nth);
        let is_last = place + 1 == kept.len();
        let left = most.unwrap_or(usize::MAX).saturating_sub(used);
        let width = widths.get(*nth).copied().unwrap_or(0).min(left);
        let text = text::cut(&text, width);
        let missing = if is_last {
            0
        } else {
            width + GAP - text::width(&text)
        };
        used += width + GAP;
        line.push_str(&paint.colour(hue, &text));
        line.push_str(&" ".repeat(missing));
    }
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("RUN", 9), ("STATE", 8), ("TRIGGER", 1), ("WHY", 5)]);
        table.row(vec![
            "etl/42".into(),
            "✗ failed".into(),
            "manual".into(),
            "load failed: exit code 1".into(),
        ]);
        table.row(vec![
            "etl/41".into(),
            "✓ succeeded".into(),
            "manual".into(),
            "".into(),
        ]);
        table
    }

    #[test]
    fn a_narrow_table_drops_columns_and_never_wraps() {
        insta::assert_snapshot!(table().render(None, Paint::PLAIN), @"
        RUN     STATE        TRIGGER  WHY
        etl/42  ✗ failed     manual   load failed: exit code 1
        etl/41  ✓ succeeded  manual
        ");
        insta::assert_snapshot!(table().render(Some(48), Paint::PLAIN), @"
        RUN     STATE        WHY
        etl/42  ✗ failed     load failed: exit code 1
        etl/41  ✓ succeeded
        ");
        insta::assert_snapshot!(table().render(Some(24), Paint::PLAIN), @"
        RUN     STATE
        etl/42  ✗ failed
        etl/41  ✓ succeeded
        ");
        for most in 8..60 {
            for line in table().render(Some(most), Paint::PLAIN).lines() {
                assert!(text::width(line) <= most, "{most}: {line:?}");
            }
        }
    }
}
