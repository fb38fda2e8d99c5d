//! Paths and queries, with every part encoded.

use std::fmt::Write;

/// `/api/v1` and these parts.
pub(crate) fn path(parts: &[&str]) -> String {
    let mut path = String::from("/api/v1");
    for part in parts {
        path.push('/');
        encode(&mut path, part);
    }
    path
}

/// `path?name=value&…`, without what has no value.
pub(crate) fn query(path: String, pairs: &[(&str, Option<String>)]) -> String {
    let mut whole = path;
    let mut sign = '?';
    for (name, value) in pairs {
        if let Some(value) = value {
            whole.push(sign);
            whole.push_str(name);
            whole.push('=');
            encode(&mut whole, value);
            sign = '&';
        }
    }
    whole
}

fn encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_part_can_end_it() {
        assert_eq!(
            path(&["runs", "a/b?c#d%é"]),
            "/api/v1/runs/a%2Fb%3Fc%23d%25%C3%A9"
        );
    }

    #[test]
    fn a_query_holds_what_has_a_value() {
        let pairs = [
            ("a", None),
            ("b", Some("1&2".into())),
            ("c", Some("x".into())),
        ];
        assert_eq!(query("/runs".into(), &pairs), "/runs?b=1%262&c=x");
    }
}
