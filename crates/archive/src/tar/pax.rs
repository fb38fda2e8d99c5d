//! Extended headers: `LENGTH KEY=VALUE\n`, again and again.

use crate::Refusal;

/// What an extended header says about the entry behind it.
#[derive(Default)]
pub(super) struct Extended {
    pub(super) name: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) bytes: Option<u64>,
    pub(super) is_sparse: bool,
}

impl Extended {
    /// Takes in what is of interest.
    pub(super) fn read(&mut self, mut records: &[u8]) -> Result<(), Refusal> {
        while !records.is_empty() {
            let (record, rest) =
                split(records).ok_or(Refusal::Broken("an extended header makes no sense"))?;
            records = rest;
            let Some(sign) = record.iter().position(|byte| *byte == b'=') else {
                return Err(Refusal::Broken("an extended header makes no sense"));
            };
            let (key, value) = record.split_at(sign);
            let value = value.get(1..).unwrap_or_default();
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.target = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value)
                        .ok()
                        .and_then(|it| it.parse().ok());
                    self.bytes = Some(size.ok_or(Refusal::Broken("a size is no number"))?);
                }
                _ if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The first record without its length and newline, and what follows.
fn split(records: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = records.iter().position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(records.get(..blank)?)
        .ok()?
        .parse()
        .ok()?;
    let record = records.get(blank + 1..length)?;
    Some((record.strip_suffix(b"\n")?, records.get(length..)?))
}

/// A record, with the length that counts itself.
pub(super) fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        for length in 0..2_000 {
            let value = "x".repeat(length);
            let record = record("path", &value);
            let mut read = Extended::default();
            read.read(&record).unwrap();
            assert_eq!(read.name.unwrap(), value.as_bytes());
        }
    }

    #[test]
    fn a_record_without_sense_is_refused() {
        for bad in [
            "x", "3 ", "99 a=b\n", "5 a=b", "6 ab\n\n", "-4 a=b\n", "0 a=b\n",
        ] {
            assert!(Extended::default().read(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
