//! The forms in which a secret turns up in logs.

use super::LEAST_BYTES;
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use std::{collections::BTreeSet, fmt::Write as _};

/// Widths at which `base64`, `openssl` and `xxd` break their lines.
const BASE64_WIDTHS: [usize; 2] = [76, 64];
const HEX_WIDTH: usize = 60;

/// All forms of the secret and of its lines, each at least [`LEAST_BYTES`] long.
pub(super) fn all(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    let whole = [secret, secret.trim_end_matches(['\n', '\r']), secret.trim()];
    for piece in whole.into_iter().chain(secret.lines().map(str::trim)) {
        if piece.len() >= LEAST_BYTES {
            text_forms(piece, &mut forms);
            base64_forms(piece.as_bytes(), &mut forms);
            hex_forms(piece.as_bytes(), &mut forms);
        }
    }
    forms.retain(|form| form.len() >= LEAST_BYTES);
    forms
}

fn text_forms(piece: &str, forms: &mut BTreeSet<Vec<u8>>) {
    forms.insert(piece.as_bytes().to_vec());
    // `\n` lines read from a file with `\r\n`, or written to a terminal.
    forms.insert(piece.replace('\n', "\r\n").into_bytes());
    for keep in ["-._~", "-._~/", "-._~!*'()", "-._~!*'();,/?:@&=+$#", "*-._"] {
        for upper in [true, false] {
            forms.insert(percent(piece, keep, false, upper).into_bytes());
            forms.insert(percent(piece, keep, true, upper).into_bytes());
        }
    }
    for more in [
        JsonEscapes::Least,
        JsonEscapes::Slash,
        JsonEscapes::Html,
        JsonEscapes::Ascii,
    ] {
        forms.insert(json(piece, more).into_bytes());
    }
    for text in [
        piece.replace('\'', r"'\''"),
        piece.replace('\'', r#"'"'"'"#),
        backslashed(piece, |c| r#"\"$`"#.contains(c)),
        backslashed(piece, |c| r#"\"$`!"#.contains(c)),
        backslashed(piece, |c| " \t!\"$&'()*,;<>?[\\]^`{|}".contains(c)),
        backslashed(piece, |c| " \t!\"#$&'()*;<>?[\\]^`{|}~".contains(c)),
        backslashed(piece, |c| {
            c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_'
        }),
        c_escaped(piece, true),
        c_escaped(piece, false),
    ] {
        forms.insert(text.into_bytes());
    }
}

fn percent(piece: &str, keep: &str, plus: bool, upper: bool) -> String {
    let mut text = String::new();
    for byte in piece.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || keep.contains(c) {
            text.push(c);
        } else if plus && c == ' ' {
            text.push('+');
        } else {
            let digits = if upper {
                format!("%{byte:02X}")
            } else {
                format!("%{byte:02x}")
            };
            text.push_str(&digits);
        }
    }
    text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonEscapes {
    Least,
    Slash,
    Html,
    Ascii,
}

fn json(piece: &str, more: JsonEscapes) -> String {
    let mut text = String::new();
    for c in piece.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '/' if more == JsonEscapes::Slash => text.push_str("\\/"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if more == JsonEscapes::Html => {
                unicode_escape(c, &mut text);
            }
            _ if c < ' ' || (more == JsonEscapes::Ascii && c > '~') => unicode_escape(c, &mut text),
            _ => text.push(c),
        }
    }
    text
}

fn unicode_escape(c: char, text: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\\u{unit:04x}");
    }
}

fn backslashed(piece: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    for c in piece.chars() {
        if is_special(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

fn c_escaped(piece: &str, quote: bool) -> String {
    let mut text = String::new();
    for c in piece.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\\' => text.push_str("\\\\"),
            '\'' if quote => text.push_str("\\'"),
            _ => text.push(c),
        }
    }
    text
}

fn base64_forms(piece: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    for engine in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
        // Bytes before the secret shift it by 0, 8 or 16 bits. Digits that also hold bits of a
        // neighbour are not known; at the very end of a text there is no neighbour.
        for (shift, first) in [(0, 0), (1, 2), (2, 3)] {
            let text = engine.encode([&[0; 2][..shift], piece].concat());
            let bytes = shift + piece.len();
            let digits = text.as_bytes().get(first..).unwrap_or_default();
            let known = (bytes * 8 / 6).saturating_sub(first).min(digits.len());
            forms.insert(digits[..known].to_vec());
            forms.insert(digits.to_vec());
            let padding: &[u8] = match bytes % 3 {
                1 => b"==",
                2 => b"=",
                _ => b"",
            };
            forms.insert([digits, padding].concat());
        }
        let text = engine.encode(piece);
        for width in BASE64_WIDTHS {
            wrapped(text.as_bytes(), width, forms);
        }
    }
}

fn hex_forms(piece: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    for upper in [false, true] {
        let mut text = String::new();
        for byte in piece {
            let digits = if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            };
            text.push_str(&digits);
        }
        wrapped(text.as_bytes(), HEX_WIDTH, forms);
        forms.insert(text.into_bytes());
    }
}

/// The lines of a form that tools break. A last line that says little could be ordinary text.
fn wrapped(text: &[u8], width: usize, forms: &mut BTreeSet<Vec<u8>>) {
    if text.len() > width {
        forms.extend(
            text.chunks(width)
                .filter(|line| line.len() > LEAST_BYTES)
                .map(<[u8]>::to_vec),
        );
    }
}
