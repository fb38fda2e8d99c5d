//! One field of a cron line.

use super::Error;

/// A field, as its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Any of them is enough.
    pub parts: Vec<Part>,
    /// It was written `*` or `*/n`: a day so asked does not widen the other day.
    pub begins_with_star: bool,
}

/// One part of a field, between commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `*`, `a`, `a-b`, each with `/n`: every `step`th from `from` to `to`.
    Range {
        /// The first.
        from: u8,
        /// The last.
        to: u8,
        /// How far apart.
        step: u8,
    },
    /// `H`: one value from the range, spread by the pipeline's name; with `H/n` every `step`th from
    /// such a value on.
    Hashed {
        /// The least.
        from: u8,
        /// The most.
        to: u8,
        /// How far apart, if it repeats.
        step: Option<u8>,
    },
    /// `L` in the day: the last of the month.
    LastDay,
    /// `LW`: the last Monday to Friday of the month.
    LastWorkday,
    /// `nW`: the Monday to Friday nearest to this day, in the same month.
    NearestWorkday(u8),
    /// `nL` in the weekday: the last such day of the month.
    LastWeekday(u8),
    /// `n#k`: the `k`th such day of the month.
    NthWeekday {
        /// From Sunday, 0.
        weekday: u8,
        /// 1 to 5.
        nth: u8,
    },
}

impl Part {
    pub(super) const fn is_star(self) -> bool {
        matches!(
            self,
            Self::Range {
                from: 1,
                to: 31,
                ..
            }
        )
    }

    /// Whether a month of at most this many days can have such a day.
    pub(super) const fn fits_month(self, most: u8) -> bool {
        match self {
            Self::Range { from, .. } | Self::Hashed { from, .. } => from <= most,
            Self::NearestWorkday(day) => day <= most,
            _ => true,
        }
    }
}

impl Field {
    /// Whether a plain value is asked for. `H` counts for its whole range.
    pub fn includes(&self, value: u8) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Range { from, to, step } => {
                (*from..=*to).contains(&value) && (value - from).is_multiple_of(*step)
            }
            Part::Hashed { from, to, .. } => (*from..=*to).contains(&value),
            _ => false,
        })
    }
}

/// What a field may hold.
pub(super) struct Bounds {
    pub(super) name: &'static str,
    pub(super) least: u8,
    pub(super) most: u8,
    /// Short names, from `least` on.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Bounds = Bounds {
    name: "minute",
    least: 0,
    most: 59,
    names: &[],
};
pub(super) const HOUR: Bounds = Bounds {
    name: "hour",
    least: 0,
    most: 23,
    names: &[],
};
pub(super) const DAY: Bounds = Bounds {
    name: "day of the month",
    least: 1,
    most: 31,
    names: &[],
};
pub(super) const MONTH: Bounds = Bounds {
    name: "month",
    least: 1,
    most: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
/// 7 is Sunday too, so that `5-7` is a range.
pub(super) const WEEKDAY: Bounds = Bounds {
    name: "day of the week",
    least: 0,
    most: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

pub(super) fn read(bounds: &Bounds, text: &str) -> Result<Field, Error> {
    let wrong = |why| Error::Field {
        field: bounds.name,
        text: text.to_owned(),
        why,
    };
    let mut parts = Vec::new();
    for piece in text.split(',') {
        if piece.is_empty() {
            return Err(wrong("a value is missing beside a comma".to_owned()));
        }
        parts.extend(part(bounds, piece).map_err(wrong)?);
    }
    Ok(Field {
        parts,
        begins_with_star: text.starts_with('*') || text == "?",
    })
}

/// One piece is one part, but for a range of weekdays that ends with Sunday as 7.
fn part(bounds: &Bounds, piece: &str) -> Result<Vec<Part>, String> {
    if let Some(special) = special(bounds, piece)? {
        return Ok(vec![special]);
    }
    let (range, step) = match piece.split_once('/') {
        Some((range, step)) => (range, Some(self::step(bounds, step)?)),
        None => (piece, None),
    };
    if let Some(hash) = range.strip_prefix(['H', 'h']) {
        return hashed(bounds, hash, step).map(|part| vec![part]);
    }
    let most = bounds.most - u8::from(bounds.most == WEEKDAY.most && range == "*");
    let (from, to) = match range.split_once('-') {
        Some((from, to)) => (value(bounds, from)?, value(bounds, to)?),
        None if range == "*" => (bounds.least, most),
        // `?` is how some write "whichever" for a day.
        None if range == "?" && (bounds.name == DAY.name || bounds.name == WEEKDAY.name) => (
            bounds.least,
            bounds
                .most
                .min(if bounds.most == WEEKDAY.most { 6 } else { 31 }),
        ),
        None => {
            let from = value(bounds, range)?;
            (from, if step.is_some() { last(bounds) } else { from })
        }
    };
    if from > to {
        return Err(format!(
            "{range} runs backwards; write two ranges with a comma"
        ));
    }
    let step = step.unwrap_or(1);
    if bounds.most != WEEKDAY.most || to < 7 {
        return Ok(vec![Part::Range { from, to, step }]);
    }
    let sunday = Part::Range {
        from: 0,
        to: 0,
        step: 1,
    };
    let rest = (from < 7).then_some(Part::Range { from, to: 6, step });
    let hits_sunday = (7 - from).is_multiple_of(step);
    Ok(rest
        .into_iter()
        .chain(hits_sunday.then_some(sunday))
        .collect())
}

/// The last value that `n/step` runs to.
const fn last(bounds: &Bounds) -> u8 {
    if bounds.most == WEEKDAY.most {
        6
    } else {
        bounds.most
    }
}

fn hashed(bounds: &Bounds, range: &str, step: Option<u8>) -> Result<Part, String> {
    let inner = range
        .strip_prefix('(')
        .and_then(|range| range.strip_suffix(')'));
    let (from, to) = match (range, inner.and_then(|inner| inner.split_once('-'))) {
        // A day that every month has.
        ("", _) if bounds.name == DAY.name => (1, 28),
        ("", _) => (bounds.least, last(bounds)),
        (_, Some((from, to))) => (value(bounds, from)?, value(bounds, to)?),
        _ => return Err("H, H/15 or H(0-29) is expected".to_owned()),
    };
    if from > to || to > last(bounds) {
        return Err(format!(
            "H({from}-{to}) is not a range of {} to {}",
            bounds.least,
            last(bounds)
        ));
    }
    Ok(Part::Hashed { from, to, step })
}

fn special(bounds: &Bounds, piece: &str) -> Result<Option<Part>, String> {
    let upper = piece.to_ascii_uppercase();
    if bounds.name == DAY.name {
        return Ok(match upper.as_str() {
            "L" => Some(Part::LastDay),
            "LW" | "WL" => Some(Part::LastWorkday),
            _ => match upper.strip_suffix('W') {
                Some(day) => Some(Part::NearestWorkday(value(bounds, day)?)),
                None => None,
            },
        });
    }
    if bounds.name != WEEKDAY.name {
        return Ok(None);
    }
    if let Some((weekday, nth)) = upper.split_once('#') {
        let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth));
        let nth = nth.ok_or_else(|| "after `#` stands 1 to 5".to_owned())?;
        return Ok(Some(Part::NthWeekday {
            weekday: value(bounds, weekday)? % 7,
            nth,
        }));
    }
    match upper.strip_suffix('L') {
        Some("") => Err("write which day, such as `5L` for the last Friday".to_owned()),
        Some(weekday) => Ok(Some(Part::LastWeekday(value(bounds, weekday)? % 7))),
        None => Ok(None),
    }
}

fn step(bounds: &Bounds, text: &str) -> Result<u8, String> {
    let step = text
        .parse()
        .ok()
        .filter(|step| (1..=bounds.most).contains(step));
    step.ok_or_else(|| format!("after `/` stands 1 to {}", bounds.most))
}

fn value(bounds: &Bounds, text: &str) -> Result<u8, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(nth) = bounds.names.iter().position(|name| *name == lower) {
        return Ok(bounds.least + u8::try_from(nth).unwrap_or_default());
    }
    let (least, most) = (bounds.least, bounds.most);
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u8>().ok().filter(|_| is_number) {
        Some(value) if (least..=most).contains(&value) => Ok(value),
        _ if is_number => Err(format!("{text} is not {least} to {most}")),
        _ => Err(match (bounds.names.first(), bounds.names.last()) {
            (Some(first), Some(last)) => {
                format!("{text:?} is neither {least} to {most} nor {first} to {last}")
            }
            _ => format!("{text:?} is not a number from {least} to {most}"),
        }),
    }
}
