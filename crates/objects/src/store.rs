use crate::{Error, place};
use futures_util::StreamExt;
use gofer_core::id::{AttemptId, RunId};
use object_store::{
    ObjectStore, ObjectStoreExt, local::LocalFileSystem, memory::InMemory, path::Path,
};
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path as FsPath, PathBuf},
    sync::Arc,
};
use tokio::sync::Semaphore;

/// What is read or written at once.
const PART: usize = 1 << 20;
/// Buckets take no smaller parts, but for the last one.
const PART_OF_A_BUCKET: usize = 8 << 20;

/// Where objects are kept. Clones are the same place.
#[derive(Clone)]
pub struct Objects {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    /// The folder, if it is one.
    folder: Option<PathBuf>,
    pub(crate) part: usize,
    /// Each that takes something in holds a part or two in memory.
    pub(crate) turns: Arc<Semaphore>,
}

impl Objects {
    /// In a folder of this machine, which is made if it is not there.
    pub fn in_folder(folder: &FsPath) -> Result<Self, Error> {
        let failed =
            |error: &dyn std::fmt::Display| Error::Failed(format!("{}: {error}", folder.display()));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
        Ok(Self {
            store: Arc::new(store.with_fsync(true)),
            prefix: Path::default(),
            folder: Some(folder.to_owned()),
            part: PART,
            turns: Arc::new(Semaphore::new(16)),
        })
    }

    /// In memory.
    pub fn in_memory() -> Self {
        Self::over(Arc::new(InMemory::new()))
    }

    /// In a store of another kind.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self {
            store,
            prefix: Path::default(),
            folder: None,
            part: PART_OF_A_BUCKET,
            turns: Arc::new(Semaphore::new(3)),
        }
    }

    /// The same store, with everything below a path of it.
    #[must_use]
    pub fn below(self, prefix: &str) -> Self {
        Self {
            prefix: Path::from(prefix),
            ..self
        }
    }

    /// Whether a bucket is there and knows us. A folder was made when it was opened.
    pub async fn check(&self) -> Result<(), Error> {
        if self.folder.is_some() {
            return Ok(());
        }
        let first = self.store.list(Some(&self.prefix)).next().await;
        first.transpose()?;
        Ok(())
    }

    /// Removes everything that is kept of a run. That there is nothing is success.
    pub async fn remove_run(&self, run: RunId) -> Result<(), Error> {
        let below = place::run(&self.prefix, run);
        if let Some(folder) = self.folder_of(&below) {
            return blocking(move || match fs::remove_dir_all(folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            })
            .await;
        }
        let mut found = self.store.list(Some(&below));
        while let Some(object) = found.next().await {
            match self.store.delete(&object?.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes what a killed process has left of an attempt: in a folder, uploads that were not
    /// completed lie under names that no list shows.
    pub(crate) async fn remove_halves(&self, id: &AttemptId) -> Result<(), Error> {
        let Some(folder) = self.folder_of(&place::attempt(&self.prefix, id)) else {
            return Ok(());
        };
        blocking(move || {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                if entry.file_name().to_string_lossy().contains('#') {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        })
        .await
    }

    fn folder_of(&self, below: &Path) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(below.as_ref()))
    }
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)
        .flatten()
        .map_err(|error| Error::Failed(error.to_string()))
}
