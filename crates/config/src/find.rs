//! Which file is meant when none is named.

use crate::program;
use std::{
    fs,
    path::{Path, PathBuf},
};

const NAMES: [&str; 4] = ["gofer.toml", "gofer.yaml", "gofer.yml", "gofer.json"];
const PROGRAM: &str = "gofer.config.";

/// Why no file is meant.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// There is none.
    #[error("no gofer.toml, gofer.yaml, gofer.json or gofer.config.* in {} or above it; `gofer init` writes one", start.display())]
    Nothing {
        /// Where the search began.
        start: PathBuf,
    },
    /// There is more than one, and none is better than the other.
    #[error("{} and {} are both there; name the one that is meant, or remove the other", first.display(), second.display())]
    Several {
        /// One.
        first: PathBuf,
        /// Another.
        second: PathBuf,
    },
}

/// Finds the pipeline file of the folder `start`, or of the nearest folder above it that has one.
pub fn find(start: &Path) -> Result<PathBuf, NotFound> {
    for folder in start.ancestors() {
        let mut there = candidates(folder).into_iter();
        match (there.next(), there.next()) {
            (Some(first), Some(second)) => return Err(NotFound::Several { first, second }),
            (Some(only), None) => return Ok(only),
            (None, _) => {}
        }
    }
    Err(NotFound::Nothing {
        start: start.to_owned(),
    })
}

fn candidates(folder: &Path) -> Vec<PathBuf> {
    let named = NAMES.iter().map(|name| folder.join(name));
    // A folder on the way that cannot be listed has nothing for us.
    let listed = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let mut programs: Vec<_> = listed
        .map(|entry| entry.path())
        .filter(|path| is_program(path))
        .collect();
    programs.sort();
    named
        .chain(programs)
        .filter(|path| path.is_file())
        .collect()
}

/// Not the copy that an editor left beside it.
fn is_program(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.strip_prefix(PROGRAM).is_some_and(|language| {
        program::LANGUAGES.contains(&language) || program::is_executable(path)
    })
}
