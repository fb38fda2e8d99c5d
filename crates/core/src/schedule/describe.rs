//! A cron line in words.

use super::{Cron, Field, Part};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The most times of day that are listed one by one.
const MOST_TIMES: usize = 6;

pub(super) fn sentence(cron: &Cron) -> String {
    let mut words = time(&cron.minute, &cron.hour);
    let (day, weekday) = (days(&cron.day), weekdays(&cron.weekday));
    match (day, weekday) {
        (Some(day), Some(weekday)) if cron.either_day() => {
            words = format!("{words}, on {day} and on every {weekday}");
        }
        (Some(day), Some(weekday)) => words = format!("{words}, on {day} if it is {weekday}"),
        (Some(day), None) => words = format!("{words}, on {day}"),
        (None, Some(weekday)) => words = format!("{words}, {weekday}"),
        (None, None) => {}
    }
    match months(&cron.month) {
        Some(months) => format!("{words}, in {months}"),
        None => words,
    }
}

fn time(minute: &Field, hour: &Field) -> String {
    if let Some(words) = spread(minute, hour).or_else(|| times(minute, hour)) {
        return words;
    }
    let every_hour = all(&hour.parts, 0, 23);
    if let [Part::Range { from: 0, to: 0, .. }] = minute.parts.as_slice() {
        if every_hour {
            return "every hour".to_owned();
        }
        return hours_alone(hour).unwrap_or_else(|| format!("at minute 0 {}", hours(hour)));
    }
    let minutes = minutes(minute);
    match (every_hour, minutes.starts_with("at")) {
        (true, true) => format!("{minutes} of every hour"),
        (true, false) => minutes,
        (false, _) => format!("{minutes} {}", hours(hour)),
    }
}

/// A minute that is the pipeline's own, and the hours it is in.
fn spread(minute: &Field, hour: &Field) -> Option<String> {
    let [
        Part::Hashed {
            from: 0,
            to: 59,
            step: None,
        },
    ] = minute.parts.as_slice()
    else {
        return None;
    };
    if let [
        Part::Hashed {
            from: 0,
            to: 23,
            step: None,
        },
    ] = hour.parts.as_slice()
    {
        return Some("once a day at a time of its own".to_owned());
    }
    if all(&hour.parts, 0, 23) {
        return Some("once an hour at a minute of its own".to_owned());
    }
    let hours: Vec<String> = singles(hour)?
        .iter()
        .map(|hour| format!("{hour:02}:00"))
        .collect();
    Some(format!("at a minute of its own after {}", list(&hours)))
}

/// Times of day, if they are few.
fn times(minute: &Field, hour: &Field) -> Option<String> {
    let (minutes, hours) = (singles(minute)?, singles(hour)?);
    if minutes.len() * hours.len() > MOST_TIMES {
        return None;
    }
    let of_hour = |hour: &u8| {
        let hour = *hour;
        minutes
            .iter()
            .map(move |minute| format!("{hour:02}:{minute:02}"))
    };
    Some(format!(
        "at {}",
        list(&hours.iter().flat_map(of_hour).collect::<Vec<_>>())
    ))
}

fn minutes(minute: &Field) -> String {
    match minute.parts.as_slice() {
        parts if all(parts, 0, 59) => "every minute".to_owned(),
        [
            Part::Range {
                from: 0,
                to: 59,
                step,
            },
        ] => format!("every {step} minutes"),
        [Part::Range { from, to: 59, step }] if *step > 1 => {
            format!("every {step} minutes from minute {from}")
        }
        [
            Part::Hashed {
                step: Some(step), ..
            },
        ] => {
            format!("every {step} minutes from a minute of its own")
        }
        [
            Part::Hashed {
                from: 0, to: 59, ..
            },
        ] => "at a minute of its own".to_owned(),
        _ => format!("at minute {}", plain(minute)),
    }
}

/// Full hours that need no word about the minute.
fn hours_alone(hour: &Field) -> Option<String> {
    match hour.parts.as_slice() {
        [
            Part::Range {
                from: 0,
                to: 23,
                step,
            },
        ] => Some(format!("every {step} hours")),
        [Part::Range { from, to: 23, step }] if *step > 1 => {
            Some(format!("every {step} hours from {from:02}:00"))
        }
        [Part::Range { from, to, step: 1 }] => {
            Some(format!("every hour from {from:02}:00 to {to:02}:00"))
        }
        [Part::Hashed { step: None, .. }] => Some("once a day at an hour of its own".to_owned()),
        _ => None,
    }
}

fn hours(hour: &Field) -> String {
    match hour.parts.as_slice() {
        [Part::Range { from, to, step: 1 }] if from < to => {
            format!("from {from:02}:00 to {to:02}:59")
        }
        [
            Part::Range {
                from: 0,
                to: 23,
                step,
            },
        ] => format!("of every {} hour", nth(*step)),
        [Part::Hashed { step: None, .. }] => "of an hour of its own".to_owned(),
        _ => format!("of hour {}", plain(hour)),
    }
}

fn days(day: &Field) -> Option<String> {
    if all(&day.parts, 1, 31) {
        return None;
    }
    if let [
        Part::Range {
            from: 1,
            to: 31,
            step,
        },
    ] = day.parts.as_slice()
    {
        return Some(format!(
            "every {} day of the month from the 1st",
            nth(*step)
        ));
    }
    let special = |part: &Part| match part {
        Part::LastDay => "the last day of the month".to_owned(),
        Part::LastWorkday => "the last workday of the month".to_owned(),
        Part::NearestWorkday(day) => format!("the workday nearest to the {}", nth(*day)),
        Part::Hashed { .. } => "a day of the month of its own".to_owned(),
        Part::Range { from, to, step: 1 } if from < to => {
            format!("the {} to the {}", nth(*from), nth(*to))
        }
        Part::Range { from, to, .. } if from == to => format!("the {}", nth(*from)),
        Part::Range { from, to, step } => {
            format!(
                "every {} day from the {} to the {}",
                nth(*step),
                nth(*from),
                nth(*to)
            )
        }
        Part::LastWeekday(_) | Part::NthWeekday { .. } => String::new(),
    };
    Some(list(&day.parts.iter().map(special).collect::<Vec<_>>()))
}

fn weekdays(weekday: &Field) -> Option<String> {
    if all(&weekday.parts, 0, 6) {
        return None;
    }
    let name = |day: u8| {
        WEEKDAYS
            .get(usize::from(day % 7))
            .copied()
            .unwrap_or_default()
    };
    // `5-7` was read as two parts.
    if let [
        Part::Range {
            from,
            to: 6,
            step: 1,
        },
        Part::Range { from: 0, to: 0, .. },
    ] = weekday.parts.as_slice()
        && (1..6).contains(from)
    {
        return Some(format!("{} to Sunday", name(*from)));
    }
    let words = |part: &Part| match part {
        Part::Range { from, to, .. } if from == to => name(*from).to_owned(),
        Part::Range { from, to, step: 1 } => format!("{} to {}", name(*from), name(*to)),
        Part::Range { from, to, step } => {
            let days: Vec<String> = (*from..=*to)
                .step_by(usize::from(*step))
                .map(|day| name(day).to_owned())
                .collect();
            list(&days)
        }
        Part::LastWeekday(day) => format!("the last {} of the month", name(*day)),
        Part::NthWeekday {
            weekday,
            nth: which,
        } => {
            format!("the {} {} of the month", nth(*which), name(*weekday))
        }
        _ => "a day of the week of its own".to_owned(),
    };
    Some(list(&weekday.parts.iter().map(words).collect::<Vec<_>>()))
}

/// The months in words, if not all.
pub(super) fn months(month: &Field) -> Option<String> {
    if all(&month.parts, 1, 12) {
        return None;
    }
    let name = |month: u8| {
        let at = usize::from(month.saturating_sub(1));
        MONTHS.get(at).copied().unwrap_or_default().to_owned()
    };
    let words = |part: &Part| match part {
        Part::Range { from, to, .. } if from == to => name(*from),
        Part::Range { from, to, step: 1 } => format!("{} to {}", name(*from), name(*to)),
        Part::Range { from, to, step } => {
            let months: Vec<String> = (*from..=*to)
                .step_by(usize::from(*step))
                .map(name)
                .collect();
            list(&months)
        }
        _ => "a month of its own".to_owned(),
    };
    Some(list(&month.parts.iter().map(words).collect::<Vec<_>>()))
}

/// The single values of a field that has nothing else.
fn singles(field: &Field) -> Option<Vec<u8>> {
    let single = |part: &Part| match part {
        Part::Range { from, to, .. } if from == to => Some(*from),
        _ => None,
    };
    let mut values: Vec<u8> = field.parts.iter().map(single).collect::<Option<_>>()?;
    values.sort_unstable();
    Some(values)
}

fn plain(field: &Field) -> String {
    let words = |part: &Part| match part {
        Part::Range { from, to, .. } if from == to => from.to_string(),
        Part::Range { from, to, step: 1 } => format!("{from} to {to}"),
        Part::Range { from, to, step } => format!("{from} to {to} in steps of {step}"),
        Part::Hashed { from, to, .. } => format!("of its own from {from} to {to}"),
        _ => String::new(),
    };
    list(&field.parts.iter().map(words).collect::<Vec<_>>())
}

fn all(parts: &[Part], least: u8, most: u8) -> bool {
    parts.contains(&Part::Range {
        from: least,
        to: most,
        step: 1,
    })
}

fn list(words: &[String]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

fn nth(number: u8) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
