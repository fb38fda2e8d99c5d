//! `min` and `max`: of numbers, dates and times.

use super::{date, datetime, float, int};
use crate::definition::{Json, Param, ParamType};
use jiff::{Timestamp, civil::Date};
use std::cmp::Ordering;

/// A value that has an order.
#[derive(PartialEq, PartialOrd)]
enum Ordered {
    Int(i64),
    Float(f64),
    Date(Date),
    Datetime(Timestamp),
}

fn ordered(kind: ParamType, text: &str) -> Option<Result<Ordered, String>> {
    Some(match kind {
        ParamType::Int => int(text).map(Ordered::Int),
        ParamType::Float => float(text).map(Ordered::Float),
        ParamType::Date => date(text).map(Ordered::Date),
        ParamType::Datetime => datetime(text).map(Ordered::Datetime),
        ParamType::String | ParamType::Bool | ParamType::Enum | ParamType::Json => return None,
    })
}

fn written(bound: &Json) -> String {
    bound
        .as_str()
        .map_or_else(|| bound.to_string(), str::to_owned)
}

/// `text` is a value of this kind; it must lie within the bounds.
pub(super) fn check(kind: ParamType, param: &Param, text: &str) -> Result<(), String> {
    let sides = [
        (&param.min, Ordering::Less, "below the least"),
        (&param.max, Ordering::Greater, "above the most"),
    ];
    for (bound, forbidden, word) in sides {
        let Some(bound) = bound.as_ref().map(written) else {
            continue;
        };
        let (Some(Ok(value)), Some(Ok(limit))) = (ordered(kind, text), ordered(kind, &bound))
        else {
            continue;
        };
        if value.partial_cmp(&limit) == Some(forbidden) {
            return Err(format!("{text} is {word}, {bound}"));
        }
    }
    Ok(())
}

/// What is wrong with the bounds themselves.
pub(super) fn check_declaration(kind: ParamType, param: &Param) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (key, bound) in [("min", &param.min), ("max", &param.max)] {
        let Some(bound) = bound else { continue };
        match ordered(kind, &written(bound)) {
            None => problems.push((key, format!("only numbers and dates have a `{key}`"))),
            Some(Err(why)) => problems.push((key, why)),
            Some(Ok(value)) => read.push(value),
        }
    }
    if let [least, most] = read.as_slice()
        && least.partial_cmp(most) == Some(Ordering::Greater)
    {
        problems.push(("max", "`max` is below `min`: no value fits".to_owned()));
    }
    problems
}
