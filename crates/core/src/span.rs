//! Durations as people write them: `1h30m`.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// A duration in everyday notation: `ms s m h d`, largest unit first. Whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(u64);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a duration: a number with a unit (ms, s, m, h, d), largest first, such as \"90s\" or \"1h30m\""
)]
pub struct InvalidSpan(pub String);

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Span {
    /// From milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// From seconds.
    pub const fn from_secs(s: u64) -> Self {
        Self(s * 1_000)
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// As a std duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let wrong = || InvalidSpan(text.to_owned());
        let mut rest = text;
        let mut total: u64 = 0;
        let mut smallest = usize::MAX;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let letters = rest
                .bytes()
                .skip(digits)
                .take_while(u8::is_ascii_alphabetic)
                .count();
            let (number, tail) = rest.split_at_checked(digits).ok_or_else(wrong)?;
            let (unit, tail) = tail.split_at_checked(letters).ok_or_else(wrong)?;
            let nth = UNITS
                .iter()
                .position(|(name, _)| *name == unit)
                .ok_or_else(wrong)?;
            if smallest != usize::MAX && nth <= smallest {
                return Err(wrong());
            }
            smallest = nth;
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let size = UNITS.get(nth).map_or(1, |(_, size)| *size);
            total = number
                .checked_mul(size)
                .and_then(|n| total.checked_add(n))
                .ok_or_else(wrong)?;
            rest = tail;
        }
        if smallest == usize::MAX {
            Err(wrong())
        } else {
            Ok(Self(total))
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (name, size) in UNITS {
            if rest >= size {
                write!(f, "{}{name}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidSpan;

    fn try_from(text: String) -> Result<Self, InvalidSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> String {
        span.to_string()
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.as_duration()
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_and_written_with_the_largest_unit_first() {
        for (text, ms, canonical) in [
            ("1h30m", 5_400_000, "1h30m"),
            ("90s", 90_000, "1m30s"),
            ("0s", 0, "0s"),
            ("250ms", 250, "250ms"),
            ("24h", 86_400_000, "1d"),
            ("1s500ms", 1_500, "1s500ms"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(
                (span.as_millis(), span.to_string().as_str()),
                (ms, canonical),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "",
            "90",
            "PT15M",
            "m",
            "30m1h",
            "1h1h",
            "1.5h",
            " 1s",
            "-1s",
            "99999999999999999999d",
            "1s ",
            "5x",
            "1é",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text:?}");
        }
    }
}
