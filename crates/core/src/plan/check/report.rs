//! What was found so far.

use crate::{Problem, problem::Path};
use std::collections::BTreeSet;

#[derive(Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    /// Places in `defaults` of which something was said: they are asked again for each task.
    said: BTreeSet<Path>,
}

impl Report {
    pub(super) fn error(&mut self, path: Path, message: impl Into<String>) {
        self.problems.push(Problem::error(path, message));
    }

    pub(super) fn warning(&mut self, path: Path, message: impl Into<String>) {
        self.problems.push(Problem::warning(path, message));
    }

    pub(super) fn note(&mut self, path: Path, message: impl Into<String>) {
        self.problems.push(Problem::note(path, message));
    }

    /// Says something of a place that many tasks share, for the first of them.
    pub(super) fn once(&mut self, path: Path, message: impl Into<String>) {
        if self.said.insert(path.clone()) {
            self.error(path, message);
        }
    }
}
