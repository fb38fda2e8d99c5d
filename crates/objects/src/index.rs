use gofer_archive::{Entry, Kind, Listed};
use gofer_core::{id::Epoch, run::Artifacts};
use serde::{Deserialize, Serialize};

/// What an attempt left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Who wrote the archive that this goes with.
    pub(crate) epoch: u64,
    /// How long the archive is.
    pub length: u64,
    /// In the order of the archive.
    pub files: Vec<File>,
}

/// A file, folder or link, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// What it is.
    #[serde(flatten)]
    pub entry: Entry,
    /// Where its bytes begin in the archive.
    pub at: u64,
}

impl Index {
    pub(crate) fn new(epoch: Epoch, length: u64, listed: Vec<Listed>) -> Self {
        let files = listed
            .into_iter()
            .map(|Listed { entry, at }| File { entry, at })
            .collect();
        Self {
            epoch: epoch.0,
            length,
            files,
        }
    }

    /// How much it is; `None` if there are folders at most.
    pub fn artifacts(&self) -> Option<Artifacts> {
        let mut sum = Artifacts::default();
        for file in &self.files {
            match file.entry.kind {
                Kind::Folder => continue,
                Kind::File { bytes } => sum.bytes += bytes,
                Kind::Link { .. } | Kind::SameAs { .. } => {}
            }
            sum.files += 1;
        }
        (sum.files > 0).then_some(sum)
    }

    /// The file at a path, also by another name of it: where it begins, and how long it is.
    pub fn find(&self, path: &str) -> Option<&File> {
        let found = self.files.iter().find(|file| file.entry.path == path)?;
        match &found.entry.kind {
            Kind::SameAs { first } if first != path => self.find(first),
            _ => Some(found),
        }
    }
}
