//! `$GOFER_OUTPUT`: the small named values that a task hands on.

use gofer_core::name::OutputKey;
use std::collections::BTreeMap;

/// The most bytes that the file may have.
pub const MOST_BYTES: usize = 64 * 1024;

/// Reads the file: lines `key=value`, or `key<<WORD`, lines, `WORD`. The last of equal keys wins.
///
/// The error is a sentence for the person who wrote the task.
pub fn parse(file: &[u8]) -> Result<BTreeMap<OutputKey, String>, String> {
    if file.len() > MOST_BYTES {
        return Err(format!(
            "$GOFER_OUTPUT has more than {MOST_BYTES} bytes; hand on less, or write a file"
        ));
    }
    let text = std::str::from_utf8(file).map_err(|error| {
        format!(
            "$GOFER_OUTPUT is not UTF-8: byte {} belongs to no character",
            error.valid_up_to()
        )
    })?;
    let mut outputs = BTreeMap::new();
    let mut lines = (1_usize..).zip(text.strip_suffix('\n').unwrap_or(text).split('\n'));
    if text.is_empty() {
        return Ok(outputs);
    }
    while let Some((at, line)) = lines.next() {
        let (key, value) = match opening(line) {
            Some(Opening::Value(key, value)) => (key, value.to_owned()),
            Some(Opening::Lines(key, word)) => (key, block(at, key, word, &mut lines)?),
            None => {
                let line = shortened(line);
                return Err(format!(
                    "line {at} of $GOFER_OUTPUT is neither KEY=VALUE nor KEY<<WORD: {line}"
                ));
            }
        };
        let key = key
            .parse()
            .map_err(|error| format!("line {at} of $GOFER_OUTPUT: {error}"))?;
        outputs.insert(key, value);
    }
    Ok(outputs)
}

enum Opening<'a> {
    Value(&'a str, &'a str),
    Lines(&'a str, &'a str),
}

/// Whichever of `=` and `<<` comes first decides.
fn opening(line: &str) -> Option<Opening<'_>> {
    let value = line.split_once('=');
    let lines = line.split_once("<<").filter(|(_, word)| !word.is_empty());
    match (value, lines) {
        (Some((key, _)), Some((short, word))) if short.len() < key.len() => {
            Some(Opening::Lines(short, word))
        }
        (Some((key, value)), _) => Some(Opening::Value(key, value)),
        (None, Some((key, word))) => Some(Opening::Lines(key, word)),
        (None, None) => None,
    }
}

fn block<'a>(
    at: usize,
    key: &str,
    word: &str,
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
) -> Result<String, String> {
    let mut value = Vec::new();
    for (_, line) in lines {
        if line == word {
            return Ok(value.join("\n"));
        }
        value.push(line);
    }
    Err(format!(
        "line {at} of $GOFER_OUTPUT opens {key}<<{word}, but no line is just {word}",
        key = shortened(key),
        word = shortened(word)
    ))
}

fn shortened(text: &str) -> String {
    let mut start: String = text.chars().take(80).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests;
