//! Names, texts, values and references.

use gofer_core::{Span, definition::*};
use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) fn name<T>() -> impl Strategy<Value = T>
where
    T: std::str::FromStr + std::fmt::Debug,
    T::Err: std::fmt::Debug,
{
    "[a-z][a-z0-9_]{0,8}".prop_map(|text| text.parse().unwrap())
}

pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[^\\x00]{0,12}x",
        Just("true".to_owned()),
        Just("0x10".to_owned()),
        Just("null".to_owned())
    ]
}

pub(super) fn path() -> impl Strategy<Value = String> {
    "(/[a-zé ]{1,6}){1,3}"
}

pub(super) fn span() -> impl Strategy<Value = Span> {
    (1_u64..86_400_000).prop_map(|ms| Span::from_millis(ms.max(1000)))
}

pub(super) fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        text().prop_map(Literal::Text)
    ]
}

pub(super) fn param() -> impl Strategy<Value = Reference> {
    (name(), of(literal())).prop_map(|(name, default)| Reference::Param { name, default })
}

pub(super) fn reference() -> BoxedStrategy<Reference> {
    prop_oneof![
        param(),
        (name(), name::<gofer_core::name::OutputKey>(), of(literal())).prop_map(
            |(task, key, default)| Reference::Output {
                task,
                key: key.to_string(),
                default
            }
        ),
        (name(), any::<bool>(), of(literal())).prop_map(|(key, of_run, default)| {
            Reference::Object {
                key,
                of_run,
                default,
            }
        }),
        (of("[a-z]{1,4}"), of(literal()))
            .prop_map(|(field, default)| Reference::Item { field, default }),
        (name(), of(literal())).prop_map(|(task, default)| Reference::Task {
            task,
            field: TaskField::ExitCode,
            default
        }),
    ]
    .boxed()
}

pub(super) fn value() -> BoxedStrategy<Value> {
    prop_oneof![
        literal().prop_map(Value::Literal),
        reference().prop_map(Value::Reference),
        name().prop_map(|name| Value::Reference(Reference::Secret(name))),
    ]
    .boxed()
}

pub(super) fn plain_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        literal().prop_map(Value::Literal),
        reference().prop_map(Value::Reference)
    ]
}

pub(super) fn any_json() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1e6..1e6).prop_map(|number: f64| json!(number + 0.25)),
        text().prop_map(Json::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Json::from),
            btree_map("k[a-z]{0,4}", inner, 0..3).prop_map(|table| json!(table)),
        ]
    })
    .boxed()
}

pub(super) fn some<K: Ord + std::fmt::Debug, V: std::fmt::Debug>(
    key: impl Strategy<Value = K>,
    value: impl Strategy<Value = V>,
) -> impl Strategy<Value = BTreeMap<K, V>> {
    btree_map(key, value, 0..3)
}
