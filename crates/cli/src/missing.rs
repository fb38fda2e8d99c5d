//! What is said where bytes of a log are missing.

use crate::text;
use gofer_sdk::types::LogFrame;

/// How many, why, and what can be done.
pub(crate) fn words(frame: &LogFrame) -> String {
    match frame {
        // The caller has them.
        LogFrame::Bytes { .. } => String::new(),
        LogFrame::Dropped { bytes, .. } => format!(
            "the log ends here, the last {} were not kept: it has reached its cap, which GOFER_LOG_CAP sets",
            text::bytes(*bytes)
        ),
        LogFrame::Hole {
            certain,
            bytes,
            message,
            ..
        } => {
            let why = text::safe(message.as_bytes());
            let what = match (certain, bytes) {
                (true, Some(bytes)) => {
                    format!("{} of the log are missing here", text::bytes(*bytes))
                }
                (true, None) => "part of the log is missing here, nobody knows how much".to_owned(),
                (false, Some(bytes)) => {
                    format!(
                        "up to {} of the log may be missing here",
                        text::bytes(*bytes)
                    )
                }
                (false, None) => {
                    "part of the log may be missing here, nobody knows how much".to_owned()
                }
            };
            format!("{what}: {why}; only a rerun writes it again")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_says_how_much_why_and_what_to_do() {
        let hole = |certain, bytes| LogFrame::Hole {
            at: "2026-11-24T12:00:00Z".parse().unwrap(),
            certain,
            bytes,
            message: "the engine\u{1b}[2J went away".into(),
        };
        for (certain, bytes, said) in [
            (true, Some(1_500), "1.5 kB of the log are missing here"),
            (
                true,
                None,
                "part of the log is missing here, nobody knows how much",
            ),
            (false, Some(7), "up to 7 B of the log may be missing here"),
            (
                false,
                None,
                "part of the log may be missing here, nobody knows how much",
            ),
        ] {
            let expected = format!("{said}: the engine went away; only a rerun writes it again");
            assert_eq!(words(&hole(certain, bytes)), expected);
        }
    }
}
