//! The file with the key-encryption keys: one line each, an id and the key; the last is current.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const HEAD: &str = "# Gofer's key. Without it the sealed secrets beside it are lost.\n";

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file system refused.
    #[error("cannot {what} the key file {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("the key file {path} can be read by others (mode {mode:03o}): chmod 600 {path}")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else than keys.
    #[error(
        "the key file {path} is damaged in line {line}: expected an id and a key; put it back from a backup"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It holds no key.
    #[error("the key file {path} holds no key; put it back from a backup")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

pub(crate) type KeyId = [u8; 8];

pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) bytes: Zeroizing<[u8; 32]>,
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> KeyFileError + 'a {
    move |source| KeyFileError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}

/// The keys of the file; `None` if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<Key>>, KeyFileError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mode = file
        .metadata()
        .map_err(failed("look at", path))?
        .permissions()
        .mode()
        & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)
        .map_err(failed("read", path))?;
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let damaged = || KeyFileError::Damaged {
            path: path.to_owned(),
            line: index + 1,
        };
        keys.push(parse(line).ok_or_else(damaged)?);
    }
    if keys.is_empty() {
        return Err(KeyFileError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(Some(keys))
}

fn parse(line: &str) -> Option<Key> {
    let (id, key) = line.trim().split_once(' ')?;
    let id = KeyId::try_from(BASE64_STANDARD.decode(id).ok()?).ok()?;
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(key.trim()).ok()?);
    let mut bytes = Zeroizing::new([0; 32]);
    if decoded.len() != bytes.len() {
        return None;
    }
    bytes.copy_from_slice(&decoded);
    Some(Key { id, bytes })
}

/// Makes the file with one new key. If another process was faster, its file stays.
pub(crate) fn create(path: &Path, random: &mut dyn FnMut(&mut [u8])) -> Result<(), KeyFileError> {
    let mut id: KeyId = [0; 8];
    let mut key = Zeroizing::new([0; 32]);
    let mut suffix = [0; 8];
    random(&mut id);
    random(&mut *key);
    random(&mut suffix);
    let id = BASE64_STANDARD.encode(id);
    let key = Zeroizing::new(BASE64_STANDARD.encode(*key));
    let text = Zeroizing::new(format!("{HEAD}{id} {}\n", *key));

    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}", u64::from_le_bytes(suffix)));
    let draft = path.with_file_name(name);
    let written = write(&draft, &text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(failed("create", path))?;
    sync_folder(path).map_err(failed("save", path))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
