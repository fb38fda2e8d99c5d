//! Pipeline files: TOML, YAML, JSON, or a program that prints JSON, read into one definition.
//! Whatever is wrong with a file is found at once, and each finding points into it.

mod describe;
mod document;
mod find;
mod keys;
mod load;
mod position;
mod program;
mod read;
mod render;

use gofer_core::{
    definition::Pipeline,
    problem::{Path, Severity},
};
use std::ops::Range;

pub use describe::{explain, reference_markdown, schema};
pub use find::{NotCalled, NotFound, find, find_called};
pub use load::{LoadError, Loaded, load};
pub use read::{point, read};
pub use render::{one_line, render};

/// A text that is to be a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As it is shown to people: mostly the file's name.
    pub name: String,
    /// What it says.
    pub text: String,
    /// How it is to be read.
    pub format: Format,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML 1.1.
    Toml,
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
}

/// What reading a source came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The definition; there is none exactly if one of the findings is an error.
    pub pipeline: Option<Pipeline>,
    /// Everything there is to say, in the order of the text.
    pub findings: Vec<Finding>,
}

/// One thing to say about a source, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where in the document.
    pub path: Path,
    /// How bad it is.
    pub severity: Severity,
    /// Cause and, where there is one, the fix, in one line without a full stop.
    pub message: String,
    /// Where in the text, in bytes.
    pub span: Range<usize>,
    /// The line of the span's start, from 1.
    pub line: usize,
    /// The column of the span's start, in characters from 1.
    pub column: usize,
}
