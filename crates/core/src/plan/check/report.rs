//! What was found so far.

use crate::{Problem, problem::Path};
use std::collections::BTreeSet;

#[derive(Default)]
pub(super) struct Report {
    pub(super) problems: Vec<Problem>,
    /// Places in `defaults` of which something was said: they are asked again for each task.
    said: BTreeSet<Path>,
    notes: usize,
}

/// More notes than this nobody reads.
const MOST_NOTES: usize = 100;

impl Report {
    pub(super) fn error(&mut self, path: Path, message: impl Into<String>) {
        self.problems.push(Problem::error(path, message));
    }

    pub(super) fn warning(&mut self, path: Path, message: impl Into<String>) {
        self.problems.push(Problem::warning(path, message));
    }

    pub(super) fn note(&mut self, path: Path, message: impl Into<String>) {
        self.notes += 1;
        if self.notes <= MOST_NOTES {
            self.problems.push(Problem::note(path, message));
        } else if self.notes == MOST_NOTES + 1 {
            let message = "there are more notes like these; they are left out";
            self.problems.push(Problem::note(Path::top(), message));
        }
    }

    /// Says something of a place that many tasks share, for the first of them.
    pub(super) fn once(&mut self, path: Path, message: impl Into<String>) {
        if self.said.insert(path.clone()) {
            self.error(path, message);
        }
    }
}
