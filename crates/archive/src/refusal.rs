use crate::rules::Limits;

/// Why an archive is not taken. The sentence names the entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many names.
    #[error("there are more than {0} files and folders; put them into one archive file")]
    TooMany(u32),
    /// Too many bytes.
    #[error("{name} brings it to {bytes} bytes; at most {most} are kept")]
    TooLarge {
        /// The entry that is too much.
        name: String,
        /// With it.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// The names alone are too long.
    #[error("the names of all files and folders together have more than {0} bytes")]
    LongNames(usize),
    /// A path from the root.
    #[error("{0} is an absolute path")]
    Absolute(String),
    /// A path with `..` in it.
    #[error("{0} leads out of its folder with `..`")]
    Upward(String),
    /// A path that cannot be one.
    #[error("{name} cannot be a path: {why}")]
    NotAPath {
        /// What it says, as far as it can be shown.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// Not below the folder that was asked for.
    #[error("{0} is not in the folder that was asked for")]
    Elsewhere(String),
    /// A link that leads out, or may.
    #[error("the link {name} leads to {target}: {why}")]
    Link {
        /// The link.
        name: String,
        /// Where to.
        target: String,
        /// What is wrong with that.
        why: &'static str,
    },
    /// Neither file, folder nor link.
    #[error("{name} is {what}; only files, folders and links are kept")]
    Special {
        /// The entry.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The same name again.
    #[error("{0} is there twice")]
    Twice(String),
    /// Where the folder itself should be is something else.
    #[error("{0} is not a folder any more; leave it as it is and write into it")]
    NoFolder(String),
    /// Something in a thing that is no folder.
    #[error("{name} would lie in {parent}, which is not a folder")]
    NotInAFolder {
        /// The entry.
        name: String,
        /// What it would lie in.
        parent: String,
    },
    /// It is not a tar.
    #[error("the archive cannot be read: {0}")]
    Broken(&'static str),
    /// It ends too early.
    #[error("the archive is cut off")]
    Cut,
}

impl Refusal {
    /// It is sound, and more than [`Limits`] allow.
    pub fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::TooMany(_) | Self::TooLarge { .. } | Self::LongNames(_)
        )
    }

    /// The archive came out of a connection that broke, or of a store that lost a part of it.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Cut)
    }

    pub(crate) fn too_many(limits: &Limits) -> Self {
        Self::TooMany(limits.entries)
    }
}
