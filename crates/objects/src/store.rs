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

    /// Removes everything that is kept of a run. That there is nothing is success.
    pub async fn remove_run(&self, run: RunId) -> Result<(), Error> {
        self.remove(place::run(&self.prefix, run)).await
    }

    /// Removes what is kept of an attempt, also what an interrupted try has left.
    pub(crate) async fn remove_attempt(&self, id: &AttemptId) -> Result<(), Error> {
        self.remove(place::attempt(&self.prefix, id)).await
    }

    async fn remove(&self, below: Path) -> Result<(), Error> {
        // An upload that was cut short lies in the folder under a name that no list shows.
        if let Some(folder) = &self.folder {
            let folder = folder.join(below.as_ref());
            let removed = tokio::task::spawn_blocking(move || fs::remove_dir_all(folder)).await;
            return match removed {
                Ok(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                    Err(Error::Failed(error.to_string()))
                }
                Ok(_) => Ok(()),
                Err(error) => Err(Error::Failed(error.to_string())),
            };
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
}
