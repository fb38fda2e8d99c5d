//! Values and pieces of expressions inside messages, never longer than a line.

use crate::definition::Json;
use std::ops::Range;

const MOST: usize = 80;

/// The source of a part, capped.
pub(super) fn source<'a>(text: &'a str, at: &Range<usize>) -> std::borrow::Cow<'a, str> {
    let piece = text.get(at.clone()).unwrap_or_default();
    match piece.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", piece.get(..end).unwrap_or_default()).into(),
        None => piece.into(),
    }
}

/// A value as JSON, capped.
pub(super) fn value(value: &Json) -> String {
    let text = value.to_string();
    source(&text, &(0..text.len())).into_owned()
}

/// What a value is, in a word with its article.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a record",
    }
}
