//! What a key takes, in a few words.

use crate::keys::{ARGUMENTS, Key, Section, Shape, Word};

/// Type and bounds.
pub(super) fn phrase(shape: &Shape) -> String {
    match shape {
        Shape::Text { most, .. } => format!("text, at most {}", size(*most)),
        Shape::Characters { most, .. } => format!("text, at most {most} characters"),
        Shape::Name(name) if name.word == "NAME" => "name".to_owned(),
        Shape::Name(name) => format!("text: {}", name.word.to_lowercase()),
        Shape::Path => "absolute path".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Int { least, most } => format!("whole number, {least} to {most}"),
        Shape::Duration { least, most } => format!("duration, {least} to {most}"),
        Shape::Words(words) => spelt(words),
        Shape::Any => "any value but null".to_owned(),
        Shape::Literal => "text, whole number or boolean".to_owned(),
        Shape::List { of, least, most } => {
            format!("list of {}, {}", entry(of), counted(*least, *most))
        }
        Shape::Arguments { least } => format!("list of text, {}", counted(*least, ARGUMENTS)),
        Shape::Map {
            keys,
            of,
            least,
            most,
        } => {
            format!(
                "table from {} to {}, {}",
                keys.word,
                entry(of),
                counted(*least, *most)
            )
        }
        Shape::Files {
            keys,
            of,
            most,
            bytes,
        } => {
            format!(
                "table from {} to {}, at most {most}, {} together",
                keys.word,
                entry(of),
                size(*bytes)
            )
        }
        Shape::Table(_) => "table".to_owned(),
        Shape::Value { references, .. } => {
            format!("text, whole number, boolean, or {}", sorts(references))
        }
        Shape::TextOr { references, most } => {
            format!("text, at most {}, or {}", size(*most), sorts(references))
        }
        Shape::AnyOr { references } => format!("any value but null, or {}", sorts(references)),
        Shape::ListOr { references, most } => {
            format!("list of at most {most}, or {}", sorts(references))
        }
        Shape::Reference { references } => sorts(references),
        Shape::Parents => "list of tasks, or table from task to condition".to_owned(),
    }
}

/// What holds when a key is left out.
pub(super) fn absence(key: &Key) -> String {
    match key.default {
        _ if key.is_required => "required".to_owned(),
        "" => String::new(),
        words if is_word(words) => format!("default `{words}`"),
        words => format!("default: {words}"),
    }
}

/// Whether a default is a value, and not a description of one.
pub(super) fn is_word(default: &str) -> bool {
    !default.contains([' ', '\'']) && !matches!(default, "none" | "all")
}

/// The words of a shape with what each means; empty for other shapes.
pub(super) fn words(shape: &Shape) -> &'static [Word] {
    match shape {
        Shape::Words(words) => words,
        Shape::List {
            of: Shape::Words(words),
            ..
        } => words,
        Shape::Parents => crate::keys::CONDITIONS,
        _ => &[],
    }
}

/// The table that a key holds, and the steps that lead into it.
pub(super) fn inner(shape: &Shape) -> Option<(&'static Section, Option<&'static str>)> {
    match shape {
        Shape::Table(section) => Some((section, None)),
        Shape::Map {
            keys,
            of: Shape::Table(section),
            ..
        } => Some((section, Some(keys.word))),
        Shape::List {
            of: Shape::Table(section),
            ..
        } => Some((section, Some("N"))),
        _ => None,
    }
}

fn entry(shape: &Shape) -> String {
    match shape {
        Shape::Table(section) => format!("{}s", section.what.trim_start_matches("a ")),
        Shape::Text { .. } | Shape::Characters { .. } => "text".to_owned(),
        Shape::Int { least, most } => format!("whole numbers from {least} to {most}"),
        Shape::Name(name) if name.word == "NAME" => "names".to_owned(),
        Shape::Name(name) => name.word.to_lowercase(),
        Shape::List { of, .. } => format!("lists of {}", entry(of)),
        Shape::Any => "values".to_owned(),
        other => phrase(other),
    }
}

fn spelt(words: &[Word]) -> String {
    let list = words
        .iter()
        .map(|word| format!("`{}`", word.word))
        .collect::<Vec<_>>()
        .join(", ");
    if words.len() == 1 {
        list
    } else {
        format!("one of {list}")
    }
}

fn sorts(references: &[&str]) -> String {
    let list = references
        .iter()
        .map(|sort| format!("`{{ {sort} }}`"))
        .collect::<Vec<_>>();
    match list.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn counted(least: usize, most: usize) -> String {
    if least == 0 {
        format!("at most {most} of them")
    } else {
        format!("{least} to {most} of them")
    }
}

fn size(bytes: usize) -> String {
    match (bytes / 1024, bytes % 1024) {
        (whole, 0) if whole >= 1024 => format!("{} MiB", whole / 1024),
        (whole, 0) if whole > 0 => format!("{whole} KiB"),
        _ => format!("{bytes} bytes"),
    }
}
