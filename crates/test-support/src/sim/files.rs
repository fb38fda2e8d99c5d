//! Artifacts: what attempts left, what is kept of it, and what those behind them were given.

use super::{cast::Cast, look::at_once};
use futures_util::StreamExt;
use gofer_core::id::AttemptId;
use gofer_objects::Objects;
use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

type Tars = BTreeMap<AttemptId, Vec<u8>>;

/// What attempts were given when their containers were made.
#[derive(Clone, Default)]
pub(crate) struct Given(Arc<Mutex<Tars>>);

impl Given {
    pub(crate) fn take(&self, attempt: &AttemptId, tar: Vec<u8>) {
        self.lock().insert(attempt.clone(), tar);
    }

    fn lock(&self) -> MutexGuard<'_, Tars> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Path and content of each file that an attempt was given.
    pub(crate) fn files(&self, attempt: &AttemptId) -> BTreeMap<String, String> {
        let tar = self.lock().get(attempt).cloned();
        tar.map(|tar| files(&tar)).unwrap_or_default()
    }

    pub(crate) fn is_known(&self, attempt: &AttemptId) -> bool {
        self.lock().contains_key(attempt)
    }
}

fn files(tar: &[u8]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(tar);
    for mut entry in archive.entries().into_iter().flatten().flatten() {
        let (path, mut text) = (
            entry.path().map(|it| it.display().to_string()),
            String::new(),
        );
        if let (Ok(path), Ok(_)) = (path, entry.read_to_string(&mut text))
            && entry.header().entry_type().is_file()
        {
            found.insert(path, text);
        }
    }
    found
}

/// What an attempt leaves that can be kept.
pub(crate) fn left_by(cast: &Cast, id: &AttemptId) -> Option<String> {
    let tar = cast.program(id).artifacts?;
    files(&tar).remove("artifacts/file")
}

/// What is kept of an attempt, if anything is.
pub(crate) fn kept_of(objects: &Objects, id: &AttemptId) -> Option<String> {
    let read = async {
        let index = objects.index(id).await.ok()?;
        let (_, mut bits) = objects.file(id, &index, "file")?;
        let mut kept = Vec::new();
        while let Some(bytes) = bits.next().await {
            kept.extend(bytes.ok()?);
        }
        String::from_utf8(kept).ok()
    };
    at_once(read).flatten()
}
