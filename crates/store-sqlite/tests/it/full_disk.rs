use crate::support::{accept, open, step};
use gofer_store::{Error, Store};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A small disk in memory; it goes with the value.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=16m", "gofer-test"])
            .arg(dir.path());
        let mounted = mount.stderr(Stdio::null()).status().ok()?.success();
        mounted.then_some(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let status = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
        assert!(status.is_ok_and(|status| status.success()));
    }
}

fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
}

#[tokio::test]
async fn a_full_disk_is_said_and_left_behind_without_help() {
    let Some(disk) = Disk::mount() else {
        println!("skipped: only root can mount a small disk to fill");
        return;
    };
    let store = open(&disk.path().join("data"));
    let claim = accept(&store).await;
    let filler = disk.path().join("filler");
    for _ in 0..2 {
        fill(&filler);
        let mut stored = store.history(claim.run, 0, u32::MAX).await.unwrap().len();
        let refused = loop {
            match store.commit(step(claim, 256 << 10)).await {
                Ok(()) => stored += 2,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, Error::Full), "{refused:?}");
        assert!(matches!(
            store.commit(step(claim, 256 << 10)).await,
            Err(Error::Full)
        ));
        assert_eq!(
            store.history(claim.run, 0, u32::MAX).await.unwrap().len(),
            stored
        );
        fs::remove_file(&filler).unwrap();
        store.commit(step(claim, 256 << 10)).await.unwrap();
        assert_eq!(
            store.history(claim.run, 0, u32::MAX).await.unwrap().len(),
            stored + 2
        );
    }
    drop(store);
    let store = open(&disk.path().join("data"));
    assert_eq!(
        store.load(claim.run).await.unwrap().run.tasks[0]
            .own
            .attempts
            .len(),
        1
    );
}
