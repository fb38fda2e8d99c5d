//! YAML 1.2, one document. Anchors, aliases and `<<` are read; `true` and `false` are the only
//! booleans, and a number that starts with a needless zero stays text.

use super::{Entries, Fault, Key, MOST_DEPTH, Node, Value};
use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput, StructureStyle, Tag};
use std::{collections::HashMap, ops::Range};

/// What all anchors and aliases of a document may come to, in bytes: a bomb ends here.
const MOST_COPIED: usize = 32 * 1024 * 1024;

pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut options = Options::default();
    options.flow_nesting_limit = MOST_DEPTH;
    options.block_nesting_limit = MOST_DEPTH;
    options.set_emit_comments(false);
    let mut composer = Composer {
        text,
        parser: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        copied: 0,
        faults: Vec::new(),
    };
    match composer.stream() {
        Ok(node) => (Some(node), composer.faults),
        Err(fault) => (None, composer.faults.into_iter().chain([fault]).collect()),
    }
}

struct Composer<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Anchored>,
    copied: usize,
    faults: Vec<Fault>,
}

struct Anchored {
    node: Node,
    weight: usize,
    levels: usize,
}

type Found<'t> = (Event<'t>, Range<usize>);

impl<'t> Composer<'t> {
    fn next(&mut self) -> Result<Found<'t>, Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.byte(&span.start)..self.byte(&span.end))),
            Some(Err(error)) => {
                let at = self.byte(error.marker());
                Err(Fault::new(at..at, format!("not YAML: {}", error.info())))
            }
            None => Ok((Event::StreamEnd, self.text.len()..self.text.len())),
        }
    }

    fn byte(&self, marker: &Marker) -> usize {
        marker.byte_offset().unwrap_or(0).min(self.text.len())
    }

    fn stream(&mut self) -> Result<Node, Fault> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) if document.is_some() => {
                    return Err(Fault::new(
                        span,
                        "a second document begins here; one is expected",
                    ));
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                event => document = Some(self.node((event, span), 0)?),
            }
        }
        Ok(document.unwrap_or(Node {
            span: 0..0,
            value: Value::Null,
        }))
    }

    fn node(&mut self, (event, span): Found<'t>, depth: usize) -> Result<Node, Fault> {
        if depth > MOST_DEPTH {
            return Err(Fault::new(span, format!("more than {MOST_DEPTH} levels")));
        }
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, self.tag(tag.as_deref(), &span));
                (anchor, Node { span, value })
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &span);
                (anchor, self.sequence(span.start, depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &span);
                (anchor, self.mapping(span.start, depth)?)
            }
            _ => return Err(Fault::new(span, "not YAML: a value is expected")),
        };
        if anchor != 0 {
            let (weight, levels) = measure(&node);
            self.copy(weight, &node.span)?;
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    weight,
                    levels,
                },
            );
        }
        Ok(node)
    }

    fn sequence(&mut self, start: usize, depth: usize) -> Result<Node, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    return Ok(Node {
                        span: start..span.end.max(start),
                        value: Value::List(items),
                    });
                }
                found => items.push(self.node(found, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, start: usize, depth: usize) -> Result<Node, Fault> {
        let mut entries = Entries::default();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        loop {
            let found = match self.next()? {
                (Event::MappingEnd, span) => {
                    for (key, node) in merged {
                        // What the table says itself wins, then what was merged first.
                        drop(entries.add(key, node));
                    }
                    let value = Value::Table(entries.into_vec());
                    return Ok(Node {
                        span: start..span.end.max(start),
                        value,
                    });
                }
                found => found,
            };
            let is_merge = matches!(&found.0, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.key(found, depth)?;
            let value = self.next()?;
            let is_open = matches!(value.0, Event::MappingStart(StructureStyle::Block, ..));
            let mut node = self.node(value, depth + 1)?;
            if is_open {
                node.span.clone_from(&key.span);
            }
            if is_merge {
                self.merge(node, &mut merged);
            } else {
                let doubled = entries.add(key, node);
                self.faults.extend(doubled);
            }
        }
    }

    fn key(&mut self, found: Found<'t>, depth: usize) -> Result<Key, Fault> {
        if let (Event::Scalar(text, _, 0, None), span) = found {
            return Ok(Key {
                name: text.into_owned(),
                span,
            });
        }
        let node = self.node(found, depth + 1)?;
        match node.value {
            Value::Text(name) => Ok(Key {
                name,
                span: node.span,
            }),
            _ => Err(Fault::new(node.span, "a key is text")),
        }
    }

    fn merge(&mut self, node: Node, merged: &mut Vec<(Key, Node)>) {
        match node.value {
            Value::Table(entries) => merged.extend(entries),
            Value::List(items)
                if items
                    .iter()
                    .all(|item| matches!(item.value, Value::Table(_))) =>
            {
                for item in items {
                    self.merge(item, merged);
                }
            }
            _ => self.faults.push(Fault::new(
                node.span,
                "`<<` takes a table, or a list of tables",
            )),
        }
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>, depth: usize) -> Result<Node, Fault> {
        let Some(Anchored {
            node,
            weight,
            levels,
        }) = self.anchors.get(&anchor)
        else {
            return Err(Fault::new(span, "this alias stands inside its own anchor"));
        };
        // An alias in a deep place may be deeper than any text is.
        if depth + levels > MOST_DEPTH {
            return Err(Fault::new(span, format!("more than {MOST_DEPTH} levels")));
        }
        let weight = *weight;
        let value = node.value.clone();
        self.copy(weight, &span)?;
        Ok(Node { span, value })
    }

    fn copy(&mut self, weight: usize, span: &Range<usize>) -> Result<(), Fault> {
        self.copied = self.copied.saturating_add(weight);
        if self.copied > MOST_COPIED {
            let message = format!("anchors and aliases come to more than {MOST_COPIED} bytes");
            return Err(Fault::new(span.clone(), message));
        }
        Ok(())
    }

    /// Whether the tag makes text of the value.
    fn tag(&mut self, tag: Option<&Tag>, span: &Range<usize>) -> bool {
        match tag.map(|tag| (tag.core_suffix(), tag)) {
            None | Some((Some("int" | "float" | "bool" | "null" | "seq" | "map"), _)) => false,
            Some((Some("str"), _)) => true,
            Some((_, tag)) => {
                let message = format!("the tag `{}` is not known; leave it out", tag.original());
                self.faults.push(Fault::new(span.clone(), message));
                false
            }
        }
    }
}

/// Bytes that a copy costs, about, and levels.
fn measure(node: &Node) -> (usize, usize) {
    let own = size_of::<Node>();
    let sum = |(weight, levels): (usize, usize), child: &Node| {
        let (more, below) = measure(child);
        (weight + more, levels.max(below + 1))
    };
    match &node.value {
        Value::Text(text) | Value::Float(_, text) => (own + text.len(), 1),
        Value::List(items) => items.iter().fold((own, 1), sum),
        Value::Table(entries) => entries.iter().fold((own, 1), |total, (key, child)| {
            sum(
                (total.0 + size_of::<Key>() + key.name.len(), total.1),
                child,
            )
        }),
        _ => (own, 1),
    }
}

fn scalar(text: &str, style: ScalarStyle, is_text: bool) -> Value {
    if is_text || style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
    }
}

/// A number as JSON spells it, or with a plus, a bare point or a name.
fn number(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return Some(Value::Float(f64::NAN, text.to_owned()));
    }
    let (whole, rest) = unsigned.split_at(unsigned.bytes().take_while(u8::is_ascii_digit).count());
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    if rest.is_empty() && !whole.is_empty() {
        let float = || Value::Float(text.parse().unwrap_or(f64::NAN), text.to_owned());
        return Some(text.parse().map_or_else(|_| float(), Value::Int));
    }
    let starts_well = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_spelt_well = rest
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if !starts_well || !is_spelt_well {
        return None;
    }
    text.parse()
        .ok()
        .map(|number| Value::Float(number, text.to_owned()))
}
