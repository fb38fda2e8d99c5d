//! `when`: a small language of conditions, read, checked and answered here.
//!
//! What is accepted means the same in Jinja; what Jinja is loose about (text compared with numbers,
//! truth of anything but true and false, arithmetic, calls) is refused, as far as possible before
//! anything runs.

mod eval;
mod lex;
mod name;
mod parse;
mod show;
mod tree;
mod types;

#[cfg(test)]
mod tests;

pub use crate::problem::Step;
pub use name::Name;
pub use types::Kind;

use crate::definition::Json;
use std::ops::Range;
use tree::Node;

/// The most characters an expression may have.
pub const MOST_CHARACTERS: usize = 2_000;

/// An expression that was read, so its grammar is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    text: String,
    root: Node,
}

/// Why a text is not an expression, or not one that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Cause and fix.
    pub message: String,
    /// The bytes that are meant.
    pub at: Range<usize>,
}

/// Why an expression could not be answered, with the values seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Cause and fix.
    pub message: String,
}

impl Error {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at,
        }
    }
}

impl Expr {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let root = parse::expression(text)?;
        Ok(Self {
            text: text.to_owned(),
            root,
        })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every name, where it stands, and whether `| default(…)` follows it.
    pub fn names(&self) -> Vec<(&Name, Range<usize>, bool)> {
        let mut names = Vec::new();
        self.root.visit_names(false, &mut |name, at, has_default| {
            names.push((name, at, has_default));
        });
        names
    }

    /// Whether it is asked for each item.
    pub fn uses_item(&self) -> bool {
        self.names()
            .iter()
            .any(|(name, ..)| matches!(name, Name::Item(_)))
    }

    /// What can be known to fail before anything runs.
    pub fn check_types(&self, kind_of: &dyn Fn(&Name) -> Option<Kind>) -> Vec<Error> {
        types::check(&self.text, &self.root, kind_of)
    }

    /// The answer. `lookup` gives what a name stands for; `Ok(None)` is "not there", and an `Err`
    /// is passed on as the message.
    pub fn eval(
        &self,
        lookup: &dyn Fn(&Name) -> Result<Option<Json>, String>,
    ) -> Result<bool, Failure> {
        eval::answer(&self.text, &self.root, lookup).map_err(|message| Failure { message })
    }
}
