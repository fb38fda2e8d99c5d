//! TOML, 1.0 and 1.1.

use super::{Fault, Key, Node, Value};
use ::toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};
use std::borrow::Cow;

pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    // What follows a broken line is guesswork; a doubled key breaks nothing.
    let (doubled, broken): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .partition(|error| error.message().starts_with("duplicate key"));
    let is_broken = !broken.is_empty();
    let mut faults: Vec<_> = doubled
        .iter()
        .chain(broken.first())
        .map(|error| fault(text, error))
        .collect();
    faults.sort_by_key(|fault| fault.span.start);
    let node = (!is_broken).then(|| Node {
        span: table.span(),
        value: entries(text, table.into_inner()),
    });
    (node, faults)
}

fn fault(text: &str, error: &::toml::de::Error) -> Fault {
    let span = error.span().unwrap_or(0..0);
    let message = match error.message() {
        "duplicate key" => {
            let key = text.get(span.clone()).unwrap_or_default();
            format!("the key `{key}` is there twice")
        }
        message => format!("not TOML: {message}"),
    };
    Fault::new(span, message)
}

fn entries(text: &str, table: DeTable<'_>) -> Value {
    let entry = |(key, value): (Spanned<_>, _)| {
        let span = key.span();
        let mut node = node(text, value);
        let is_open = matches!(node.value, Value::Table(_))
            && !text
                .get(node.span.start..)
                .is_some_and(|rest| rest.starts_with('{'));
        if is_open {
            node.span.clone_from(&span);
        }
        (
            Key {
                name: Cow::into_owned(key.into_inner()),
                span,
            },
            node,
        )
    };
    let mut entries: Vec<_> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    Value::Table(entries)
}

fn node(text: &str, value: Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(string) => Value::Text(string.into_owned()),
        DeValue::Integer(integer) => whole(&integer),
        DeValue::Float(float) => {
            let number = float.as_str().parse().unwrap_or(f64::NAN);
            Value::Float(number, float.as_str().to_owned())
        }
        DeValue::Boolean(boolean) => Value::Bool(boolean),
        DeValue::Datetime(datetime) => Value::Text(datetime.to_string()),
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(text, item)).collect())
        }
        DeValue::Table(table) => entries(text, table),
    };
    Node { span, value }
}

fn whole(integer: &DeInteger<'_>) -> Value {
    i64::from_str_radix(integer.as_str(), integer.radix()).map_or_else(
        |_| {
            Value::Float(
                integer.as_str().parse().unwrap_or(f64::NAN),
                integer.to_string(),
            )
        },
        Value::Int,
    )
}
