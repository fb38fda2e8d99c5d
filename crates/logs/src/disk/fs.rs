use super::{Append, Disk};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::fd::OwnedFd,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A folder of the file system. What it makes is for the owner only.
#[derive(Clone, Debug)]
pub struct FsDisk {
    root: PathBuf,
    /// Folders whose own entry is known to outlast a power failure.
    rooted: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// So many folders are remembered.
const MOST_ROOTED: usize = 1000;

impl FsDisk {
    /// The folder is made with the first file.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            rooted: Arc::default(),
        }
    }

    fn rooted(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.rooted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

impl Disk for FsDisk {
    fn append(&self, path: &str) -> io::Result<Box<dyn Append>> {
        let path = self.at(path);
        let open = || {
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)
        };
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(&self.root);
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)?;
                open()?
            }
            other => other?,
        };
        Ok(Box::new(file))
    }

    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = File::open(self.at(path))?;
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn len(&self, path: &str) -> io::Result<Option<u64>> {
        match fs::metadata(self.at(path)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn truncate(&self, path: &str, length: u64) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .open(self.at(path))?
            .set_len(length)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        match fs::remove_file(self.at(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn folders(&self) -> io::Result<Vec<(String, u64)>> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut folders = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if entry.file_type()?.is_dir() {
                folders.push((name, bytes_in(&entry.path())?));
            }
        }
        folders.sort();
        Ok(folders)
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        self.rooted().remove(&self.at(path));
        match fs::remove_dir_all(self.at(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    #[cfg(target_os = "linux")]
    fn watch(&self, path: &str) -> Option<OwnedFd> {
        use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
        let path = self.at(path);
        let folder = path.parent().unwrap_or(&self.root);
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
        inotify::add_watch(&watch, folder, WatchFlags::MODIFY | WatchFlags::CREATE).ok()?;
        Some(watch)
    }

    fn takes_time(&self) -> bool {
        true
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        let path = self.at(path);
        let folder = path.parent().unwrap_or(&self.root);
        File::open(folder)?.sync_all()?;
        if self.rooted().contains(folder) {
            return Ok(());
        }
        File::open(&self.root)?.sync_all()?;
        let mut rooted = self.rooted();
        if rooted.len() >= MOST_ROOTED {
            rooted.clear();
        }
        rooted.insert(folder.to_owned());
        Ok(())
    }
}

/// What the files of a folder take. One that goes meanwhile takes nothing.
fn bytes_in(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        bytes += entry?.metadata().map_or(0, |found| found.len());
    }
    Ok(bytes)
}

impl Append for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
