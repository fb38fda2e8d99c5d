//! Cron lines: read, refused where they can never fire, and said in words.

mod describe;
mod field;
#[cfg(test)]
mod tests;

pub use field::{Field, Part};

/// A cron line of five fields. What its instants are is not asked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// 0 to 59.
    pub minute: Field,
    /// 0 to 23.
    pub hour: Field,
    /// 1 to 31, or counted from the end of the month.
    pub day: Field,
    /// 1 to 12.
    pub month: Field,
    /// 0 to 6 from Sunday; 7 is read as 0.
    pub weekday: Field,
}

/// Why a text is not a cron line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not five fields.
    #[error("five fields are expected (minute, hour, day of the month, month, day of the week), this has {found}{}", if *found == 6 { ": leave out the seconds" } else { "" })]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// A nickname that does not exist.
    #[error(
        "{word:?} is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly{meant}"
    )]
    Nickname {
        /// What was written.
        word: String,
        /// The near one, as a clause.
        meant: String,
    },
    /// A field that cannot be read.
    #[error("{field} {text:?}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// As it was written.
        text: String,
        /// Cause.
        why: String,
    },
    /// No day of the calendar fits.
    #[error("this never fires: there is no such day in {months}")]
    Never {
        /// The months that it asks for.
        months: String,
    },
}

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl std::str::FromStr for Cron {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let line = if text.starts_with('@') {
            nickname(text)?
        } else {
            text
        };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(Error::Fields {
                found: fields.len(),
            });
        };
        let cron = Self {
            minute: field::read(&field::MINUTE, minute)?,
            hour: field::read(&field::HOUR, hour)?,
            day: field::read(&field::DAY, day)?,
            month: field::read(&field::MONTH, month)?,
            weekday: field::read(&field::WEEKDAY, weekday)?,
        };
        if cron.can_fire() {
            Ok(cron)
        } else {
            Err(Error::Never {
                months: cron.months(),
            })
        }
    }
}

fn nickname(text: &str) -> Result<&'static str, Error> {
    let lower = text.to_ascii_lowercase();
    let found = NICKNAMES.iter().find(|(name, _)| *name == lower);
    found.map(|(_, line)| *line).ok_or_else(|| Error::Nickname {
        word: text.to_owned(),
        meant: crate::suggest::did_you_mean(text, NICKNAMES.iter().map(|(name, _)| *name)),
    })
}

/// In February of a leap year, and so on: the most days that a month can have.
const MOST_DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Cron {
    /// Whether a day of the month and a day of the week are both asked for. Either is then enough,
    /// unless one of the two begins with `*`.
    pub fn either_day(&self) -> bool {
        !self.day.begins_with_star && !self.weekday.begins_with_star
    }

    fn can_fire(&self) -> bool {
        if self.either_day() || self.day.parts.iter().any(|part| part.is_star()) {
            return true;
        }
        let fits = |month: u8, most: u8| {
            self.month.includes(month) && self.day.parts.iter().any(|part| part.fits_month(most))
        };
        (1..).zip(MOST_DAYS).any(|(month, most)| fits(month, most))
    }

    fn months(&self) -> String {
        describe::months(&self.month).unwrap_or_else(|| "any month".to_owned())
    }
}

/// A cron line in words: `at 02:30, Monday to Friday`.
pub fn describe(cron: &str) -> Result<String, String> {
    let cron: Cron = cron.parse().map_err(|error: Error| error.to_string())?;
    Ok(describe::sentence(&cron))
}
