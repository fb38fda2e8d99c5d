//! Every key of the language in one table. The reader, the JSON Schema, `gofer schema KEY` and
//! the manual's reference are all made from it, so that they cannot disagree.

mod container;
mod parts;
mod shape;
mod task;
mod top;
mod trigger;

pub(crate) use parts::{CONDITIONS, REFERENCE, TASK, TASK_NAME};
pub(crate) use shape::{ARGUMENTS, Name, PATH, Shape, VALUE_BYTES, Word};
pub(crate) use top::PIPELINE;

/// A key: what it takes, and what it is for.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) is_required: bool,
    /// What holds when the key is left out, in words; empty if nothing does.
    pub(crate) default: &'static str,
    /// One or two sentences.
    pub(crate) about: &'static str,
    /// As it could stand in a TOML file.
    pub(crate) example: &'static str,
    /// Whether other parts of the document change their meaning with it, so that nothing is said
    /// about them while it is wrong.
    pub(crate) is_structural: bool,
}

impl Key {
    pub(crate) const fn new(
        name: &'static str,
        shape: Shape,
        about: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            shape,
            is_required: false,
            default: "",
            about,
            example,
            is_structural: false,
        }
    }

    pub(crate) const fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    pub(crate) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    pub(crate) const fn structural(self) -> Self {
        Self {
            is_structural: true,
            ..self
        }
    }
}

/// Keys that stand in the same tables.
pub(crate) struct Group {
    pub(crate) keys: &'static [Key],
    /// The kinds that have these keys; empty for all.
    pub(crate) kinds: &'static [&'static str],
}

impl Group {
    pub(crate) const fn all(keys: &'static [Key]) -> Self {
        Self { keys, kinds: &[] }
    }

    pub(crate) const fn only(kinds: &'static [&'static str], keys: &'static [Key]) -> Self {
        Self { keys, kinds }
    }
}

/// A table with known keys.
pub(crate) struct Section {
    /// What one of these is called: "a task".
    pub(crate) what: &'static str,
    /// Stands before a key where one alone would not say enough: `retry.limit`.
    pub(crate) label: &'static str,
    pub(crate) groups: &'static [Group],
    pub(crate) kinds: Kinds,
    /// Of each of these, at most one may be there.
    pub(crate) rivals: &'static [&'static [&'static str]],
    /// One of these must be there, and only one.
    pub(crate) one_of: &'static [&'static str],
}

/// How a table's kind shows.
pub(crate) enum Kinds {
    /// There is only one.
    Same,
    /// By the first of these keys that is there; otherwise the given kind.
    ByKey(&'static [&'static str], Option<&'static str>),
}

impl Section {
    pub(crate) const fn new(
        what: &'static str,
        label: &'static str,
        groups: &'static [Group],
    ) -> Self {
        Self {
            what,
            label,
            groups,
            kinds: Kinds::Same,
            rivals: &[],
            one_of: &[],
        }
    }

    /// All keys, with the kinds that have them.
    pub(crate) fn keys(
        &self,
    ) -> impl Iterator<Item = (&'static Key, &'static [&'static str])> + Clone {
        self.groups
            .iter()
            .flat_map(|group| group.keys.iter().map(|key| (key, group.kinds)))
    }

    /// Whether other parts of the document depend on what one of these says.
    pub(crate) fn is_structural(&self) -> bool {
        self.keys().any(|(key, _)| key.is_structural)
    }

    /// The key of this name, whatever the kind.
    pub(crate) fn key(&self, name: &str) -> Option<(&'static Key, &'static [&'static str])> {
        self.keys().find(|(key, _)| key.name == name)
    }
}
