//! What an ended attempt left, read where the engine keeps it. The engine itself answers only when it
//! has let go of the container, 6 to 65 ms after the end, and executes a program to hand a file out.
//!
//! This is for folders that are on this machine and ours to read. The attempt decided what is in
//! them, so nothing is followed, and only what is an ordinary file or folder is opened; of all else
//! the engine is asked, which never leaves the container's own files.

use crate::{
    beneath::{folder_at, folder_in, open_in},
    collect::MOST,
    engine::Engine,
    layer::Layer,
    spec::{ARTIFACTS, PLACE},
};
use bollard::models::{ContainerInspectResponse, MountPoint};
use gofer_core::id::AttemptId;
use gofer_scheduler::Collected;
use rustix::{
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid},
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
};

/// The folders of an attempt, as this machine knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// What the attempt sees as `/gofer`.
    place: Spot,
    /// What it sees as `/gofer/artifacts`, where that is not in it.
    artifacts: Option<PathBuf>,
}

/// Where `/gofer` is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spot {
    /// A volume: nobody in the container can put something in its place.
    Volume(PathBuf),
    /// Among the container's own files.
    Layer(Layer),
}

impl Spot {
    fn open(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Volume(path) => folder_at(path),
            Self::Layer(layer) => layer.open(),
        }
    }

    fn make(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Volume(path) => folder_at(path),
            Self::Layer(layer) => layer.make(),
        }
    }

    fn look(&self) -> io::Result<()> {
        match self {
            Self::Volume(path) => folder_at(path).map(drop),
            Self::Layer(layer) => layer.look(),
        }
    }
}

impl Left {
    pub(crate) fn of(inspected: &ContainerInspectResponse) -> Option<Self> {
        let mounts = inspected.mounts.as_deref().unwrap_or_default();
        let place = if has_volume(inspected) {
            Spot::Volume(source(mounts, PLACE)?)
        } else {
            Spot::Layer(Layer::of(inspected)?)
        };
        Some(Self {
            place,
            artifacts: source(mounts, ARTIFACTS),
        })
    }

    /// Whether they are here, and ours to read.
    pub(crate) fn look(&self) -> io::Result<()> {
        self.place.look()?;
        let artifacts = self.artifacts.as_deref();
        artifacts.map_or(Ok(()), |folder| folder_at(folder).map(drop))
    }

    /// Before the attempt starts: what it finds there, which is what our own image has.
    pub(crate) fn furnish(&self) -> io::Result<()> {
        let place = self.place.make()?;
        let owner = fs::fstat(&place)?;
        for (name, mode) in [
            ("artifacts", ANYBODY),
            ("inputs", Mode::from_raw_mode(0o755)),
        ] {
            match fs::mkdirat(&place, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            let folder = open_in(place.as_fd(), name, OFlags::RDONLY | OFlags::DIRECTORY)?;
            // With user namespaces root in there is somebody else out here.
            let (uid, gid) = (Uid::from_raw(owner.st_uid), Gid::from_raw(owner.st_gid));
            fs::fchown(&folder, Some(uid), Some(gid))?;
            fs::fchmod(&folder, mode)?;
            // Untouched.
            fs::futimens(&folder, &NEVER)?;
        }
        Ok(fs::fchmod(&place, ANYBODY)?)
    }

    /// `Err`: it is something that only the engine can judge.
    fn read(&self) -> io::Result<Collected> {
        let place = self.place.open()?;
        let output = output(place.as_fd())?;
        let folder = match &self.artifacts {
            Some(path) => Some(folder_at(path)?),
            None => folder_in(place.as_fd(), "artifacts")?,
        };
        let artifacts = folder.is_some_and(|folder| has_any(folder.as_fd()).unwrap_or(true));
        Ok(Collected { output, artifacts })
    }
}

/// Whether what the attempt sees as `/gofer` is not among its container's own files.
pub(crate) fn has_volume(inspected: &ContainerInspectResponse) -> bool {
    let mounts = inspected.mounts.as_deref().unwrap_or_default();
    mounts.iter().any(|mount| is_at(mount, PLACE))
}

fn is_at(mount: &MountPoint, target: &str) -> bool {
    mount.destination.as_deref() == Some(target)
}

fn source(mounts: &[MountPoint], target: &str) -> Option<PathBuf> {
    let is_it = |mount: &&MountPoint| {
        is_at(mount, target)
            && mount.typ.as_deref() == Some("volume")
            && mount.driver.as_deref() == Some("local")
    };
    let mount = mounts.iter().find(is_it)?;
    mount.source.as_deref().map(PathBuf::from)
}

/// It is not on this machine, or not for us: neither is the next one.
pub(crate) fn is_elsewhere(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

/// `None`: the engine has to be asked.
pub(crate) async fn collect(engine: &Engine, id: &AttemptId) -> Option<Collected> {
    let left = engine.made.find(id)?.left?;
    let reading = tokio::task::spawn_blocking(move || left.read());
    reading.await.ok()?.ok()
}

const ANYBODY: Mode = Mode::from_raw_mode(0o1777);

/// The time that a folder of our own image has.
const NEVER: Timestamps = Timestamps {
    last_access: Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    },
    last_modification: Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    },
};

fn output(place: BorrowedFd<'_>) -> io::Result<Option<Vec<u8>>> {
    // To open what is no ordinary file may wait, or do something.
    match fs::statat(place, "output", AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        found if is_file(&found?) => {}
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    }
    let file = open_in(place, "output", OFlags::RDONLY | OFlags::NONBLOCK)?;
    if !is_file(&fs::fstat(&file)?) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut output = Vec::new();
    File::from(file)
        .take(MOST as u64)
        .read_to_end(&mut output)?;
    Ok(Some(output))
}

fn is_file(stat: &fs::Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

fn has_any(folder: BorrowedFd<'_>) -> io::Result<bool> {
    for entry in fs::Dir::read_from(folder)? {
        let name = entry?;
        if !matches!(name.file_name().to_bytes(), b"." | b"..") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
#[path = "left_tests.rs"]
mod tests;
