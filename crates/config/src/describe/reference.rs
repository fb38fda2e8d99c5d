//! The manual's reference of every key.

use super::phrase::{absence, inner, phrase, words};
use crate::keys::{Key, PIPELINE, REFERENCE, Section};
use std::fmt::Write;

/// Every key of the language, as Markdown.
pub fn reference_markdown() -> String {
    let mut book = Book {
        text: "# Every key\n\nMade from the table that the reader itself uses.\n".to_owned(),
        seen: Vec::new(),
    };
    book.section("The document", "", &PIPELINE);
    book.section("References", "reference", &REFERENCE);
    book.text
}

struct Book {
    text: String,
    /// Keys that were told, and where; a key that several tables share is told once.
    seen: Vec<(&'static Key, String)>,
}

impl Book {
    fn section(&mut self, title: &str, path: &str, section: &'static Section) {
        let _ = write!(
            self.text,
            "\n## {title}\n\n| key | takes | left out | |\n|---|---|---|---|\n"
        );
        let mut below = Vec::new();
        for (key, kinds) in section.keys() {
            let full = if path.is_empty() {
                key.name.to_owned()
            } else {
                format!("{path}.{}", key.name)
            };
            self.row(key, kinds, &full);
            if let Some((inner, name)) = inner(&key.shape) {
                let is_told = self
                    .seen
                    .iter()
                    .any(|(told, at)| is_same(told, key) && *at != full);
                let path = name.map_or_else(|| full.clone(), |name| format!("{full}.{name}"));
                below.extend((!is_told).then_some((path, inner)));
            }
        }
        self.rules(section);
        for (path, inner) in below {
            self.section(&format!("`{path}`"), &path, inner);
        }
    }

    fn row(&mut self, key: &'static Key, kinds: &[&str], full: &str) {
        let name = key.name;
        if let Some((_, told)) = self.seen.iter().find(|(told, _)| is_same(told, key)) {
            let _ = writeln!(
                self.text,
                "| `{name}` | as [`{told}`](#{}) | | |",
                anchor(told)
            );
            return;
        }
        let only = match kinds {
            [] => String::new(),
            kinds => format!(" ({})", kinds.join(", ")),
        };
        let meanings = words(&key.shape)
            .iter()
            .fold(String::new(), |mut text, word| {
                let _ = write!(text, "<br>`{}`: {}", word.word, word.about);
                text
            });
        let id = anchor(full);
        let (takes, absence, about) = (phrase(&key.shape), absence(key), key.about);
        let example = key.example.replace('|', "\\|");
        let _ = writeln!(
            self.text,
            "| <a id=\"{id}\"></a>`{name}`{only} | {takes} | {absence} | {about}{meanings}<br>`{example}` |"
        );
        self.seen.push((key, full.to_owned()));
    }

    fn rules(&mut self, section: &'static Section) {
        let list = |keys: &[&str]| {
            keys.iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !section.one_of.is_empty() {
            let _ = write!(self.text, "\nExactly one of {}.\n", list(section.one_of));
        }
        for rivals in section.rivals {
            let _ = write!(self.text, "\nAt most one of {}.\n", list(rivals));
        }
    }
}

/// Whether two tables share a key. Its address would not say: constants have many.
fn is_same(a: &Key, b: &Key) -> bool {
    (a.name, a.about, a.example) == (b.name, b.about, b.example)
}

fn anchor(path: &str) -> String {
    path.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
        .collect()
}
