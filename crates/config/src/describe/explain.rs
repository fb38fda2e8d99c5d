//! One key, explained in the terminal.

use super::phrase::{absence, inner, phrase, words};
use crate::keys::{Key, PIPELINE, REFERENCE, Section};
use std::fmt::Write;

/// Explains the key at `path`, such as `tasks.retry` or `tasks.NAME.retry.limit`: what it takes,
/// its default, what it means and an example. The empty path is the whole document.
pub fn explain(path: &str) -> Option<String> {
    let mut section: &'static Section = &PIPELINE;
    let mut shown: Vec<&str> = Vec::new();
    let mut found: Option<&'static Key> = None;
    let mut steps = path.split('.').filter(|step| !step.is_empty()).peekable();
    if steps.peek().is_none() {
        return Some(keys_of(&PIPELINE));
    }
    if path == "reference" {
        return Some(format!(
            "A value is a literal or one reference.\n{}",
            keys_of(&REFERENCE)
        ));
    }
    while let Some(step) = steps.next() {
        let (key, _) = section.key(step)?;
        shown.push(key.name);
        found = Some(key);
        if steps.peek().is_none() {
            break;
        }
        let (within, name) = inner(&key.shape)?;
        if let Some(name) = name {
            shown.push(name);
            // The user's own name may be left out.
            let is_theirs = steps.peek().is_some_and(|next| within.key(next).is_none());
            let theirs = if is_theirs { steps.next() } else { None };
            if theirs.is_some_and(|theirs| theirs != name) && steps.peek().is_none() {
                return None;
            }
        }
        section = within;
    }
    found.map(|key| text(&shown.join("."), key))
}

fn text(path: &str, key: &'static Key) -> String {
    let mut text = format!("{path}\n  {}\n", facts(key));
    // Writing to a String does not fail.
    let _ = writeln!(text, "\n  {}", key.about);
    for word in words(&key.shape) {
        let _ = writeln!(text, "    {:<18} {}", word.word, word.about);
    }
    let _ = writeln!(text, "\nexample\n  {}", key.example);
    if let Some((section, _)) = inner(&key.shape) {
        text.push('\n');
        text.push_str(&keys_of(section));
    }
    text
}

fn facts(key: &Key) -> String {
    let absence = absence(key);
    let comma = if absence.is_empty() { "" } else { "; " };
    format!("{}{comma}{absence}", phrase(&key.shape))
}

fn keys_of(section: &'static Section) -> String {
    let width = section
        .keys()
        .map(|(key, _)| key.name.len())
        .max()
        .unwrap_or(0);
    section
        .keys()
        .fold("keys\n".to_owned(), |mut text, (key, _)| {
            let _ = writeln!(
                text,
                "  {:width$}  {}\n  {:width$}  {}",
                key.name,
                facts(key),
                "",
                key.about
            );
            text
        })
}
