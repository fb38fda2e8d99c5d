//! Problems that were found after reading, put where they stand in the source.

use super::{Spot, inside};
use crate::{Finding, Source, document, position::Lines};
use gofer_core::Problem;

/// Where each of these problems of the source's pipeline stands. In the order of the text.
pub fn point(source: &Source, problems: Vec<Problem>) -> Vec<Finding> {
    let lines = Lines::new(&source.text);
    let (tree, _) = document::parse(source.format, &source.text);
    let place = |problem: &Problem| {
        let tree = tree.as_ref()?;
        Some(inside(problem, tree, &source.text).unwrap_or_else(|| tree.place(&problem.path)))
    };
    let mut spots: Vec<Spot> = problems
        .into_iter()
        .map(|problem| Spot {
            span: place(&problem).unwrap_or(0..0),
            path: problem.path,
            severity: problem.severity,
            message: problem.message,
        })
        .collect();
    spots.sort_by_key(|spot| spot.span.start);
    spots.into_iter().map(|spot| spot.locate(&lines)).collect()
}
