//! What a value can look like.

use super::Section;
use std::{fmt::Display, str::FromStr};

/// What a key takes.
pub(crate) enum Shape {
    /// Text of so many bytes.
    Text {
        least: usize,
        most: usize,
    },
    /// Text of so many characters.
    Characters {
        least: usize,
        most: usize,
    },
    /// Text that is a name of some sort.
    Name(Name),
    /// An absolute path inside the container.
    Path,
    Bool,
    /// A whole number between two.
    Int {
        least: i64,
        most: i64,
    },
    /// A duration between two, each written as in a file.
    Duration {
        least: &'static str,
        most: &'static str,
    },
    /// One word of several.
    Words(&'static [Word]),
    /// Any value but `null`.
    Any,
    /// Text, a number or a boolean that stands for itself; no float.
    Literal,
    /// A list.
    List {
        of: &'static Shape,
        least: usize,
        most: usize,
    },
    /// Exact arguments: a list of text.
    Arguments {
        least: usize,
    },
    /// A table whose keys are the user's.
    Map {
        keys: Name,
        of: &'static Shape,
        least: usize,
        most: usize,
    },
    /// Files by path: values that come to at most so many bytes together.
    Files {
        keys: Name,
        of: &'static Shape,
        most: usize,
        bytes: usize,
    },
    /// A table whose keys are the language's.
    Table(&'static Section),
    /// A literal, or one reference of the given sorts; in a file a NUL is a byte like others.
    Value {
        references: &'static [&'static str],
        most: usize,
        nul: bool,
    },
    /// Text, or one reference of the given sorts.
    TextOr {
        references: &'static [&'static str],
        most: usize,
    },
    /// Any value, or one reference of the given sorts.
    AnyOr {
        references: &'static [&'static str],
    },
    /// A list, or one reference of the given sorts.
    ListOr {
        references: &'static [&'static str],
        most: usize,
    },
    /// One reference of the given sorts.
    Reference {
        references: &'static [&'static str],
    },
    /// A list of tasks, or a table from task to condition.
    Parents,
}

/// A word with a fixed meaning.
pub(crate) struct Word {
    pub(crate) word: &'static str,
    pub(crate) about: &'static str,
}

/// A sort of name.
pub(crate) struct Name {
    /// The word for it in a path: `tasks.NAME`.
    pub(crate) word: &'static str,
    pub(crate) pattern: &'static str,
    pub(crate) check: fn(&str) -> Result<(), String>,
}

impl Name {
    /// A name that the core knows as a type of its own.
    pub(crate) const fn of<T>(pattern: &'static str) -> Self
    where
        T: FromStr,
        T::Err: Display,
    {
        Self {
            word: "NAME",
            pattern,
            check: parsed::<T>,
        }
    }

    pub(crate) const fn called(
        word: &'static str,
        pattern: &'static str,
        check: fn(&str) -> Result<(), String>,
    ) -> Self {
        Self {
            word,
            pattern,
            check,
        }
    }
}

fn parsed<T>(text: &str) -> Result<(), String>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse::<T>()
        .map(drop)
        .map_err(|error| format!("{text:?}: {error}"))
}

/// The lower-case names.
pub(crate) const PLAIN: &str = "^[a-z][a-z0-9_-]{0,62}$";
/// Names of params.
pub(crate) const PARAM: &str = "^[a-z][a-z0-9_]{0,62}$";
/// Names of variables and outputs.
pub(crate) const WORD: &str = "^[A-Za-z_][A-Za-z0-9_]{0,62}$";
/// Names of secrets.
pub(crate) const SECRET: &str = "^[A-Za-z_][A-Za-z0-9_-]{0,62}$";

/// An absolute path as a key.
pub(crate) const PATH: Name = Name::called("PATH", "^/.+$", absolute);

/// Checks an absolute path that stays where it says.
pub(crate) fn absolute(path: &str) -> Result<(), String> {
    if !path.starts_with('/') || path == "/" || path.contains('\0') {
        return Err(format!(
            "{path:?} is not an absolute path, such as \"/etc/app.toml\""
        ));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(format!(
            "{path:?} has a `..` in it; write where it leads to"
        ));
    }
    Ok(())
}

/// The most arguments of a command.
pub(crate) const ARGUMENTS: usize = 256;
/// The most bytes of one argument, and of one value in `env`.
pub(crate) const VALUE_BYTES: usize = 128 * 1024;
