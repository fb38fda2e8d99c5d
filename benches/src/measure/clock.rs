//! The kernel's clock as told from inside a container: busybox's `date` knows no fraction of a
//! second, its `adjtimex` tells microseconds and needs no right to.

/// Prints the clock, in one write.
pub(crate) const TELL: [&str; 1] = ["adjtimex"];

/// Every clock in the text, in seconds since 1970, whatever stands in front of a line.
pub(crate) fn told(text: &str) -> Vec<f64> {
    let mut seconds = None;
    let mut told = Vec::new();
    for line in text.lines() {
        if let Some(whole) = after(line, "time.tv_sec:") {
            seconds = Some(whole);
        } else if let Some(micros) = after(line, "time.tv_usec:") {
            told.extend(seconds.take().map(|seconds| seconds + micros / 1e6));
        }
    }
    told
}

fn after(line: &str, mark: &str) -> Option<f64> {
    line.split_once(mark)?.1.trim().parse().ok()
}

/// Between each and the next. Who shows several outputs at once may show them in another order.
pub(crate) fn gaps(clocks: &[f64]) -> Vec<f64> {
    let mut clocks = clocks.to_vec();
    clocks.sort_by(f64::total_cmp);
    clocks
        .windows(2)
        .filter_map(|pair| Some(pair.get(1)? - pair.first()?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_read_from_two_lines_behind_any_prefix() {
        let text = "t1 |     time.tv_sec:  10\nt1 |     time.tv_usec: 500000\n\
                    t2 |     time.tv_sec:  11\nt2 |     time.tv_usec: 250000\n";
        assert_eq!(told(text), [10.5, 11.25]);
        assert_eq!(gaps(&told(text)), [0.75]);
        assert_eq!(gaps(&[3.0, 1.0, 2.5]), [1.5, 0.5]);
    }

    #[test]
    fn half_a_clock_is_none() {
        assert!(told("time.tv_sec: 10\n").is_empty());
        assert!(told("time.tv_usec: 10\n").is_empty());
    }
}
