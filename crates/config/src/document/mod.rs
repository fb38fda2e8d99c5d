//! A document as a tree that remembers where each part stands, whatever form it was written in.

mod json;
mod toml;
mod yaml;

use crate::Format;
use gofer_core::problem::{Path, Step};
use std::{collections::HashSet, ops::Range};

/// The most bytes of one document.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;

/// The most tables and lists inside one another. The language itself needs nine.
const MOST_DEPTH: usize = 64;

/// Any value, and where it stands: all of it if it is written between brackets, its key or
/// header if it is spread over lines of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What a node is. Dates are text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// Also an integer that is too long; with its own spelling.
    Float(f64, String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<(Key, Node)>),
}

/// A key, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

/// What keeps a text from being a document.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) path: Path,
    pub(crate) message: String,
}

impl Fault {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            path: Path::top(),
            message: message.into(),
        }
    }
}

/// The tree, if there is one, and every fault found. There can be both: a key that is there
/// twice does not conceal the rest.
pub(crate) fn parse(format: Format, text: &str) -> (Option<Node>, Vec<Fault>) {
    if text.len() > MOST_BYTES {
        let message = format!(
            "the document has {} bytes; at most {MOST_BYTES}",
            text.len()
        );
        return (None, vec![Fault::new(0..0, message)]);
    }
    match format {
        Format::Toml => toml::parse(text),
        Format::Yaml => yaml::parse(text),
        Format::Json => json::parse(text),
    }
}

impl Node {
    /// The value of `name`, if this is a table that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The value at a position, if this is a list that is long enough.
    pub(crate) fn item(&self, nth: usize) -> Option<&Node> {
        match &self.value {
            Value::List(items) => items.get(nth),
            _ => None,
        }
    }

    fn entry(&self, name: &str) -> Option<&(Key, Node)> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|(key, _)| key.name == name),
            _ => None,
        }
    }

    /// Where `path` stands: its value, or, if it leads to nothing, the key of the last part of
    /// it that exists. A name also finds its place in a list of names.
    pub(crate) fn place(&self, path: &Path) -> Range<usize> {
        let mut node = self;
        let mut nearest = 0..0;
        for step in &path.0 {
            let found = match (step, &node.value) {
                (Step::Key(name), Value::Table(_)) => {
                    node.entry(name).map(|(key, node)| (node, key.span.clone()))
                }
                (Step::Key(name), Value::List(items)) => items
                    .iter()
                    .find(|item| matches!(&item.value, Value::Text(text) if text == name))
                    .map(|item| (item, item.span.clone())),
                (Step::Index(index), Value::List(items)) => {
                    items.get(*index).map(|item| (item, item.span.clone()))
                }
                _ => None,
            };
            let Some((next, place)) = found else {
                return nearest;
            };
            (node, nearest) = (next, place);
        }
        if path.0.is_empty() {
            nearest
        } else {
            node.span.clone()
        }
    }

    /// The text at `path`, if it is text.
    pub(crate) fn text(&self, path: &Path) -> Option<(&str, Range<usize>)> {
        let mut node = self;
        for step in &path.0 {
            node = match (step, &node.value) {
                (Step::Key(name), Value::Table(_)) => node.get(name)?,
                (Step::Index(index), Value::List(items)) => items.get(*index)?,
                _ => return None,
            };
        }
        match &node.value {
            Value::Text(text) => Some((text, node.span.clone())),
            _ => None,
        }
    }
}

/// The entries of a table while it is read: a key may be there once.
#[derive(Default)]
struct Entries {
    list: Vec<(Key, Node)>,
    names: HashSet<String>,
}

impl Entries {
    fn add(&mut self, key: Key, node: Node) -> Option<Fault> {
        if self.names.insert(key.name.clone()) {
            self.list.push((key, node));
            return None;
        }
        Some(Fault::new(
            key.span,
            format!("the key `{}` is there twice", key.name),
        ))
    }

    fn into_vec(self) -> Vec<(Key, Node)> {
        self.list
    }
}
