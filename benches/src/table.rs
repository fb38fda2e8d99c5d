//! A row says floor, reference, ours, and whether that is what we set out to reach.

use crate::statistics::{self, Estimate, MOST_SPREAD};
use std::fmt::Write as _;

/// What a figure is counted in, and how it is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    /// Kept in seconds.
    Milliseconds,
    Seconds,
    Times,
    PerSecond,
    Megabytes,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{:.1} ms", value * 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::Times => format!("{value:.2} ×"),
            Self::PerSecond => format!("{value:.1}/s"),
            Self::Megabytes => format!("{value:.1} MB"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Told, not promised.
    None,
}

impl Target {
    fn show(self, unit: Unit) -> String {
        match self {
            Self::AtMost(value) => format!("≤ {}", unit.show(value)),
            Self::AtLeast(value) => format!("≥ {}", unit.show(value)),
            Self::None => "–".to_owned(),
        }
    }

    /// Met or missed only if the whole interval says so.
    fn judge(self, estimate: Estimate) -> &'static str {
        let (good, bad) = match self {
            Self::None => return "–",
            Self::AtMost(value) => (estimate.high <= value, estimate.low > value),
            Self::AtLeast(value) => (estimate.low >= value, estimate.high < value),
        };
        match (good, bad) {
            (true, _) => "met",
            (_, true) => "missed",
            _ => "unclear",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) metric: String,
    pub(crate) floor: String,
    pub(crate) reference: String,
    pub(crate) ours: String,
    pub(crate) compared: String,
    pub(crate) target: String,
    pub(crate) verdict: String,
}

/// One column's figures: wall times and, if they were taken, processor seconds.
pub(crate) fn cell(unit: Unit, wall: &[f64], cpu: &[f64]) -> String {
    let mut text = unit.show(statistics::median(wall));
    if wall.len() > 1 {
        let _ = write!(text, " ({:.0} %)", statistics::spread(wall) * 100.0);
    }
    if !cpu.is_empty() {
        let _ = write!(text, ", cpu {}", unit.show(mean(cpu)));
    }
    text
}

/// Processor time comes in ticks: a median of ticks says nothing, their mean does.
fn mean(figures: &[f64]) -> f64 {
    let count = u32::try_from(figures.len()).unwrap_or(u32::MAX);
    figures.iter().sum::<f64>() / f64::from(count)
}

impl Row {
    pub(crate) fn new(metric: &str) -> Self {
        let none = || "–".to_owned();
        Self {
            metric: metric.to_owned(),
            floor: none(),
            reference: none(),
            ours: none(),
            compared: none(),
            target: none(),
            verdict: none(),
        }
    }

    pub(crate) fn floor(mut self, text: impl Into<String>) -> Self {
        self.floor = text.into();
        self
    }

    pub(crate) fn reference(mut self, text: impl Into<String>) -> Self {
        self.reference = text.into();
        self
    }

    pub(crate) fn ours(mut self, text: impl Into<String>) -> Self {
        self.ours = text.into();
        self
    }

    /// Compares by the statistic; what is compared with decides whether that means anything.
    pub(crate) fn compare(
        self,
        ours: &[f64],
        base: &[f64],
        statistic: impl Fn(&[f64], &[f64]) -> f64,
        (unit, target): (Unit, Target),
    ) -> Self {
        let noise = statistics::spread(base);
        let estimate = statistics::bootstrap(ours, base, statistic);
        self.judged(estimate, noise, (unit, target))
    }

    /// Ours alone against a target.
    pub(crate) fn alone(
        self,
        ours: &[f64],
        statistic: impl Fn(&[f64]) -> f64,
        (unit, target): (Unit, Target),
    ) -> Self {
        let estimate = statistics::bootstrap(ours, ours, |ours, _| statistic(ours));
        self.judged(estimate, 0.0, (unit, target))
    }

    /// Where the floor itself is beyond the target, ours says nothing.
    pub(crate) fn unless_floor_is_beyond(mut self, floor: f64, (unit, most): (Unit, f64)) -> Self {
        if floor > most {
            self.compared = format!("not told: the floor itself takes {}", unit.show(floor));
            "too noisy".clone_into(&mut self.verdict);
        }
        self
    }

    pub(crate) fn judged(
        mut self,
        estimate: Estimate,
        noise: f64,
        (unit, target): (Unit, Target),
    ) -> Self {
        self.target = target.show(unit);
        if noise > MOST_SPREAD || noise.is_nan() {
            self.compared = format!("not told: the reference spreads by {:.0} %", noise * 100.0);
            "too noisy".clone_into(&mut self.verdict);
            return self;
        }
        let [value, low, high] =
            [estimate.value, estimate.low, estimate.high].map(|v| unit.show(v));
        self.compared = format!("{value} [{low}, {high}]");
        target.judge(estimate).clone_into(&mut self.verdict);
        self
    }

    /// For what is either so or not.
    pub(crate) fn holds(mut self, target: &str, so: bool) -> Self {
        target.clone_into(&mut self.target);
        if so { "met" } else { "missed" }.clone_into(&mut self.verdict);
        self
    }

    fn cells(&self) -> [&str; 7] {
        [
            &self.metric,
            &self.floor,
            &self.reference,
            &self.ours,
            &self.compared,
            &self.target,
            &self.verdict,
        ]
    }
}

const HEAD: [&str; 7] = [
    "metric",
    "floor",
    "reference",
    "ours",
    "ours against it [95 %]",
    "target",
    "verdict",
];

/// A table that reads well as text and is Markdown.
pub(crate) fn render(rows: &[Row]) -> String {
    let lines: Vec<[&str; 7]> = std::iter::once(HEAD)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let of = |line: &[&str; 7]| line.get(column).map_or(0, |cell| cell.chars().count());
            lines.iter().map(of).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(
                text,
                "| {cell}{} ",
                " ".repeat(width - cell.chars().count())
            );
        }
        text.push_str("|\n");
        if index == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: (Unit, Target) = (Unit::Times, Target::AtMost(0.5));

    fn steady(value: f64) -> Vec<f64> {
        vec![value; 9]
    }

    #[test]
    fn a_target_is_met_or_missed_only_by_the_whole_interval() {
        let judge = |low, high| {
            Target::AtMost(0.5).judge(Estimate {
                value: 0.5,
                low,
                high,
            })
        };
        assert_eq!(judge(0.3, 0.5), "met");
        assert_eq!(judge(0.45, 0.55), "unclear");
        assert_eq!(judge(0.51, 0.6), "missed");
        let least = |low, high| {
            Target::AtLeast(1.7).judge(Estimate {
                value: 1.7,
                low,
                high,
            })
        };
        assert_eq!((least(1.8, 1.9), least(1.0, 1.6)), ("met", "missed"));
    }

    #[test]
    fn a_noisy_reference_is_told_instead_of_a_figure() {
        let noisy: Vec<f64> = (1..=9).map(f64::from).collect();
        let row = Row::new("m").compare(&steady(1.0), &noisy, statistics::ratio, HALF);
        assert_eq!(row.verdict, "too noisy");
        assert!(row.compared.contains("80 %"), "{}", row.compared);
    }

    #[test]
    fn a_target_that_the_floor_misses_is_not_judged() {
        let row = |floor| {
            let ours = Row::new("m").alone(&steady(0.5), statistics::median, HALF);
            ours.unless_floor_is_beyond(floor, (Unit::Times, 0.5))
                .verdict
        };
        assert_eq!(
            (row(0.4), row(0.6)),
            ("met".to_owned(), "too noisy".to_owned())
        );
    }

    #[test]
    fn a_steady_reference_gives_a_figure_with_its_interval() {
        let row = Row::new("m").compare(&steady(1.0), &steady(4.0), statistics::ratio, HALF);
        assert_eq!(row.compared, "0.25 × [0.25 ×, 0.25 ×]");
        assert_eq!(
            (row.target.as_str(), row.verdict.as_str()),
            ("≤ 0.50 ×", "met")
        );
    }

    #[test]
    fn a_cell_tells_its_spread_and_the_processor_time() {
        assert_eq!(
            cell(Unit::Milliseconds, &steady(0.1), &[0.0, 0.01]),
            "100.0 ms (0 %), cpu 5.0 ms"
        );
        assert_eq!(cell(Unit::Megabytes, &[3.0], &[]), "3.0 MB");
    }

    #[test]
    fn the_table_has_straight_columns_also_with_letters_of_several_bytes() {
        let text = render(&[Row::new("ü").ours("1.0 ×"), Row::new("longer")]);
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        assert_eq!(widths.len(), 4);
    }
}
