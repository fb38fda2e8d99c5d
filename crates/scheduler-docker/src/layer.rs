//! A container's own files, where the engine keeps them on this machine. What an attempt is to find at
//! `/gofer` is put there, which spares a volume.
//!
//! Only before it starts: until then nothing is mounted, and the folder is one like any other.

use crate::beneath::{folder_at, open_in};
use bollard::models::ContainerInspectResponse;
use rustix::{
    fs::{self, Mode, OFlags, XattrFlags},
    io::Errno,
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
};

/// `/gofer`, as it is called in there.
const NAME: &str = "gofer";
/// What the image has under this name does not shine through.
const OPAQUE: (&str, &[u8]) = ("trusted.overlay.opaque", b"y");

/// The folder with what a container has changed of its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layer(PathBuf);

impl Layer {
    /// The engine says where it is if its storage is of the kind that has one.
    pub(crate) fn of(inspected: &ContainerInspectResponse) -> Option<Self> {
        let storage = inspected.graph_driver.as_ref()?;
        let folder = storage.data.get("UpperDir")?;
        (storage.name == "overlay2").then(|| Self(folder.into()))
    }

    #[cfg(test)]
    pub(crate) fn at(path: &std::path::Path) -> Self {
        Self(path.to_owned())
    }

    /// Whether it is here, and ours to read.
    pub(crate) fn look(&self) -> io::Result<()> {
        folder_at(&self.0).map(drop)
    }

    /// `/gofer`, which is made if it is not there. Only where what is root's in there is ours out here: elsewhere the
    /// layers may be put together by somebody whose marks are others.
    pub(crate) fn make(&self) -> io::Result<OwnedFd> {
        let layer = folder_at(&self.0)?;
        if fs::fstat(&layer)?.st_uid != rustix::process::geteuid().as_raw() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        match fs::mkdirat(&layer, NAME, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let place = open_in(layer.as_fd(), NAME, OFlags::RDONLY | OFlags::DIRECTORY)?;
        fs::fsetxattr(&place, OPAQUE.0, OPAQUE.1, XattrFlags::empty())?;
        Ok(place)
    }

    /// `/gofer` behind the end. The attempt may have put anything in its place.
    pub(crate) fn open(&self) -> io::Result<OwnedFd> {
        let layer = folder_at(&self.0)?;
        let folder = OFlags::RDONLY | OFlags::DIRECTORY;
        Ok(open_in(layer.as_fd(), NAME, folder)?)
    }
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
