//! When files are saved. Folders are watched, not files: many editors write a new file and put it
//! in the place of the old one.

use crate::failure::{Failure, Result};
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, MetadataKind, ModifyKind},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A save is over when nothing has happened for so long.
const QUIET: Duration = Duration::from_millis(30);

/// Saves of the files of a pipeline.
pub(super) struct Saves {
    watcher: RecommendedWatcher,
    changed: UnboundedReceiver<PathBuf>,
    folders: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
    /// Of a program: files like it, which it may be made of.
    sources: Option<(PathBuf, String)>,
}

impl Saves {
    pub(super) fn new() -> Result<Self> {
        let (sender, changed) = unbounded_channel();
        let told = move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            if is_write(event.kind) {
                for path in event.paths {
                    // Nobody waits any more when the watch is over.
                    let _ = sender.send(path);
                }
            }
        };
        let watcher = notify::recommended_watcher(told).map_err(|error| cannot(&error))?;
        Ok(Self {
            watcher,
            changed,
            folders: BTreeSet::new(),
            files: BTreeSet::new(),
            sources: None,
        })
    }

    /// Looks at these files from now on. The first one is the pipeline's own.
    pub(super) fn look_at<'p>(&mut self, paths: impl Iterator<Item = &'p Path>) -> Result<()> {
        self.files.clear();
        for path in paths {
            let Some((folder, file)) = path.parent().zip(path.file_name()) else {
                continue;
            };
            // An empty parent is the folder that we are in.
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            let folder = folder.canonicalize()?;
            if self.files.is_empty() {
                self.sources = program_in(&folder, file.as_ref());
            }
            self.files.insert(folder.join(file));
            if self.folders.insert(folder.clone()) {
                let watched = self.watcher.watch(&folder, RecursiveMode::NonRecursive);
                watched.map_err(|error| cannot(&error))?;
            }
        }
        Ok(())
    }

    /// Completes when something was saved, and all of it.
    pub(super) async fn next(&mut self) {
        loop {
            match self.changed.recv().await {
                Some(path) if self.is_ours(&path) => break,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
        while tokio::time::timeout(QUIET, self.changed.recv())
            .await
            .is_ok()
        {}
    }

    /// What happened by now does not count: reading a program may write files.
    pub(super) fn forget(&mut self) {
        while self.changed.try_recv().is_ok() {}
    }

    fn is_ours(&self, path: &Path) -> bool {
        let is_source = |(folder, ending): &(PathBuf, String)| {
            path.parent() == Some(folder)
                && path
                    .extension()
                    .is_some_and(|found| found == ending.as_str())
        };
        self.files.contains(path) || self.sources.as_ref().is_some_and(is_source)
    }
}

/// The folder and the ending of a program's sources.
fn program_in(folder: &Path, file: &Path) -> Option<(PathBuf, String)> {
    let is_document = |ending: &str| ["toml", "yaml", "yml", "json"].contains(&ending);
    let ending = file.extension()?.to_str()?;
    (!is_document(ending)).then(|| (folder.to_owned(), ending.to_owned()))
}

fn is_write(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(what)) => what == MetadataKind::WriteTime,
        EventKind::Modify(_) | EventKind::Create(_) => true,
        _ => false,
    }
}

fn cannot(error: &notify::Error) -> Failure {
    Failure::new(format!("the pipeline's files cannot be watched: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    async fn comes(saves: &mut Saves) -> bool {
        let wait = Duration::from_millis(500);
        tokio::time::timeout(wait, saves.next()).await.is_ok()
    }

    #[tokio::test]
    async fn a_save_is_seen_however_an_editor_makes_it_and_other_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gofer.toml");
        fs::write(&file, "a").unwrap();
        let mut saves = Saves::new().unwrap();
        saves.look_at([file.as_path()].into_iter()).unwrap();
        fs::write(&file, "b").unwrap();
        assert!(comes(&mut saves).await, "written in place");
        let other = folder.path().join(".gofer.toml.swp");
        fs::write(&other, "c").unwrap();
        assert!(!comes(&mut saves).await, "another file");
        fs::rename(&other, &file).unwrap();
        assert!(comes(&mut saves).await, "put in its place");
        fs::rename(&file, folder.path().join("gofer.toml~")).unwrap();
        fs::write(&file, "d").unwrap();
        assert!(comes(&mut saves).await, "moved away and made anew");
        assert_eq!(fs::read_to_string(&file).unwrap(), "d");
        assert!(!comes(&mut saves).await, "a look at it");
        fs::write(&file, "e").unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        saves.forget();
        assert!(!comes(&mut saves).await, "forgotten");
    }

    #[tokio::test]
    async fn of_a_program_its_sources_count_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gofer.config.py");
        fs::write(&file, "").unwrap();
        let mut saves = Saves::new().unwrap();
        saves.look_at([file.as_path()].into_iter()).unwrap();
        fs::write(folder.path().join("tasks.py"), "").unwrap();
        assert!(comes(&mut saves).await);
        fs::write(folder.path().join("data.json"), "").unwrap();
        assert!(!comes(&mut saves).await);
    }
}
