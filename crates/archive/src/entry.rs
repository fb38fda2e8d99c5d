use serde::{Deserialize, Serialize};

/// One name in an archive that was checked. Paths are relative and have no `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it lies in the archive's folder.
    pub path: String,
    /// What it is.
    #[serde(flatten)]
    pub kind: Kind,
    /// Permissions for owner, group and others; no special bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A file.
    File {
        /// How long it is.
        bytes: u64,
    },
    /// A folder.
    Folder,
    /// A symbolic link that leads to a place inside.
    Link {
        /// As the link says it: relative to its own folder.
        target: String,
    },
    /// Another name of a file that came before.
    SameAs {
        /// The first name.
        first: String,
    },
}

impl Kind {
    /// How many bytes follow in the archive.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::File { bytes } => *bytes,
            Self::Folder | Self::Link { .. } | Self::SameAs { .. } => 0,
        }
    }
}
