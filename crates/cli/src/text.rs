//! Text from elsewhere made safe for a screen, and cut to its width.

use std::fmt::{self, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A page that grows.
pub(crate) trait Build {
    /// Puts this at the end.
    fn add(&mut self, text: fmt::Arguments<'_>);

    /// Puts a line at the end.
    fn line(&mut self, text: fmt::Arguments<'_>) {
        self.add(format_args!("{text}\n"));
    }
}

impl Build for String {
    fn add(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.write_fmt(text);
    }
}

/// What a container wrote, made safe to show: colours and other terminal commands are left out,
/// other control characters are written as `\x07`, and of what a carriage return overwrote only
/// the last stays.
pub(crate) fn safe(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\r');
    let text = text.rsplit('\r').next().unwrap_or(text);
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_command(&mut chars),
            '\t' => shown.push_str("    "),
            '\n' => shown.push(' '),
            c if c.is_control() => shown.add(format_args!("\\x{:02x}", u32::from(c))),
            c if turns_text(c) => shown.add(format_args!("\\u{{{:x}}}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown
}

/// Characters that make a screen show other text than is there.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Reads over the rest of an escape sequence: CSI up to its final byte, OSC and the like up to BEL
/// or ST, anything else its one character.
fn skip_command(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\u{7}' || c == '\u{1b}' && chars.next_if_eq(&'\\').is_some() {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits, with `…` where something is left out.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut taken = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > most {
            break;
        }
        used += wide;
        taken.push(c);
    }
    if most > 0 {
        taken.push('…');
    }
    taken
}

/// A text cut and filled to exactly this many columns.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// Words on lines of at most this many columns; a longer word has a line of its own.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Pieces of at most so many columns, cut wherever they end.
pub(crate) fn chop(text: &str, columns: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns {
            pieces.push(String::new());
            used = 0;
        }
        used += wide;
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// Each on a line of its own.
pub(crate) fn lines(lines: impl Iterator<Item = String>) -> String {
    let mut page = String::new();
    for line in lines {
        page.line(format_args!("{line}"));
    }
    page
}

/// `1 task`, `2 tasks`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// `999 B`, `1.2 kB`, `12 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), "B");
    for next in UNITS {
        // So that it does not round to a thousand.
        if tenths < 9_995 {
            break;
        }
        (tenths, unit) = (tenths.div_ceil(1_000).max(10), next);
    }
    match (tenths / 10, tenths % 10) {
        (whole, tenth) if unit != "B" && whole < 10 => format!("{whole}.{tenth} {unit}"),
        (whole, _) => format!("{whole} {unit}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<S: AsRef<str>>(parts: &[S]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

/// A word of the command line as a shell reads it back.
pub(crate) fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_writes_cannot_command_the_terminal() {
        for (written, shown) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("a\u{1b}[2Jb\u{1b}[1;1Hc", "abc"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("bell\u{7}", "bell\\x07"),
            ("\u{9b}31mred", "\\x9b31mred"),
            ("10%\r50%\r100%\r", "100%"),
            ("a\tb", "a    b"),
            ("evil\u{202e}txt", "evil\\u{202e}txt"),
            ("unfinished\u{1b}[", "unfinished"),
        ] {
            assert_eq!(safe(written.as_bytes()), shown, "{written:?}");
        }
        assert_eq!(safe(b"\xff!"), "\u{fffd}!");
    }

    #[test]
    fn bytes_are_said_shortly() {
        for (count, said) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_234, "1.3 kB"),
            (9_999, "10 kB"),
            (12_345_678, "12 MB"),
            (1 << 30, "1.1 GB"),
            (u64::MAX, "1844674 TB"),
        ] {
            assert_eq!(bytes(count), said, "{count}");
        }
    }

    #[test]
    fn a_text_is_cut_by_columns_not_by_bytes() {
        assert_eq!(cut("hello", 5), "hello");
        assert_eq!(cut("hello!", 5), "hell…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("ab", 0), "");
        assert_eq!(fit("日本", 6), "日本  ");
        assert_eq!(chop("日本語ab", 5), ["日本", "語ab"]);
        assert_eq!(chop("", 5), [""]);
    }

    #[test]
    fn a_command_to_type_survives_the_shell() {
        assert_eq!(shell("etl/42"), "etl/42");
        assert_eq!(shell("my jobs"), "'my jobs'");
        assert_eq!(shell("it's"), r"'it'\''s'");
    }

    #[test]
    fn lists_and_counts_read_like_sentences() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(count(1, "task"), "1 task");
        assert_eq!(count(0, "task"), "0 tasks");
    }
}
