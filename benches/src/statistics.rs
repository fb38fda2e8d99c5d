//! What may be said about a handful of noisy figures.

/// Beyond this share of the median, the spread of a reference voids what is compared with it.
pub(crate) const MOST_SPREAD: f64 = 0.25;
const RESAMPLES: usize = 2_000;

/// A figure with the interval that holds it in 95 of 100 resamplings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The value below which `share` of the figures lie; between two of them in proportion.
pub(crate) fn quantile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * as_float(last);
    let below = as_index(place.floor()).min(last);
    let at = |index: usize| sorted.get(index.min(last)).copied().unwrap_or(f64::NAN);
    let rest = place - place.floor();
    at(below) + (at(below + 1) - at(below)) * rest
}

pub(crate) fn median(figures: &[f64]) -> f64 {
    quantile(figures, 0.5)
}

/// The distance between the quartiles, as a share of the median.
pub(crate) fn spread(figures: &[f64]) -> f64 {
    (quantile(figures, 0.75) - quantile(figures, 0.25)) / median(figures)
}

pub(crate) fn ratio(ours: &[f64], base: &[f64]) -> f64 {
    let each: Vec<f64> = ours.iter().zip(base).map(|(o, b)| o / b).collect();
    median(&each)
}

pub(crate) fn difference(ours: &[f64], base: &[f64]) -> f64 {
    let each: Vec<f64> = ours.iter().zip(base).map(|(o, b)| o - b).collect();
    median(&each)
}

/// How much later the slowest in a hundred are; tails have no pairs.
pub(crate) fn tail_difference(ours: &[f64], base: &[f64]) -> f64 {
    quantile(ours, 0.99) - quantile(base, 0.99)
}

/// The statistic of the pairs as they are, and its interval from resampling whole pairs.
pub(crate) fn bootstrap(
    ours: &[f64],
    base: &[f64],
    statistic: impl Fn(&[f64], &[f64]) -> f64,
) -> Estimate {
    let pairs = ours.len().min(base.len());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut seen: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let chosen: Vec<usize> = (0..pairs).map(|_| dice.below(pairs)).collect();
            statistic(&pick(ours, &chosen), &pick(base, &chosen))
        })
        .collect();
    seen.sort_by(f64::total_cmp);
    Estimate {
        value: statistic(ours, base),
        low: quantile(&seen, 0.025),
        high: quantile(&seen, 0.975),
    }
}

fn pick(figures: &[f64], chosen: &[usize]) -> Vec<f64> {
    let get = |index: &usize| figures.get(*index).copied();
    chosen.iter().filter_map(get).collect()
}

/// The same throws in each run, so that a table can be made again from its figures.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from((self.0 >> 11) % bound).unwrap_or(0)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of figures are far below 2^52"
)]
fn as_float(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among the figures is never negative and far below 2^52"
)]
fn as_index(place: f64) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours_in_proportion() {
        let figures = [4.0, 1.0, 3.0, 2.0];
        assert!(close(median(&figures), 2.5));
        assert!(close(quantile(&figures, 0.25), 1.75));
        assert!(close(quantile(&figures, 1.0), 4.0));
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_spread_is_the_distance_of_the_quartiles_over_the_median() {
        assert!(close(spread(&[8.0, 9.0, 10.0, 11.0, 12.0]), 0.2));
    }

    #[test]
    fn a_ratio_of_pairs_is_not_fooled_by_a_machine_that_slows_down() {
        let base: Vec<f64> = (1..=20).map(f64::from).collect();
        let ours: Vec<f64> = base.iter().map(|figure| figure * 0.5).collect();
        let estimate = bootstrap(&ours, &base, ratio);
        assert!(close(estimate.value, 0.5) && close(estimate.low, 0.5));
        assert!(spread(&base) > MOST_SPREAD);
    }

    #[test]
    fn an_interval_holds_its_figure_and_narrows_with_more_pairs() {
        let noisy =
            |pairs: usize| -> Vec<f64> { (0..pairs).map(|i| 10.0 + as_float(i * 7 % 5)).collect() };
        let width = |pairs: usize| {
            let base = vec![10.0; pairs];
            let estimate = bootstrap(&noisy(pairs), &base, difference);
            assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
            estimate.high - estimate.low
        };
        assert!(width(200) < width(10));
        assert!(width(10) > 0.0);
    }

    #[test]
    fn the_tail_is_compared_without_pairs() {
        let base = vec![1.0; 100];
        let mut ours = base.clone();
        ours.reverse();
        if let Some(first) = ours.first_mut() {
            *first = 101.0;
        }
        assert!(difference(&ours, &base).abs() < 1e-9);
        assert!(tail_difference(&ours, &base) > 0.9);
    }
}
