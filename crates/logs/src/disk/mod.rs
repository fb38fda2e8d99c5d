//! What a log needs of a file system.

mod fs;
mod memory;

pub use fs::FsDisk;
pub use memory::MemoryDisk;

use std::{io, os::fd::OwnedFd};

/// Files by path. Paths are relative, made of typed ids, with `/` between their parts.
pub trait Disk: Send + Sync {
    /// Opens a file to write at its end; makes it, and its folders, if it is not there.
    fn append(&self, path: &str) -> io::Result<Box<dyn Append>>;

    /// Reads at most as much as `buffer` holds; less only at the end of the file.
    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// How long a file is; `None` if it is not there.
    fn len(&self, path: &str) -> io::Result<Option<u64>>;

    /// Cuts a file to a length.
    fn truncate(&self, path: &str, length: u64) -> io::Result<()>;

    /// Removes a file. That it is gone already is success.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// The folders that hold files, each with their bytes.
    fn folders(&self) -> io::Result<Vec<(String, u64)>>;

    /// Removes a folder with its files. That it is gone already is success.
    fn remove_folder(&self, path: &str) -> io::Result<()>;

    /// A descriptor that becomes readable when a file in the folder of this one changes or comes.
    /// `None`: only looking again tells.
    fn watch(&self, path: &str) -> Option<OwnedFd> {
        let _ = path;
        None
    }

    /// A sync waits for a medium: whoever must not wait has it done elsewhere.
    fn takes_time(&self) -> bool {
        false
    }

    /// Makes the entry of a file in its folder, and of the folder above, outlast a power failure.
    fn sync_folder(&self, path: &str) -> io::Result<()>;
}

/// A file open for writing at its end.
pub trait Append: Send {
    /// Writes all of it, or fails; a part may then be in the file.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written outlast a power failure.
    fn sync(&mut self) -> io::Result<()>;
}
