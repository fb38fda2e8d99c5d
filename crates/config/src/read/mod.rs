//! From a document to a definition.

mod original;
mod point;
mod scalar;
mod section;
mod table;
mod walk;
mod words;

pub use point::point;

use crate::{
    Finding, Format, Reading, Source,
    document::{self, Node},
    keys::PIPELINE,
    position::Lines,
    render::plain,
};
use gofer_core::{
    Problem,
    definition::{Json, Pipeline},
    plan,
    problem::{Path, Severity},
};
use std::ops::Range;
use walk::Walk;

/// Stands in for a name that is missing or wrong, so that the rest can still be checked.
const UNNAMED: &str = "unnamed";

/// Reads a source, and says everything that is wrong with it.
pub fn read(source: &Source) -> Reading {
    let lines = Lines::new(&source.text);
    let (tree, faults) = document::parse(source.format, &source.text);
    let is_whole = faults.is_empty();
    let mut spots: Vec<_> = faults
        .into_iter()
        .map(|fault| Spot {
            path: fault.path,
            severity: Severity::Error,
            message: fault.message,
            span: fault.span,
        })
        .collect();

    let tree = match tree {
        Some(tree) if source.format == Format::Json && original::is_original(&tree) => {
            let (translated, said) = original::translate(&tree);
            spots.extend(said);
            Some(translated)
        }
        tree => tree,
    };

    let pipeline = tree.and_then(|tree| {
        let mut shape = shape(&tree);
        let built = shape.pipeline.take().filter(|_| is_whole && shape.is_sound);
        if let Some(built) = &built {
            spots.extend(check(built, &tree, &source.text, &shape.spots));
        }
        spots.append(&mut shape.spots);
        built
    });

    spots.sort_by_key(|spot| spot.span.start);
    let findings: Vec<_> = spots.into_iter().map(|spot| spot.locate(&lines)).collect();
    let is_refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    Reading {
        pipeline: pipeline.filter(|_| !is_refused),
        findings,
    }
}

/// What a tree comes to, each key by itself.
struct Shaped {
    /// Without what is wrong, if that still makes a pipeline.
    pipeline: Option<Pipeline>,
    spots: Vec<Spot>,
    /// Whether what was left out changes no other part's meaning.
    is_sound: bool,
}

fn shape(tree: &Node) -> Shaped {
    let mut walk = Walk::default();
    let built = walk.document(tree, &PIPELINE).map(build);
    let Walk {
        mut spots,
        is_sound,
        ..
    } = walk;
    let pipeline = match built {
        Some(Ok(pipeline)) => Some(pipeline),
        Some(Err(spot)) if spots.is_empty() => {
            spots.push(spot);
            None
        }
        Some(Err(_)) | None => None,
    };
    Shaped {
        pipeline,
        spots,
        is_sound,
    }
}

/// A finding before its line is known.
#[derive(Debug)]
pub(crate) struct Spot {
    path: Path,
    severity: Severity,
    message: String,
    span: Range<usize>,
}

impl Spot {
    fn locate(self, lines: &Lines<'_>) -> Finding {
        let (line, column) = lines.locate(self.span.start);
        let Self {
            path,
            severity,
            message,
            span,
        } = self;
        Finding {
            path,
            severity,
            message: plain(&message),
            span,
            line,
            column,
        }
    }
}

/// The table of keys and the definition's types say the same; should they ever not, the file is
/// refused with what the types say.
fn build(mut document: Json) -> Result<Pipeline, Spot> {
    if let Some(table) = document.as_object_mut() {
        table.entry("name").or_insert_with(|| UNNAMED.into());
        table.shift_remove("$schema");
    }
    serde_json::from_value(document).map_err(|error| Spot {
        path: Path::top(),
        severity: Severity::Error,
        message: format!("the document does not make a pipeline: {error}"),
        span: 0..0,
    })
}

/// Asks the rule book. What it says of a place that the reader has already complained of, or of
/// anything around that place, may only follow from the complaint and is left out.
fn check(pipeline: &Pipeline, tree: &Node, text: &str, errors: &[Spot]) -> Vec<Spot> {
    plan::check(pipeline)
        .into_iter()
        .filter(|problem| {
            !errors
                .iter()
                .any(|spot| spot.path.0.starts_with(&problem.path.0))
        })
        .map(|problem| {
            let span = inside(&problem, tree, text).unwrap_or_else(|| tree.place(&problem.path));
            Spot {
                path: problem.path,
                severity: problem.severity,
                message: problem.message,
                span,
            }
        })
        .collect()
}

/// The part of a text value that is meant, if the value stands in the source as it is.
fn inside(problem: &Problem, tree: &Node, text: &str) -> Option<Range<usize>> {
    let within = problem.within.clone()?;
    let (value, span) = tree.text(&problem.path)?;
    let offset = text.get(span.clone())?.find(value)?;
    let start = span.start + offset;
    Some(start + within.start..start + within.end.min(value.len()))
}

/// What is said of a single value.
#[cfg(test)]
pub(crate) fn complaints(node: &Node, shape: &'static crate::keys::Shape) -> Vec<String> {
    let mut walk = Walk::default();
    walk.value(walk::At { node, label: "it" }, shape);
    walk.spots.into_iter().map(|spot| spot.message).collect()
}

#[cfg(test)]
mod tests;
