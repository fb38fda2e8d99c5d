//! The walk over a document beside the table of keys: it collects what does not fit, and gives
//! the canonical JSON of what does.

use super::Spot;
use crate::{
    document::{Node, Value},
    keys::{Section, Shape},
};
use gofer_core::{
    definition::{Json, Reference},
    problem::{Path, Severity, Step},
};
use serde_json::Map;
use std::ops::Range;

/// What the walk has come to.
pub(crate) struct Walk {
    pub(super) spots: Vec<Spot>,
    /// Whether what was left out changes no other part's meaning.
    pub(super) is_sound: bool,
    pub(super) path: Path,
}

/// A value on the way.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    /// What it is called in a sentence.
    pub(super) label: &'a str,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            spots: Vec::new(),
            is_sound: true,
            path: Path::top(),
        }
    }
}

impl Walk {
    /// The whole document.
    pub(crate) fn document(&mut self, node: &Node, section: &'static Section) -> Option<Json> {
        let at = At {
            node,
            label: "the document",
        };
        match node.value {
            Value::Table(_) => self.section(at, section).map(Json::Object),
            Value::Null => {
                // An empty file: say what is missing from it.
                self.section(
                    At {
                        node: &Node {
                            span: 0..0,
                            value: Value::Table(Vec::new()),
                        },
                        ..at
                    },
                    section,
                );
                None
            }
            _ => self.wrong(at, "a table: name and tasks are expected"),
        }
    }

    /// Says something about a value.
    pub(super) fn say(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.spots.push(Spot {
            path: self.path.clone(),
            severity: Severity::Error,
            message: message.into(),
            span: span.clone(),
        });
    }

    /// Goes one step down and back.
    pub(super) fn within<T>(
        &mut self,
        step: impl Into<Step>,
        go: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.path.0.push(step.into());
        let result = go(self);
        self.path.0.pop();
        result
    }

    pub(super) fn value(&mut self, at: At<'_>, shape: &'static Shape) -> Option<Json> {
        if at.node.value == Value::Null {
            self.say(&at.node.span, "null is not a value; leave the key out");
            return None;
        }
        match shape {
            Shape::Text { least, most } => self.text(at, *least, *most).map(Json::from),
            Shape::Characters { least, most } => self.characters(at, *least, *most).map(Json::from),
            Shape::Name(name) => self.name(at, name).map(Json::from),
            Shape::Path => self.absolute(at).map(Json::from),
            Shape::Bool => self.boolean(at).map(Json::from),
            Shape::Int { least, most } => self.int(at, *least, *most).map(Json::from),
            Shape::Duration { least, most } => self.duration(at, least, most).map(Json::from),
            Shape::Words(words) => self.word(at, words).map(Json::from),
            Shape::Any => self.any(at.node),
            Shape::Literal => self.literal(at, crate::keys::VALUE_BYTES, false),
            Shape::List { of, least, most } => self.list(at, of, *least, *most),
            Shape::Arguments { least } => self.arguments(at, *least),
            Shape::Map {
                keys,
                of,
                least,
                most,
            } => self.map(at, (keys, of), *least, *most).map(Json::Object),
            Shape::Files {
                keys,
                of,
                most,
                bytes,
            } => self.files(at, (keys, of), *most, *bytes),
            Shape::Table(section) => self.section(at, section).map(Json::Object),
            Shape::Parents => self.parents(at),
            Shape::Value { .. }
            | Shape::TextOr { .. }
            | Shape::AnyOr { .. }
            | Shape::ListOr { .. }
            | Shape::Reference { .. } => self.value_or_reference(at, shape),
        }
    }

    fn value_or_reference(&mut self, at: At<'_>, shape: &'static Shape) -> Option<Json> {
        let is_table = matches!(at.node.value, Value::Table(_));
        match shape {
            Shape::AnyOr { references } if at.node.get("event").is_some() => {
                self.reference(at, references)
            }
            Shape::AnyOr { .. } => {
                let value = self.any(at.node)?;
                // It would be taken for a reference from here on.
                if serde_json::from_value::<Reference>(value.clone()).is_ok() {
                    return self.wrong(
                        at,
                        "a value of the param: only { event = \"…\" } can be a reference here",
                    );
                }
                Some(value)
            }
            Shape::Value { references, .. }
            | Shape::TextOr { references, .. }
            | Shape::ListOr { references, .. }
                if is_table =>
            {
                self.reference(at, references)
            }
            Shape::Reference { references } if is_table => self.reference(at, references),
            Shape::Value { most, nul, .. } => self.literal(at, *most, *nul),
            Shape::TextOr { most, .. } => self.text(at, 1, *most).map(Json::from),
            Shape::ListOr { most, .. } => self.list(at, &Shape::Any, 0, *most),
            Shape::Reference { references } => {
                let sort = references.first().copied().unwrap_or_default();
                self.wrong(at, &format!("a reference: write {{ {sort} = \"name\" }}"))
            }
            _ => None,
        }
    }

    /// Any JSON, with its keys in order.
    pub(super) fn any(&mut self, node: &Node) -> Option<Json> {
        match &node.value {
            Value::Null => {
                self.say(&node.span, "null is not a value; leave the key out");
                None
            }
            Value::Bool(boolean) => Some(Json::from(*boolean)),
            Value::Int(whole) => Some(Json::from(*whole)),
            Value::Float(number, spelling) => {
                let json = serde_json::Number::from_f64(*number).map(Json::Number);
                if json.is_none() {
                    self.say(
                        &node.span,
                        format!("{spelling} is not a number that JSON has"),
                    );
                }
                json
            }
            Value::Text(text) => Some(Json::from(text.as_str())),
            Value::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(nth, item)| self.within(nth, |walk| walk.any(item)))
                    .collect();
                items.into_iter().collect()
            }
            Value::Table(entries) => {
                let mut table = Map::new();
                let mut is_right = true;
                for (key, node) in entries {
                    match self.within(key.name.as_str(), |walk| walk.any(node)) {
                        Some(value) => drop(table.insert(key.name.clone(), value)),
                        None => is_right = false,
                    }
                }
                table.sort_keys();
                is_right.then_some(Json::Object(table))
            }
        }
    }
}
