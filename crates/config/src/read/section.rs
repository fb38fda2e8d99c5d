//! Tables whose keys are the language's.

use super::{
    table::Table,
    walk::{At, Walk},
    words,
};
use crate::{
    document::{Key as Entry, Node, Value},
    keys::{Key, Kinds, PIPELINE, Section},
};
use gofer_core::definition::Json;

impl Walk {
    pub(super) fn section(&mut self, at: At<'_>, section: &'static Section) -> Option<Table> {
        let Value::Table(entries) = &at.node.value else {
            return self.wrong(at, "a table");
        };
        let kind = kind(section, at.node);
        let mut table = Table::new();
        let mut meant = Vec::new();
        for (entry, node) in entries {
            match section.key(&entry.name) {
                Some((key, kinds)) if goes_with(kinds, kind) => {
                    if let Some(value) = self.known(section, key, entry, node) {
                        table.insert(entry.name.clone(), value);
                    }
                }
                Some((key, _)) => self.misplaced(key, kind.unwrap_or_default(), entry),
                None => meant.extend(self.unknown(section, kind, entry)),
            }
        }
        self.missing(at, section, kind, &meant);
        self.rivals(section, entries);
        is_whole(section, &table).then_some(table)
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
            label: &label,
        };
        let value = self.within(entry.name.as_str(), |walk| walk.value(at, &key.shape));
        self.is_sound &= !key.is_structural || self.spots.len() == before;
        value
    }

    fn misplaced(&mut self, key: &Key, kind: &str, entry: &Entry) {
        self.is_sound &= !key.is_structural;
        self.say(
            &entry.span,
            format!("unknown key `{}`: it does not go with `{kind}`", key.name),
        );
    }

    /// Says that a key is not known, and gives the one that was probably meant.
    fn unknown(
        &mut self,
        section: &'static Section,
        kind: Option<&str>,
        entry: &Entry,
    ) -> Option<&'static str> {
        let name = &entry.name;
        let here = section
            .keys()
            .filter(|(_, kinds)| goes_with(kinds, kind))
            .map(|(key, _)| key);
        let meant = words::closest(name, here.map(|key| key.name));
        let hint = match (meant, words::home(&PIPELINE, name)) {
            (Some(meant), _) => format!(", did you mean `{meant}`?"),
            (None, Some(home)) => format!(" here; it belongs in {home}"),
            (None, None) => String::new(),
        };
        self.is_sound &= match meant.and_then(|meant| section.key(meant)) {
            Some((key, _)) => !key.is_structural,
            None => !section.is_structural(),
        };
        self.say(&entry.span, format!("unknown key `{name}`{hint}"));
        meant
    }

    /// Says what is not there, but for what was there under a wrong name.
    fn missing(
        &mut self,
        at: At<'_>,
        section: &'static Section,
        kind: Option<&str>,
        meant: &[&str],
    ) {
        let is_there = |key: &str| meant.contains(&key) || at.node.get(key).is_some();
        for (key, kinds) in section.keys() {
            if key.is_required && goes_with(kinds, kind) && !is_there(key.name) {
                self.say(
                    &at.node.span,
                    format!("{}{} is missing", section.label, key.name),
                );
            }
        }
        if !section.one_of.is_empty() && !section.one_of.iter().any(|key| is_there(key)) {
            let list = ticked(section.one_of);
            self.say(
                &at.node.span,
                format!("{} has one of {list}; here there is none", section.what),
            );
        }
    }

    fn rivals(&mut self, section: &'static Section, entries: &[(Entry, Node)]) {
        for rivals in section.rivals.iter().copied().chain([section.one_of]) {
            let there: Vec<_> = entries
                .iter()
                .filter(|(key, _)| rivals.contains(&key.name.as_str()))
                .collect();
            let [_, .., (last, _)] = there.as_slice() else {
                continue;
            };
            let names: Vec<_> = there.iter().map(|(key, _)| key.name.as_str()).collect();
            self.say(
                &last.span,
                format!("{} exclude one another; one is expected", ticked(&names)),
            );
            self.is_sound = false;
        }
    }
}

/// Whether the definition's types can be made from it. A name has a stand-in.
fn is_whole(section: &Section, table: &Table) -> bool {
    let has = |key: &str| key == "name" && section.is_structural() || table.contains_key(key);
    section
        .keys()
        .all(|(key, _)| !key.is_required || has(key.name))
        && (section.one_of.is_empty() || section.one_of.iter().any(|key| has(key)))
}

fn goes_with(kinds: &[&str], kind: Option<&str>) -> bool {
    kinds.is_empty() || kind.is_none_or(|kind| kinds.contains(&kind))
}

fn ticked(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The kind of a table; `None` while it is open, and then every key goes with it.
fn kind(section: &Section, node: &Node) -> Option<&'static str> {
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
