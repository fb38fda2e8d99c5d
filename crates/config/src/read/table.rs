//! Lists and tables.

use super::{
    walk::{At, Walk},
    words,
};
use crate::{
    document::{Key as Entry, Node, Value},
    keys::{self, CONDITIONS, Key, Kinds, Name, PIPELINE, REFERENCE, Section, Shape},
};
use gofer_core::definition::{Json, Reference};
use serde_json::Map;
use std::ops::Range;

type Table = Map<String, Json>;

impl Walk {
    pub(super) fn list(
        &mut self,
        at: At<'_>,
        of: &'static Shape,
        least: usize,
        most: usize,
    ) -> Option<Json> {
        let Value::List(items) = &at.node.value else {
            let is_text = matches!(
                (&at.node.value, of),
                (
                    Value::Text(_),
                    Shape::Text { .. } | Shape::Name(_) | Shape::Words(_)
                )
            );
            let fix = if is_text {
                format!(": write [{}]", super::scalar::shown(at.node))
            } else {
                String::new()
            };
            return self.wrong(at, &format!("a list{fix}"));
        };
        self.counted(&at, items.len(), least, most, "entries")?;
        let items: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(nth, item)| self.item(at.label, nth, item, of))
            .collect();
        items
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .map(Json::Array)
    }

    fn item(&mut self, label: &str, nth: usize, node: &Node, of: &'static Shape) -> Option<Json> {
        let label = format!("{label}[{nth}]");
        self.within(nth, |walk| {
            walk.value(
                At {
                    node,
                    place: &node.span,
                    label: &label,
                },
                of,
            )
        })
    }

    fn counted(
        &mut self,
        at: &At<'_>,
        found: usize,
        least: usize,
        most: usize,
        what: &str,
    ) -> Option<()> {
        let span = if matches!(at.node.value, Value::Table(_)) {
            at.place
        } else {
            &at.node.span
        };
        if found < least {
            self.say(span, format!("{} is empty", at.label));
        } else if found > most {
            self.say(
                span,
                format!("{} has {found} {what}; at most {most}", at.label),
            );
        } else {
            return Some(());
        }
        None
    }

    pub(super) fn arguments(&mut self, at: At<'_>, least: usize) -> Option<Json> {
        if let Value::Text(text) = &at.node.value {
            let words: Vec<_> = text
                .split_whitespace()
                .map(|word| format!("{word:?}"))
                .collect();
            let fix = format!(
                "a list of arguments: write [{}], or use script",
                words.join(", ")
            );
            return self.wrong(at, &fix);
        }
        self.list(
            at,
            &Shape::Text {
                least: 0,
                most: keys::VALUE_BYTES,
            },
            least,
            keys::ARGUMENTS,
        )
    }

    pub(super) fn parents(&mut self, at: At<'_>) -> Option<Json> {
        const NAMES: Shape = Shape::List {
            of: &keys::TASK_NAME,
            least: 0,
            most: 1000,
        };
        const TABLE: Shape = Shape::Map {
            keys: keys::TASK,
            of: &Shape::Words(CONDITIONS),
            least: 0,
            most: 1000,
        };
        if matches!(at.node.value, Value::Table(_)) {
            return self.value(at, &TABLE);
        }
        let Json::Array(names) = self.value(at, &NAMES)? else {
            return None;
        };
        let mut parents = Table::new();
        for (nth, name) in names.iter().filter_map(Json::as_str).enumerate() {
            if parents
                .insert(name.to_owned(), Json::from("success"))
                .is_some()
            {
                let span = at
                    .node
                    .item(nth)
                    .map_or(at.place, |item| &item.span)
                    .clone();
                self.within(nth, |walk| {
                    walk.say(&span, format!("`{name}` is there twice"))
                });
            }
        }
        Some(Json::Object(parents))
    }

    pub(super) fn map(
        &mut self,
        at: At<'_>,
        (keys, of): (&'static Name, &'static Shape),
        least: usize,
        most: usize,
    ) -> Option<Table> {
        let Value::Table(entries) = &at.node.value else {
            return match (&at.node.value, of) {
                (Value::List(_), Shape::Table(_)) => {
                    let path = self.path.to_string();
                    self.say(
                        &at.node.span,
                        format!("a list gives no names: [{path}.{}] is expected", keys.word),
                    );
                    None
                }
                _ => self.wrong(at, &format!("a table from {} to its value", keys.word)),
            };
        };
        self.counted(&at, entries.len(), least, most, "entries")?;
        let mut table = Table::new();
        for (key, node) in entries {
            let named = (keys.check)(&key.name);
            let label = format!("{}.{}", at.label, key.name);
            let value = self.within(key.name.as_str(), |walk| {
                if let Err(message) = &named {
                    walk.say(&key.span, message.as_str());
                }
                walk.value(
                    At {
                        node,
                        place: &key.span,
                        label: &label,
                    },
                    of,
                )
            });
            match value.filter(|_| named.is_ok()) {
                Some(value) => drop(table.insert(key.name.clone(), value)),
                None => self.is_sound &= !is_structural(of),
            }
        }
        Some(table)
    }

    pub(super) fn files(
        &mut self,
        at: At<'_>,
        entry: (&'static Name, &'static Shape),
        most: usize,
        bytes: usize,
    ) -> Option<Json> {
        let table = self.map(at, entry, 0, most)?;
        let found: usize = table.values().filter_map(Json::as_str).map(str::len).sum();
        if found > bytes {
            self.say(
                at.place,
                format!("{} has {found} bytes together; at most {bytes}", at.label),
            );
            return None;
        }
        Some(Json::Object(table))
    }

    pub(super) fn reference(
        &mut self,
        at: At<'_>,
        allowed: &'static [&'static str],
    ) -> Option<Json> {
        let table = self.section(at, &REFERENCE)?;
        let sort = REFERENCE
            .one_of
            .iter()
            .find(|sort| table.contains_key(**sort))?;
        if !allowed.contains(sort) {
            let list = allowed
                .iter()
                .map(|sort| format!("`{sort}`"))
                .collect::<Vec<_>>()
                .join(", ");
            self.say(
                at.place,
                format!("a `{sort}` cannot stand here; what can: {list}"),
            );
            return None;
        }
        let value = Json::Object(table);
        if let Err(error) = serde_json::from_value::<Reference>(value.clone()) {
            let span = at
                .node
                .get(sort)
                .map_or(at.place, |node| &node.span)
                .clone();
            self.within(*sort, |walk| walk.say(&span, error.to_string()));
            return None;
        }
        Some(value)
    }

    pub(super) fn section(&mut self, at: At<'_>, section: &'static Section) -> Option<Table> {
        let Value::Table(entries) = &at.node.value else {
            return self.wrong(at, "a table");
        };
        let kind = kind(section, at.node);
        let mut table = Table::new();
        let mut is_strange = false;
        for (entry, node) in entries {
            match section.key(&entry.name) {
                Some((key, kinds))
                    if kinds.is_empty() || kind.is_none_or(|kind| kinds.contains(&kind)) =>
                {
                    if let Some(value) = self.known(section, key, entry, node) {
                        table.insert(entry.name.clone(), value);
                    }
                }
                known => {
                    is_strange = true;
                    self.unknown(section, known.and(kind), entry);
                }
            }
        }
        let is_whole = self.required(at, section, kind, is_strange);
        self.exclusive(at, section);
        is_whole.then_some(table).filter(|table| {
            let needed = section
                .keys()
                .filter(|(key, _)| key.is_required && key.name != "name");
            needed
                .into_iter()
                .all(|(key, _)| table.contains_key(key.name))
                && (section.one_of.is_empty()
                    || section.one_of.iter().any(|key| table.contains_key(*key)))
        })
    }

    fn known(
        &mut self,
        section: &'static Section,
        key: &'static Key,
        entry: &Entry,
        node: &Node,
    ) -> Option<Json> {
        let label = format!("{}{}", section.label, key.name);
        let before = self.spots.len();
        let at = At {
            node,
            place: &entry.span,
            label: &label,
        };
        let value = self.within(key.name, |walk| walk.value(at, &key.shape));
        self.is_sound &= !(key.is_structural && self.spots.len() > before);
        value
    }

    fn unknown(&mut self, section: &'static Section, kind: Option<&str>, entry: &Entry) {
        let name = &entry.name;
        let meant = words::closest(
            name,
            section
                .keys()
                .map(|(key, _)| key.name)
                .collect::<Vec<_>>()
                .into_iter(),
        );
        let mut lost = section.keys().any(|(key, _)| key.is_structural);
        let message = if let Some(kind) = kind {
            format!("unknown key `{name}`: it does not go with `{kind}`")
        } else if let Some(meant) = meant {
            lost = section.key(meant).is_some_and(|(key, _)| key.is_structural);
            format!("unknown key `{name}`, did you mean `{meant}`?")
        } else if let Some(home) = words::home(&PIPELINE, name, 4) {
            format!("unknown key `{name}` here; it belongs in {home}")
        } else {
            format!("unknown key `{name}`")
        };
        self.is_sound &= !lost;
        self.say(&entry.span, message);
    }

    fn required(
        &mut self,
        at: At<'_>,
        section: &'static Section,
        kind: Option<&str>,
        is_strange: bool,
    ) -> bool {
        let missing = section.keys().filter(|(key, kinds)| {
            let applies = kinds.is_empty() || kind.is_none_or(|kind| kinds.contains(&kind));
            key.is_required && applies && at.node.get(key.name).is_none()
        });
        let missing: Vec<_> = missing.map(|(key, _)| key.name).collect();
        for name in &missing {
            self.say(at.place, format!("{}{name} is missing", section.label));
        }
        let has_one = section.one_of.is_empty()
            || section.one_of.iter().any(|key| at.node.get(key).is_some());
        // A misspelt key was probably to be the one.
        if !has_one && !is_strange {
            self.say(
                at.place,
                format!(
                    "{} has one of {}; here there is none",
                    section.what,
                    ticked(section.one_of)
                ),
            );
        }
        has_one
    }

    fn exclusive(&mut self, at: At<'_>, section: &'static Section) {
        let all = section.rivals.iter().copied().chain([section.one_of]);
        for rivals in all {
            let there: Vec<_> = rivals
                .iter()
                .filter_map(|key| Some((*key, place(at.node, key)?)))
                .collect();
            if let [(_, _), .., (_, span)] = there.as_slice() {
                let names: Vec<_> = there.iter().map(|(name, _)| *name).collect();
                self.say(
                    span,
                    format!("{} exclude one another; one is expected", ticked(&names)),
                );
                self.is_sound &= !is_structural_section(section);
            }
        }
    }
}

fn place<'n>(table: &'n Node, key: &str) -> Option<&'n Range<usize>> {
    match &table.value {
        Value::Table(entries) => entries
            .iter()
            .find(|(entry, _)| entry.name == key)
            .map(|(entry, _)| &entry.span),
        _ => None,
    }
}

fn ticked(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn is_structural(of: &Shape) -> bool {
    matches!(of, Shape::Table(section) if is_structural_section(section))
}

fn is_structural_section(section: &'static Section) -> bool {
    section.keys().any(|(key, _)| key.is_structural)
}

/// The kind of a table; `None` while it is open, and then every key is known.
fn kind(section: &'static Section, node: &Node) -> Option<&'static str> {
    match &section.kinds {
        Kinds::Same => None,
        Kinds::ByKey(keys, otherwise) => {
            let mut there = keys.iter().filter(|key| node.get(key).is_some());
            match (there.next(), there.next()) {
                (Some(only), None) => Some(only),
                (None, _) => *otherwise,
                (Some(_), Some(_)) => None,
            }
        }
    }
}
