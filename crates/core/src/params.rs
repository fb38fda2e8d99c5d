//! Params: text from a person, a trigger or a caller, read by the type that the file declares.

mod bounds;
#[cfg(test)]
mod tests;

use crate::{
    definition::{Json, Param, ParamType},
    name::ParamName,
    suggest,
    when::Kind,
};
use jiff::{Timestamp, civil::Date};
use regex_lite::Regex;
use std::collections::BTreeMap;

/// The most bytes a value may have: it has to fit an environment variable.
pub const MOST_BYTES: usize = 128 * 1024;

/// The canonical text of a value, or why it is none of this param.
pub fn read(kind: ParamType, param: &Param, text: &str) -> Result<String, String> {
    if text.len() > MOST_BYTES {
        return Err(format!(
            "{} bytes are too long, at most {MOST_BYTES}",
            text.len()
        ));
    }
    let canonical = match kind {
        ParamType::String => matching(param.pattern.as_deref(), text)?,
        ParamType::Int => int(text)?.to_string(),
        ParamType::Float => float(text)?.to_string(),
        ParamType::Bool => match text {
            "true" | "false" => text.to_owned(),
            _ => return Err(format!("{} is neither true nor false", shown(text))),
        },
        ParamType::Date => date(text)?.to_string(),
        ParamType::Datetime => datetime(text).map(|_| text.to_owned())?,
        ParamType::Enum => one_of(&param.values, text)?,
        ParamType::Json => json(text)?.to_string(),
    };
    bounds::check(kind, param, text)?;
    Ok(canonical)
}

/// The values of a start: what is given, and defaults for the rest. Every problem is named.
pub fn start(
    declared: &BTreeMap<ParamName, Param>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<ParamName, String>, Vec<String>> {
    let mut problems: Vec<String> = given
        .keys()
        .filter(|name| !declared.contains_key(name.as_str()))
        .map(|name| unknown(name, declared))
        .collect();
    let mut values = BTreeMap::new();
    for (name, param) in declared {
        let kind = param.kind.unwrap_or_default();
        let value = match (given.get(name.as_str()), &param.default) {
            (Some(text), _) => read(kind, param, text),
            (None, Some(default)) => read_json(kind, param, default),
            (None, None) => {
                problems.push(format!("param `{name}` is required"));
                continue;
            }
        };
        match value {
            Ok(value) => drop(values.insert(name.clone(), value)),
            Err(why) => problems.push(format!("param `{name}`: {why}")),
        }
    }
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(problems)
    }
}

/// That a param does not exist, and which one was meant.
pub fn unknown(name: &str, declared: &BTreeMap<ParamName, Param>) -> String {
    if declared.is_empty() {
        return format!("there is no param `{name}`: this pipeline has none");
    }
    let meant = suggest::or_list(name, declared.keys().map(ParamName::as_str));
    format!("there is no param `{name}`{meant}")
}

/// The canonical text of a value that stands in the file: text, number, boolean, or JSON.
pub fn read_json(kind: ParamType, param: &Param, value: &Json) -> Result<String, String> {
    match (kind, value) {
        (_, Json::String(text)) => read(kind, param, text),
        (ParamType::Json, value) => read(kind, param, &value.to_string()),
        (ParamType::String | ParamType::Enum, Json::Number(number)) if number.is_f64() => Err(
            format!("{number} is a number with a point, whose digits may change: quote it"),
        ),
        (_, Json::Number(_) | Json::Bool(_)) => read(kind, param, &value.to_string()),
        _ => Err("one value is expected, not a list or a table".to_owned()),
    }
}

/// What `when` sees of a param: numbers and booleans are no texts there, and JSON may be anything.
pub const fn kind_in_when(kind: ParamType) -> Kind {
    match kind {
        ParamType::Int => Kind::Integer,
        ParamType::Float => Kind::Float,
        ParamType::Bool => Kind::Boolean,
        ParamType::Json => Kind::Unknown,
        ParamType::String | ParamType::Date | ParamType::Datetime | ParamType::Enum => Kind::Text,
    }
}

/// What is wrong with the declaration itself.
pub fn check(param: &Param) -> Vec<(&'static str, String)> {
    let kind = param.kind.unwrap_or_default();
    let mut problems = Vec::new();
    if kind == ParamType::Enum && param.values.is_empty() {
        problems.push(("values", "an enum needs `values`".to_owned()));
    }
    if kind != ParamType::Enum && !param.values.is_empty() {
        problems.push((
            "values",
            "only an enum has `values`: write type = \"enum\"".to_owned(),
        ));
    }
    if let Some(pattern) = &param.pattern {
        if kind != ParamType::String {
            problems.push(("pattern", "only a string has a `pattern`".to_owned()));
        } else if let Err(why) = whole(pattern) {
            problems.push(("pattern", why));
        }
    }
    problems.extend(bounds::check_declaration(kind, param));
    if let (Some(default), true) = (&param.default, problems.is_empty())
        && let Err(why) = read_json(kind, param, default)
    {
        problems.push(("default", why));
    }
    problems
}

/// A value inside a message, capped.
fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

fn int(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| format!("{} is not a whole number", shown(text)))
}

fn float(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("{} is not a number", shown(text)))
}

fn date(text: &str) -> Result<Date, String> {
    let date = text
        .parse::<Date>()
        .ok()
        .filter(|date| date.to_string() == text);
    date.ok_or_else(|| format!("{} is not a date such as 2026-11-24", shown(text)))
}

fn datetime(text: &str) -> Result<Timestamp, String> {
    let bytes = text.as_bytes();
    let has_shape = bytes.get(10) == Some(&b'T')
        && bytes.get(16) == Some(&b':')
        && bytes.get(18).is_some_and(u8::is_ascii_digit)
        && !text.contains(['[', ' ']);
    let moment = text.parse::<Timestamp>().ok().filter(|_| has_shape);
    moment.ok_or_else(|| {
        format!(
            "{} is not a time with its offset, such as 2026-11-24T08:00:00+01:00",
            shown(text)
        )
    })
}

fn json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| format!("{} is not JSON: {error}", shown(text)))
}

fn one_of(values: &[String], text: &str) -> Result<String, String> {
    if values.iter().any(|value| value == text) {
        return Ok(text.to_owned());
    }
    let meant = suggest::or_list(text, values.iter().map(String::as_str));
    Err(format!("{} is not one of the values{meant}", shown(text)))
}

/// A pattern holds for the whole value, whatever it says itself.
fn whole(pattern: &str) -> Result<Regex, String> {
    let wrong = |error| format!("not a regular expression: {error}");
    Regex::new(pattern).map_err(wrong)?;
    Regex::new(&format!("\\A(?:{pattern})\\z")).map_err(wrong)
}

fn matching(pattern: Option<&str>, text: &str) -> Result<String, String> {
    match pattern {
        Some(pattern) if !whole(pattern)?.is_match(text) => {
            Err(format!("{} does not match {pattern}", shown(text)))
        }
        _ => Ok(text.to_owned()),
    }
}
