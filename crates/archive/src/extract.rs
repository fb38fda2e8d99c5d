//! Unpacking into a folder that may have anything in it already.

use crate::{
    Entry, Kind, Limits, Refusal,
    rules::Rules,
    tar::{Piece, Reader},
};
use bytes::Bytes;
use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags},
    io::Errno,
};
use std::{fs::File, io::Write, os::fd::OwnedFd, path::Path};

/// Why something was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The archive may not be unpacked.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something of that name is there, and is not to be replaced.
    #[error("{0} is there already")]
    Exists(String),
    /// A name on the way is not a folder: a file, or a link that leads elsewhere.
    #[error("{0} is there already and is not a folder")]
    NotAFolder(String),
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// What was unpacked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// Files and links.
    pub files: u32,
    /// In the files.
    pub bytes: u64,
}

/// Unpacks an archive below a folder. No link is followed, neither of the archive nor of the
/// folder, so nothing is written anywhere else.
pub struct Extractor {
    root: OwnedFd,
    replace: bool,
    reader: Reader,
    rules: Rules,
    open: Option<(File, String)>,
    done: Extracted,
    /// Modes of folders, set when nothing more comes into them.
    folders: Vec<(String, u32)>,
}

impl Extractor {
    /// Into this folder, which is made if it is not there. `replace`: files and links of the same
    /// names give way.
    pub fn new(folder: &Path, replace: bool) -> Result<Self, ExtractError> {
        let at = |source: std::io::Error| ExtractError::Io {
            path: folder.display().to_string(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(at)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = fs::open(folder, flags, Mode::empty()).map_err(|error| at(error.into()))?;
        Ok(Self {
            root,
            replace,
            reader: Reader::default(),
            rules: Rules::new(Limits::default(), None),
            open: None,
            done: Extracted::default(),
            folders: Vec::new(),
        })
    }

    /// Takes the next bytes in.
    pub fn feed(&mut self, mut input: Bytes) -> Result<(), ExtractError> {
        while let Some(piece) = self.reader.next(&mut input)? {
            match piece {
                Piece::Entry(raw) => {
                    self.open = None;
                    if let Some(entry) = self.rules.check(&raw)? {
                        self.make(&entry)?;
                    }
                }
                Piece::Data(bytes) => {
                    if let Some((file, path)) = &mut self.open {
                        let written = file.write_all(&bytes);
                        written.map_err(|source| ExtractError::Io {
                            path: path.clone(),
                            source,
                        })?;
                    }
                }
            }
        }
        Ok(())
    }

    /// All has been fed.
    pub fn finish(mut self) -> Result<Extracted, ExtractError> {
        self.reader.finish()?;
        self.open = None;
        for (path, mode) in self.folders.iter().rev() {
            let folder = self.folder(path)?;
            // What a person unpacks, that person has to be able to remove.
            fs::fchmod(&folder, Mode::from_raw_mode(mode | 0o700)).map_err(at(path))?;
        }
        Ok(self.done)
    }

    fn make(&mut self, entry: &Entry) -> Result<(), ExtractError> {
        let path = entry.path.as_str();
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if entry.kind == Kind::Folder {
            self.folder(path)?;
            self.folders.push((path.to_owned(), entry.mode));
            return Ok(());
        }
        let folder = self.folder(above)?;
        self.done.files += 1;
        match &entry.kind {
            Kind::Folder => {}
            Kind::File { bytes } => {
                self.done.bytes += bytes;
                let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
                let mode = Mode::from_raw_mode(entry.mode);
                let flags = flags | OFlags::CLOEXEC;
                let made = self.place(&folder, name, path, || {
                    fs::openat(&folder, name, flags, mode)
                })?;
                self.open = Some((File::from(made), path.to_owned()));
            }
            Kind::Link { target } => {
                self.place(&folder, name, path, || {
                    fs::symlinkat(target.as_str(), &folder, name)
                })?;
            }
            Kind::SameAs { first } => {
                let (above, first) = first.rsplit_once('/').unwrap_or(("", first));
                let from = self.folder(above)?;
                self.place(&folder, name, path, || {
                    fs::linkat(&from, first, &folder, name, AtFlags::empty())
                })?;
            }
        }
        Ok(())
    }

    /// Makes something new, in the place of what is there only if that is wanted.
    fn place<T>(
        &self,
        folder: &OwnedFd,
        name: &str,
        path: &str,
        make: impl Fn() -> Result<T, Errno>,
    ) -> Result<T, ExtractError> {
        match make() {
            Err(Errno::EXIST) if self.replace => {
                let found =
                    fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(at(path))?;
                if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
                    return Err(ExtractError::Exists(path.to_owned()));
                }
                fs::unlinkat(folder, name, AtFlags::empty()).map_err(at(path))?;
                make().map_err(at(path))
            }
            Err(Errno::EXIST) => Err(ExtractError::Exists(path.to_owned())),
            made => made.map_err(at(path)),
        }
    }

    /// A folder below the root, made with all above it if it is not there.
    fn folder(&self, path: &str) -> Result<OwnedFd, ExtractError> {
        let mut folder = rustix::io::fcntl_dupfd_cloexec(&self.root, 0).map_err(at(path))?;
        let mut so_far = String::new();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            so_far = format!("{so_far}{name}");
            match fs::mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(at(&so_far)(error)),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            folder = match fs::openat(&folder, name, flags, Mode::empty()) {
                Ok(next) => next,
                Err(Errno::NOTDIR | Errno::LOOP) => return Err(ExtractError::NotAFolder(so_far)),
                Err(error) => return Err(at(&so_far)(error)),
            };
            so_far.push('/');
        }
        Ok(folder)
    }
}

fn at(path: &str) -> impl Fn(Errno) -> ExtractError {
    let path = path.to_owned();
    move |error| ExtractError::Io {
        path: path.clone(),
        source: error.into(),
    }
}
