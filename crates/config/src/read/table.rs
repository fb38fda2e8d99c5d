//! Lists, tables of the user's names, and references.

use super::walk::{At, Walk};
use crate::{
    document::{Node, Value},
    keys::{self, CONDITIONS, Name, REFERENCE, Shape},
};
use gofer_core::definition::{Json, Reference};
use serde_json::Map;

pub(super) type Table = Map<String, Json>;

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
        let span = &at.node.span;
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
                    .map_or(&at.node.span, |item| &item.span)
                    .clone();
                self.within(nth, |walk| {
                    walk.say(&span, format!("`{name}` is there twice"));
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
                &at.node.span,
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
        if REFERENCE
            .one_of
            .iter()
            .filter(|sort| table.contains_key(**sort))
            .count()
            > 1
        {
            return None;
        }
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
                &at.node.span,
                format!("a `{sort}` cannot stand here; what can: {list}"),
            );
            return None;
        }
        let value = Json::Object(table);
        if let Err(error) = serde_json::from_value::<Reference>(value.clone()) {
            let span = at
                .node
                .get(sort)
                .map_or(&at.node.span, |node| &node.span)
                .clone();
            self.within(*sort, |walk| walk.say(&span, error.to_string()));
            return None;
        }
        Some(value)
    }
}

fn is_structural(of: &Shape) -> bool {
    matches!(of, Shape::Table(section) if section.is_structural())
}
