//! The JSON Schema of the file, for editors.

use super::phrase::{is_word, words};
use crate::keys::{
    ARGUMENTS, CONDITIONS, Key, Kinds, Name, PIPELINE, REFERENCE, Section, Shape, TASK,
    VALUE_BYTES, Word,
};
use serde_json::{Map, Value, json};

const SPAN: &str = "^([0-9]+(ms|s|m|h|d))+$";

/// The schema (JSON Schema 2020-12) of a pipeline file.
pub fn schema() -> Value {
    let mut schema = table(&PIPELINE);
    let sorts = REFERENCE
        .one_of
        .iter()
        .map(|sort| ((*sort).to_owned(), reference(sort)));
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        schema.insert("title".to_owned(), json!("A Gofer pipeline"));
        schema.insert("$defs".to_owned(), Value::Object(sorts.collect()));
    }
    schema
}

fn shape(shape: &'static Shape) -> Value {
    match shape {
        Shape::Text { least, most } | Shape::Characters { least, most } => {
            json!({ "type": "string", "minLength": least, "maxLength": most })
        }
        Shape::Name(name) => named(name),
        Shape::Path => named(&crate::keys::PATH),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Int { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Duration { .. } => json!({ "type": "string", "pattern": SPAN }),
        Shape::Words(words) => one_word(words),
        Shape::Any => json!({ "not": { "type": "null" } }),
        Shape::Literal => literal(),
        Shape::List { of, least, most } => list(&self::shape(of), *least, *most),
        Shape::Arguments { least } => list(
            &json!({ "type": "string", "maxLength": VALUE_BYTES }),
            *least,
            ARGUMENTS,
        ),
        Shape::Map {
            keys,
            of,
            least,
            most,
        } => map(keys, &self::shape(of), *least, *most),
        Shape::Files { keys, of, most, .. } => map(keys, &self::shape(of), 0, *most),
        Shape::Table(section) => table(section),
        Shape::Value { references, .. } => either(literal(), references),
        Shape::TextOr { references, most } => either(
            json!({ "type": "string", "minLength": 1, "maxLength": most }),
            references,
        ),
        Shape::AnyOr { .. } => json!({ "not": { "type": "null" } }),
        Shape::ListOr { references, most } => {
            either(json!({ "type": "array", "maxItems": most }), references)
        }
        Shape::Reference { references } => match references {
            [only] => json!({ "$ref": format!("#/$defs/{only}") }),
            several => either(json!(false), several),
        },
        Shape::Parents => json!({ "anyOf": [
            { "type": "array", "items": named(&TASK), "uniqueItems": true, "maxItems": 1000 },
            map(&TASK, &one_word(CONDITIONS), 0, 1000),
        ] }),
    }
}

fn named(name: &Name) -> Value {
    json!({ "type": "string", "pattern": name.pattern })
}

fn one_word(words: &[Word]) -> Value {
    json!({ "enum": words.iter().map(|word| word.word).collect::<Vec<_>>() })
}

fn literal() -> Value {
    json!({ "type": ["string", "integer", "boolean"] })
}

fn list(items: &Value, least: usize, most: usize) -> Value {
    json!({ "type": "array", "items": items, "minItems": least, "maxItems": most })
}

fn map(keys: &Name, of: &Value, least: usize, most: usize) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": keys.pattern },
        "additionalProperties": of,
        "minProperties": least,
        "maxProperties": most,
    })
}

fn either(literal: Value, references: &[&str]) -> Value {
    let references = references
        .iter()
        .map(|sort| json!({ "$ref": format!("#/$defs/{sort}") }));
    let all: Vec<_> = [literal].into_iter().chain(references).collect();
    json!({ "anyOf": all })
}

fn reference(sort: &str) -> Value {
    let keys = REFERENCE
        .keys()
        .filter(|(_, kinds)| kinds.contains(&sort))
        .map(|(key, _)| key);
    let properties: Map<_, _> = keys
        .map(|key| (key.name.to_owned(), described(key)))
        .collect();
    json!({ "type": "object", "properties": properties, "required": [sort], "additionalProperties": false })
}

fn table(section: &'static Section) -> Value {
    let properties: Map<_, _> = section
        .keys()
        .map(|(key, _)| (key.name.to_owned(), described(key)))
        .collect();
    let required: Vec<_> = section
        .keys()
        .filter(|(key, _)| key.is_required)
        .map(|(key, _)| key.name)
        .collect();
    let mut table =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let Some(object) = table.as_object_mut() else {
        return table;
    };
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    if !section.one_of.is_empty() {
        let each: Vec<_> = section
            .one_of
            .iter()
            .map(|key| json!({ "required": [key] }))
            .collect();
        object.insert("oneOf".to_owned(), json!(each));
    }
    let rules: Vec<_> = rivalries(section).chain(kinds(section)).collect();
    if !rules.is_empty() {
        object.insert("allOf".to_owned(), json!(rules));
    }
    table
}

fn rivalries(section: &'static Section) -> impl Iterator<Item = Value> {
    section
        .rivals
        .iter()
        .map(|rivals| json!({ "not": { "required": rivals } }))
}

/// With the key of a kind come only that kind's keys.
fn kinds(section: &'static Section) -> impl Iterator<Item = Value> {
    let by_key: &[&str] = match section.kinds {
        Kinds::ByKey(keys, _) => keys,
        Kinds::Same => &[],
    };
    by_key.iter().map(|kind| {
        let keys = section
            .keys()
            .filter(|(_, kinds)| kinds.is_empty() || kinds.contains(kind));
        let names: Vec<_> = keys.map(|(key, _)| key.name).collect();
        json!({ "if": { "required": [kind] }, "then": { "propertyNames": { "enum": names } } })
    })
}

fn described(key: &'static Key) -> Value {
    let mut schema = shape(&key.shape);
    let Some(object) = schema.as_object_mut() else {
        return schema;
    };
    let bounds = match &key.shape {
        Shape::Duration { least, most } => format!(" From {least} to {most}."),
        _ => String::new(),
    };
    let meanings = words(&key.shape)
        .iter()
        .map(|word| format!("\n{}: {}", word.word, word.about));
    let description = format!("{}{bounds}{}", key.about, meanings.collect::<String>());
    object.insert("description".to_owned(), json!(description));
    if let Some(default) = default(key) {
        object.insert("default".to_owned(), default);
    }
    schema
}

fn default(key: &Key) -> Option<Value> {
    if key.default.is_empty() || !is_word(key.default) {
        return None;
    }
    match key.shape {
        Shape::Bool | Shape::Int { .. } => serde_json::from_str(key.default).ok(),
        _ => Some(json!(key.default)),
    }
}
