//! Proof of life: each instance holds the lock of its own file for as long as it lives. The
//! system lets go of it when the process ends, however that comes about.

use gofer_core::id::InstanceId;
use gofer_store::Error;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

const ENDING: &str = "lock";

pub(crate) fn folder(dir: &Path) -> PathBuf {
    dir.join("instances")
}

fn path(dir: &Path, instance: InstanceId) -> PathBuf {
    folder(dir).join(format!("{instance}.{ENDING}"))
}

/// Held by the living.
#[derive(Debug)]
pub(crate) struct Life {
    _lock: File,
}

/// Held by whoever takes over from the dead: nobody can live under that name meanwhile.
#[derive(Debug)]
pub(crate) struct Grave {
    _lock: Option<File>,
}

/// Begins to live.
pub(crate) fn begin(dir: &Path, instance: InstanceId) -> io::Result<Life> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path(dir, instance))?;
    file.lock()?;
    Ok(Life { _lock: file })
}

/// The instance's grave, if it is dead. Those who ask share the lock, so that one who looks is
/// never taken for the living by another.
pub(crate) fn grave(dir: &Path, instance: InstanceId) -> io::Result<Option<Grave>> {
    let file = match File::open(path(dir, instance)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(Grave { _lock: None }));
        }
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(Grave { _lock: Some(file) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// It cannot be told whether an instance lives.
pub(crate) fn unknown(dir: &Path, instance: InstanceId, error: &io::Error) -> Error {
    let path = path(dir, instance);
    Error::Failed(format!(
        "whether its owner lives cannot be read from {}: {error}",
        path.display()
    ))
}

/// Names that have a file. The dead among them are to be buried, see [`bury`].
pub(crate) fn known(dir: &Path) -> io::Result<Vec<InstanceId>> {
    let mut found = Vec::new();
    for entry in folder(dir).read_dir()? {
        let path = entry?.path();
        let is_lock = path.extension().is_some_and(|ending| ending == ENDING);
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .filter(|_| is_lock);
        found.extend(name.and_then(|name| name.parse::<InstanceId>().ok()));
    }
    found.sort();
    Ok(found)
}

/// Removes a dead instance's file.
pub(crate) fn bury(dir: &Path, instance: InstanceId, _grave: &Grave) -> io::Result<()> {
    std::fs::remove_file(path(dir, instance))
}
