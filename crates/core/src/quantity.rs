//! Amounts of CPU and memory as people write them.

/// Why a text is not an amount, or not one that a container can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not an amount of CPU.
    #[error(
        "{0:?} is not an amount of cpu: cores such as \"2\" or \"1.5\", or thousandths such as \"500m\", are expected"
    )]
    Cpu(String),
    /// Not an amount of memory.
    #[error(
        "{0:?} is not an amount of memory: bytes such as \"1048576\", or a number with Ki, Mi, Gi, Ti or k, M, G, T such as \"512Mi\", are expected"
    )]
    Memory(String),
    /// A unit that is a slip of another one.
    #[error("{found:?} is not an amount of memory, did you mean {meant:?}?")]
    Unit {
        /// What was written.
        found: String,
        /// What was meant.
        meant: String,
    },
    /// Too little or too much.
    #[error("{found:?} is out of bounds: {least} to {most}")]
    Bounds {
        /// What was written.
        found: String,
        /// The least.
        least: &'static str,
        /// The most.
        most: &'static str,
    },
}

/// Engines refuse less than a hundredth of a core.
const LEAST_CPU: u64 = 10;
const MOST_CPU: u64 = 1_000_000;
/// Docker refuses less.
const LEAST_MEMORY: u64 = 6 << 20;
const MOST_MEMORY: u64 = 64 << 40;

const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
];

/// Thousandths of a core: `"500m"`, `"2"`, `"1.5"`.
pub fn cpu(text: &str) -> Result<u64, Error> {
    let wrong = || Error::Cpu(text.to_owned());
    let millis = match text.strip_suffix('m') {
        Some(number) => scaled(number, 1),
        None => scaled(text, 1_000),
    };
    let millis = millis.ok_or_else(wrong)?;
    if (LEAST_CPU..=MOST_CPU).contains(&millis) {
        return Ok(millis);
    }
    Err(Error::Bounds {
        found: text.to_owned(),
        least: "\"10m\"",
        most: "\"1000\"",
    })
}

/// Bytes: `"512Mi"`, `"1G"`, `"1048576"`.
pub fn memory(text: &str) -> Result<u64, Error> {
    let wrong = || Error::Memory(text.to_owned());
    let digits = text
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b'.')
        .count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let meant = meant_unit(unit)
            .filter(|_| !number.is_empty())
            .ok_or_else(wrong)?;
        return Err(Error::Unit {
            found: text.to_owned(),
            meant: format!("{number}{meant}"),
        });
    };
    let bytes = scaled(number, *size).ok_or_else(wrong)?;
    if (LEAST_MEMORY..=MOST_MEMORY).contains(&bytes) {
        return Ok(bytes);
    }
    Err(Error::Bounds {
        found: text.to_owned(),
        least: "\"6Mi\"",
        most: "\"64Ti\"",
    })
}

fn meant_unit(unit: &str) -> Option<&'static str> {
    Some(match unit.to_ascii_lowercase().trim_end_matches('b') {
        "k" => "k",
        "ki" => "Ki",
        "m" => "Mi",
        "mi" => "Mi",
        "g" => "G",
        "gi" => "Gi",
        "t" => "T",
        "ti" => "Ti",
        _ => return None,
    })
}

/// `number × scale` as a whole number; a rest is dropped.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, part) = match number.split_once('.') {
        Some((whole, part)) if !part.is_empty() && part.len() <= 9 => (whole, part),
        Some(_) => return None,
        None => (number, ""),
    };
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    let most = |text: &str| text.parse::<u128>().ok();
    let power = 10_u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let parts = most(whole)?.checked_mul(power)?;
    let parts = if part.is_empty() {
        parts
    } else {
        parts.checked_add(most(part)?)?
    };
    u64::try_from(parts.checked_mul(u128::from(scale))? / power).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_read_into_thousandths_of_a_core() {
        for (text, millis) in [
            ("500m", 500),
            ("2", 2_000),
            ("1.5", 1_500),
            ("0.25", 250),
            ("10m", 10),
        ] {
            assert_eq!(cpu(text), Ok(millis), "{text}");
        }
    }

    #[test]
    fn memory_is_read_into_bytes() {
        for (text, bytes) in [
            ("512Mi", 512 << 20),
            ("1G", 1_000_000_000),
            ("10485760", 10_485_760),
            ("1.5Gi", 3 << 29),
            ("8000k", 8_000_000),
            ("64Ti", 64 << 40),
        ] {
            assert_eq!(memory(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_amount_says_what_is_expected() {
        for text in [
            "", "m", "2 cores", "1,5", "-1", "1.", ".5", "1e3", "0x2", "é", "1.1.1",
        ] {
            assert!(
                cpu(text).unwrap_err().to_string().contains("\"500m\""),
                "{text:?}"
            );
            assert!(memory(text).is_err(), "{text:?}");
        }
        assert!(
            memory("lots")
                .unwrap_err()
                .to_string()
                .contains("\"512Mi\"")
        );
    }

    #[test]
    fn an_amount_that_no_container_can_have_is_refused() {
        for text in ["0", "9m", "0.009", "1000.5"] {
            assert!(matches!(cpu(text), Err(Error::Bounds { .. })), "{text}");
        }
        for text in ["0", "5Mi", "65Ti", "512"] {
            assert!(matches!(memory(text), Err(Error::Bounds { .. })), "{text}");
        }
        assert!(memory("99999999999999999999999999999999999999999").is_err());
        assert!(memory("99999999999999999999999999999999999999Ti").is_err());
    }

    #[test]
    fn a_slip_of_the_unit_is_answered_with_the_right_one() {
        for (text, meant) in [
            ("512m", "512Mi"),
            ("512MB", "512Mi"),
            ("1gb", "1G"),
            ("4GiB", "4Gi"),
            ("8K", "8k"),
        ] {
            let message = memory(text).unwrap_err().to_string();
            assert!(
                message.contains(&format!("did you mean {meant:?}")),
                "{message}"
            );
        }
    }
}
