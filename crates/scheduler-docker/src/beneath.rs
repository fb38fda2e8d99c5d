//! Opening what a job has made: nothing on the way is followed, nothing outside is reached.

use rustix::{
    fs::{self, CWD, Mode, OFlags, ResolveFlags},
    io::Errno,
};
use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
};

const INSIDE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// Marks of a file system of layers on what it keeps, in part or whole, somewhere else.
const ELSEWHERE: [&str; 2] = ["trusted.overlay.redirect", "trusted.overlay.metacopy"];

/// A folder whose path the engine says.
pub(crate) fn folder_at(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(fs::openat(CWD, path, flags, Mode::empty())?)
}

pub(crate) fn open_in(folder: BorrowedFd<'_>, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = fs::openat2(folder, name, flags, Mode::empty(), INSIDE)?;
    for mark in ELSEWHERE {
        match fs::fgetxattr(&opened, mark, &mut [0; 0]) {
            Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Ok(_) => return Err(Errno::INVAL),
            Err(error) => return Err(error),
        }
    }
    Ok(opened)
}

/// `None`: nothing is there.
pub(crate) fn folder_in(folder: BorrowedFd<'_>, name: &str) -> io::Result<Option<OwnedFd>> {
    match open_in(folder, name, OFlags::RDONLY | OFlags::DIRECTORY) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
