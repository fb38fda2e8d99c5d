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

/// Why no file is that of a called pipeline.
#[derive(Debug, thiserror::Error)]
pub enum NotCalled {
    /// There is none.
    #[error(
        "there is no file of the pipeline `{name}`: {name}.toml, {name}.gofer.toml (or .yaml, .yml, .json) and {name}/gofer.* were looked for in {}",
        listed(folders)
    )]
    Nothing {
        /// Of which pipeline.
        name: String,
        /// Where it was looked for.
        folders: Vec<PathBuf>,
    },
    /// There is more than one, and none is better than the other.
    #[error("{} and {} may both be the pipeline `{name}`; remove or rename one of them", first.display(), second.display())]
    Several {
        /// Which pipeline.
        name: String,
        /// One.
        first: PathBuf,
        /// Another.
        second: PathBuf,
    },
}

fn listed(folders: &[PathBuf]) -> String {
    let names: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    names.join(" and ")
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

/// Finds the file of a pipeline that another one calls: `NAME.gofer.toml`, `NAME.toml` and the like,
/// or the file of the folder `NAME`, in the first of these folders that has one, or else in a
/// folder `NAME` beside them.
pub fn find_called(folders: &[PathBuf], name: &str) -> Result<PathBuf, NotCalled> {
    let mut looked = Vec::new();
    for folder in folders {
        let there = called(folder, name);
        let only = only(there, name)?;
        if let Some(found) = only {
            return Ok(found);
        }
        looked.push(folder.clone());
    }
    for folder in folders.iter().filter_map(|folder| folder.parent()) {
        if let Some(found) = only(candidates(&folder.join(name)), name)? {
            return Ok(found);
        }
    }
    Err(NotCalled::Nothing {
        name: name.to_owned(),
        folders: looked,
    })
}

fn called(folder: &Path, name: &str) -> Vec<PathBuf> {
    let endings = ["toml", "yaml", "yml", "json"];
    let named = ["gofer.", ""]
        .into_iter()
        .flat_map(|middle| endings.map(|ending| folder.join(format!("{name}.{middle}{ending}"))));
    named
        .filter(|path| path.is_file())
        .chain(candidates(&folder.join(name)))
        .collect()
}

fn only(there: Vec<PathBuf>, name: &str) -> Result<Option<PathBuf>, NotCalled> {
    let mut there = there.into_iter();
    match (there.next(), there.next()) {
        (Some(first), Some(second)) => Err(NotCalled::Several {
            name: name.to_owned(),
            first,
            second,
        }),
        (only, _) => Ok(only),
    }
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
