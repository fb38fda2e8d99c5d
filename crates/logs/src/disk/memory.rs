use super::{Append, Disk};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Files = BTreeMap<String, Vec<u8>>;

/// A disk in memory. Clones are the same disk, so it outlives a writer that "crashes".
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    files: Arc<Mutex<Files>>,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> Vec<String> {
        self.files().keys().cloned().collect()
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemoryDisk {
    fn append(&self, path: &str) -> io::Result<Box<dyn Append>> {
        self.files().entry(path.to_owned()).or_default();
        Ok(Box::new(OpenFile {
            disk: self.clone(),
            path: path.to_owned(),
        }))
    }

    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let files = self.files();
        let file = files.get(path).ok_or(io::ErrorKind::NotFound)?;
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|at| file.get(at..))
            .unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn len(&self, path: &str) -> io::Result<Option<u64>> {
        Ok(self.files().get(path).map(|file| file.len() as u64))
    }

    fn truncate(&self, path: &str, length: u64) -> io::Result<()> {
        let mut files = self.files();
        let file = files.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        file.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.files().remove(path);
        Ok(())
    }

    fn folders(&self) -> io::Result<Vec<(String, u64)>> {
        let mut folders: BTreeMap<String, u64> = BTreeMap::new();
        for (path, file) in &*self.files() {
            if let Some((folder, _)) = path.split_once('/') {
                *folders.entry(folder.to_owned()).or_default() += file.len() as u64;
            }
        }
        Ok(folders.into_iter().collect())
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        let is_in = |file: &str| {
            file.strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.files().retain(|file, _| !is_in(file));
        Ok(())
    }

    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

struct OpenFile {
    disk: MemoryDisk,
    path: String,
}

impl Append for OpenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A file removed while it is open lives on without a name: what is written is gone.
        if let Some(file) = self.disk.files().get_mut(&self.path) {
            file.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
