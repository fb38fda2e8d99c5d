//! The answer to an expression, from the values at run time.

use super::{
    Name, show,
    tree::{Filter, Node, Op, What},
};
use crate::definition::Json;
use std::{borrow::Cow, cmp::Ordering};

type Lookup<'a> = &'a dyn Fn(&Name) -> Result<Option<Json>, String>;

pub(super) fn answer(text: &str, root: &Node, lookup: Lookup<'_>) -> Result<bool, String> {
    Evaluator { text, lookup }.condition(root)
}

struct Evaluator<'a> {
    text: &'a str,
    lookup: Lookup<'a>,
}

impl Evaluator<'_> {
    fn source(&self, node: &Node) -> String {
        show::source(self.text, &node.at).into_owned()
    }

    fn condition(&self, node: &Node) -> Result<bool, String> {
        match self.value(node)?.as_ref() {
            Json::Bool(answer) => Ok(*answer),
            other => {
                let (source, value) = (self.source(node), show::value(other));
                Err(format!("`{source}` is {value}, not true or false"))
            }
        }
    }

    fn value<'n>(&self, node: &'n Node) -> Result<Cow<'n, Json>, String> {
        let answer = match &node.what {
            What::Literal(value) => return Ok(Cow::Borrowed(value)),
            What::Name(name) => {
                let value = self.look_up(name)?;
                return value
                    .map(Cow::Owned)
                    .ok_or_else(|| format!("`{name}` is not there"));
            }
            What::Filtered { base, filters } => return self.filtered(base, filters),
            What::Or(sides) => self.first(sides, true)?,
            What::And(sides) => self.first(sides, false)?,
            What::Not(side) => !self.condition(side)?,
            What::Compare { op, left, right } => {
                let (a, b) = (self.value(left)?, self.value(right)?);
                compare(*op, &a, &b).map_err(|why| {
                    let (x, y) = (self.source(left), self.source(right));
                    let (a, b) = (show::value(&a), show::value(&b));
                    let seen = |node: &Node, source: &str, value: &str| match node.what {
                        What::Literal(_) => value.to_owned(),
                        _ => format!("`{source}` is {value}"),
                    };
                    format!("{why}: {}, {}", seen(left, &x, &a), seen(right, &y, &b))
                })?
            }
            What::Affix {
                value,
                negated,
                end,
                affix,
            } => {
                let value = self.value(value)?;
                let Json::String(text) = value.as_ref() else {
                    let source = self.source(node);
                    return Err(format!(
                        "`{source}` asks a text, not {}",
                        show::value(&value)
                    ));
                };
                let found = if *end {
                    text.ends_with(affix)
                } else {
                    text.starts_with(affix)
                };
                found != *negated
            }
        };
        Ok(Cow::Owned(Json::Bool(answer)))
    }

    /// Whether one of `sides` is `sought`, asking no further than needed: as `or` for true; `and`
    /// is false as soon as one is.
    fn first(&self, sides: &[Node], sought: bool) -> Result<bool, String> {
        for side in sides {
            if self.condition(side)? == sought {
                return Ok(sought);
            }
        }
        Ok(!sought)
    }

    /// A JSON `null` says that there is nothing.
    fn look_up(&self, name: &Name) -> Result<Option<Json>, String> {
        Ok((self.lookup)(name)?.filter(|value| !value.is_null()))
    }

    fn filtered<'n>(
        &self,
        base: &'n Node,
        filters: &'n [(Filter, std::ops::Range<usize>)],
    ) -> Result<Cow<'n, Json>, String> {
        let mut rest = filters;
        let mut value = match (&base.what, filters) {
            (What::Name(name), [(Filter::Default(default), _), after @ ..]) => {
                rest = after;
                self.look_up(name)?
                    .map_or(Cow::Borrowed(default), Cow::Owned)
            }
            _ => self.value(base)?,
        };
        let mut end = base.at.end;
        for (filter, at) in rest {
            value = apply(filter, value).map_err(|why| {
                let source = show::source(self.text, &(base.at.start..end)).into_owned();
                format!("`{source} | {}`: {why}", filter.as_str())
            })?;
            end = at.end;
        }
        Ok(value)
    }
}

fn apply<'v>(filter: &Filter, value: Cow<'v, Json>) -> Result<Cow<'v, Json>, String> {
    let unfit = || {
        Err(format!(
            "not for {} {}",
            show::kind(&value),
            show::value(&value)
        ))
    };
    let result = match (filter, value.as_ref()) {
        (Filter::Default(_), _) => return Ok(value),
        (Filter::Int, Json::String(text)) => match text.parse::<i64>() {
            Ok(number) => Json::from(number),
            Err(_) => return Err(format!("{} is not a whole number", show::value(&value))),
        },
        (Filter::Int, Json::Number(number)) if number.is_f64() => truncated(number)?,
        (Filter::Int, Json::Number(_)) => return Ok(value),
        (Filter::Float, Json::String(text)) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Json::from(number),
            _ => return Err(format!("{} is not a number", show::value(&value))),
        },
        (Filter::Float, Json::Number(number)) => Json::from(number.as_f64().unwrap_or_default()),
        (Filter::Length, Json::String(text)) => Json::from(text.chars().count()),
        (Filter::Length, Json::Array(items)) => Json::from(items.len()),
        (Filter::Length, Json::Object(fields)) => Json::from(fields.len()),
        (Filter::Lower, Json::String(text)) => Json::from(text.to_lowercase()),
        (Filter::Trim, Json::String(text)) => Json::from(text.trim()),
        (Filter::Split(by), Json::String(text)) => {
            text.split(by.as_str()).map(Json::from).collect()
        }
        _ => return unfit(),
    };
    Ok(Cow::Owned(result))
}

fn truncated(number: &serde_json::Number) -> Result<Json, String> {
    let value = number.as_f64().unwrap_or_default().trunc();
    // Beyond this a float names no single whole number.
    if value.abs() > 9_007_199_254_740_992.0 {
        return Err(format!("{number} is too large for a whole number"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    Ok(Json::from(value as i64))
}

fn compare(op: Op, a: &Json, b: &Json) -> Result<bool, String> {
    Ok(match op {
        Op::Equal => equal(a, b)?,
        Op::NotEqual => !equal(a, b)?,
        Op::Less => order(a, b)?.is_lt(),
        Op::AtMost => order(a, b)?.is_le(),
        Op::Greater => order(a, b)?.is_gt(),
        Op::AtLeast => order(a, b)?.is_ge(),
        Op::In => is_in(a, b)?,
        Op::NotIn => !is_in(a, b)?,
    })
}

fn are_alike(a: &Json, b: &Json) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn unlike(a: &Json, b: &Json) -> String {
    let fix = match (a, b) {
        (Json::String(_), Json::Number(_)) | (Json::Number(_), Json::String(_)) => {
            ", write `| int` after the text"
        }
        _ => "",
    };
    format!(
        "{} cannot be compared with {}{fix}",
        show::kind(a),
        show::kind(b)
    )
}

fn equal(a: &Json, b: &Json) -> Result<bool, String> {
    if are_alike(a, b) {
        Ok(same(a, b))
    } else {
        Err(unlike(a, b))
    }
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => number_order(a, b).is_eq(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            let is_same = |(key, a): (&String, &Json)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(is_same)
        }
        _ => a == b,
    }
}

fn order(a: &Json, b: &Json) -> Result<Ordering, String> {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => Ok(number_order(a, b)),
        (Json::String(a), Json::String(b)) => Ok(a.cmp(b)),
        _ if are_alike(a, b) => Err(format!("{} has no order", show::kind(a))),
        _ => Err(unlike(a, b)),
    }
}

fn number_order(a: &serde_json::Number, b: &serde_json::Number) -> Ordering {
    let whole = |n: &serde_json::Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        return a.cmp(&b);
    }
    let float = |n: &serde_json::Number| n.as_f64().unwrap_or_default();
    // JSON has no NaN, so there always is an order; -0.0 and 0.0 are one number.
    float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Equal)
}

fn is_in(a: &Json, b: &Json) -> Result<bool, String> {
    match (a, b) {
        (Json::String(part), Json::String(text)) => Ok(text.contains(part.as_str())),
        (_, Json::Array(items)) => {
            if !items.is_empty() && !items.iter().any(|item| are_alike(a, item)) {
                return Err(format!("the list holds nothing like {}", show::kind(a)));
            }
            Ok(items.iter().any(|item| same(a, item)))
        }
        (_, Json::String(_)) => Err(format!("{} cannot be in a text", show::kind(a))),
        _ => Err(format!("{} is neither a list nor a text", show::kind(b))),
    }
}
