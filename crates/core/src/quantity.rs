//! CPU and memory as people write them: `500m`, `512Mi`.

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuantity {
    /// Not a CPU quantity.
    #[error(
        "{0:?} is not an amount of CPU: cores such as \"2\" or \"1.5\", or thousandths such as \"500m\""
    )]
    Cpu(String),
    /// Not a memory quantity.
    #[error(
        "{0:?} is not an amount of memory: bytes, or a number with Ki, Mi, Gi, Ti, k, M, G or T, such as \"512Mi\""
    )]
    Memory(String),
}

/// Thousandths of a core.
pub fn cpu(text: &str) -> Result<u64, InvalidQuantity> {
    let wrong = || InvalidQuantity::Cpu(text.to_owned());
    let millis = match text.strip_suffix('m') {
        Some(millis) => digits(millis),
        None => decimal(text, 1_000),
    };
    millis.filter(|millis| *millis > 0).ok_or_else(wrong)
}

/// Bytes.
pub fn memory(text: &str) -> Result<u64, InvalidQuantity> {
    const UNITS: [(&str, u64); 8] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    let wrong = || InvalidQuantity::Memory(text.to_owned());
    let unit = UNITS
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let bytes = match unit {
        Some((number, size)) => decimal(number, size),
        None => digits(text),
    };
    bytes.filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// `1.5` of `size`, with at most three digits behind the point.
fn decimal(text: &str, size: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.is_empty() || part.len() > 3 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let parts = digits(part)?.checked_mul(size)? / scale;
    digits(whole)?.checked_mul(size)?.checked_add(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_people_write_them() {
        assert_eq!(
            (cpu("500m"), cpu("2"), cpu("1.5")),
            (Ok(500), Ok(2_000), Ok(1_500))
        );
        assert_eq!(memory("512Mi"), Ok(536_870_912));
        assert_eq!(
            (memory("1G"), memory("1048576"), memory("1.5Gi")),
            (Ok(1_000_000_000), Ok(1_048_576), Ok(1_610_612_736))
        );
    }

    #[test]
    fn what_is_not_a_quantity_is_refused() {
        for text in [
            "",
            "0",
            "m",
            "-1",
            "1.",
            "1.2345",
            "x",
            "1 ",
            "99999999999999999999",
        ] {
            assert!(cpu(text).is_err(), "{text:?}");
        }
        for text in [
            "",
            "0",
            "Mi",
            "512mi",
            "512 Mi",
            "1e9",
            "-1",
            "99999999999Ti",
        ] {
            assert!(memory(text).is_err(), "{text:?}");
        }
    }
}
