use crate::{masked, patterns};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use std::fmt::Write as _;

const SECRETS: [&str; 7] = [
    "s3cr3t",
    "correct horse battery",
    "p@ss/w0rd+&=?%#!",
    r#"it's "quoted" \ and $HOME `x`"#,
    "schlüssel-ß-🔑-ende",
    "postgres://user:p%40ss@db.example.org:5432/warehouse?sslmode=require&x=<y>",
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqh\nkiG9w0BAQEFAASC/+\n-----END KEY-----\n",
];

fn percent(secret: &str, keep: &str, upper: bool) -> String {
    secret
        .bytes()
        .map(|byte| match char::from(byte) {
            c if c.is_ascii_alphanumeric() || keep.contains(c) => c.to_string(),
            _ if upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        })
        .collect()
}

fn hex(secret: &str, upper: bool) -> String {
    let digits = |byte| {
        if upper {
            format!("{byte:02X}")
        } else {
            format!("{byte:02x}")
        }
    };
    secret.bytes().map(digits).collect()
}

fn in_json(secret: &str) -> String {
    let text = serde_json::to_string(secret).unwrap();
    text[1..text.len() - 1].to_owned()
}

fn ascii_json(secret: &str) -> String {
    let mut text = String::new();
    for c in in_json(secret).chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(text, "\\u{unit:04x}").unwrap();
            }
        }
    }
    text
}

/// A form of a secret, and how many characters at its edges also hold bits of a neighbour.
struct Form {
    what: &'static str,
    text: String,
    edge: usize,
}

fn forms(secret: &str) -> Vec<Form> {
    let plain = |what, text| Form {
        what,
        text,
        edge: 0,
    };
    let mut forms = vec![
        plain("raw", secret.to_owned()),
        plain("url, strict, upper", percent(secret, "-._~", true)),
        plain("url, strict, lower", percent(secret, "-._~", false)),
        plain("url, path, upper", percent(secret, "-._~/", true)),
        plain(
            "url, encodeURIComponent",
            percent(secret, "-._~!*'()", true),
        ),
        plain(
            "form, upper",
            percent(secret, "*-._ ", true).replace(' ', "+"),
        ),
        plain(
            "form, lower",
            percent(secret, "*-._ ", false).replace(' ', "+"),
        ),
        plain("hex, lower", hex(secret, false)),
        plain("hex, upper", hex(secret, true)),
        plain("json", in_json(secret)),
        plain("json with \\/", in_json(secret).replace('/', "\\/")),
        plain("json, ascii", ascii_json(secret)),
        plain("shell, '\\''", secret.replace('\'', r"'\''")),
        plain("shell, '\"'\"'", secret.replace('\'', r#"'"'"'"#)),
        plain("shell, double quotes", {
            let slashed = secret.replace('\\', r"\\").replace('"', "\\\"");
            slashed.replace('$', "\\$").replace('`', "\\`")
        }),
        plain("lines of a terminal", secret.replace('\n', "\r\n")),
    ];
    for (what, padded, bare) in [
        ("base64", BASE64_STANDARD, BASE64_STANDARD_NO_PAD),
        ("base64url", BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD),
    ] {
        forms.push(plain(what, padded.encode(secret)));
        forms.push(plain(what, bare.encode(secret)));
        for before in ["", "a", "ab"] {
            let first = (before.len() * 4).div_ceil(3);
            let text = bare.encode(format!("{before}{secret}and more"));
            let known = (before.len() + secret.len()) * 4 / 3;
            forms.push(Form {
                what,
                text: text[first..known].to_owned(),
                edge: 0,
            });
            let text = padded.encode(format!("{before}{secret}"));
            forms.push(Form {
                what,
                text,
                edge: first,
            });
        }
    }
    forms
}

#[test]
fn no_form_of_a_secret_is_seen_wherever_a_chunk_ends() {
    for value in SECRETS {
        let patterns = patterns(&[value]);
        let forms = forms(value);
        assert!(forms.len() >= 25);
        for Form { what, text, edge } in forms {
            let line = format!("before {text} after\n");
            let expected = format!("before {}*** after\n", &text[..edge]);
            for split in 0..=line.len() {
                let (one, two) = line.as_bytes().split_at(split);
                let (out, decided) = masked(&patterns, [one, two]);
                let out = String::from_utf8(out).unwrap();
                assert_eq!(out, expected, "{what} of {value:?}, split at {split}");
                assert_eq!(decided, line.len());
            }
            let (out, _) = masked(&patterns, line.as_bytes().chunks(1));
            assert_eq!(
                String::from_utf8(out).unwrap(),
                expected,
                "{what}, byte by byte"
            );
        }
    }
}

#[test]
fn each_line_of_a_secret_is_masked_in_each_form() {
    let value = "first line\n  indented, \"quoted\"\r\nx\nlast/line+";
    let patterns = patterns(&[value]);
    for line in ["first line", "indented, \"quoted\"", "last/line+"] {
        for Form { what, text, edge } in forms(line) {
            let (out, _) = masked(&patterns, [text.as_bytes()]);
            let expected = format!("{}***", &text[..edge]);
            assert_eq!(
                String::from_utf8(out).unwrap(),
                expected,
                "{what} of {line:?}"
            );
        }
    }
    let (out, _) = masked(&patterns, [b"x\n".as_slice()]);
    assert_eq!(out, b"x\n");
}

#[test]
fn encoded_lines_that_a_tool_broke_are_masked() {
    let value: String = (0..200u32)
        .map(|n| char::from(33 + (n * 7 % 90) as u8))
        .collect();
    let patterns = patterns(&[&value]);
    for (text, width) in [
        (BASE64_STANDARD.encode(&value), 76),
        (BASE64_STANDARD.encode(&value), 64),
        (hex(&value, false), 60),
    ] {
        let lines: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
        let (out, _) = masked(&patterns, [lines.join(&b'\n').as_slice()]);
        assert!(
            out.iter().all(|byte| b"*=\n".contains(byte)),
            "{}",
            String::from_utf8_lossy(&out)
        );
    }
}
