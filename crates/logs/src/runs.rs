//! The logs of whole runs.

use crate::Disk;
use gofer_core::id::RunId;
use std::io;

/// Runs that have logs, with what these take. What is not a run's is not named.
pub fn runs(disk: &dyn Disk) -> io::Result<Vec<(RunId, u64)>> {
    let folders = disk.folders()?.into_iter();
    let runs = folders.filter_map(|(name, bytes)| Some((RunId(name.parse().ok()?), bytes)));
    Ok(runs.collect())
}

/// Removes every log of a run.
pub fn remove_run(disk: &dyn Disk, run: RunId) -> io::Result<()> {
    disk.remove_folder(&run.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FsDisk, MemoryDisk};
    use uuid::Uuid;

    fn write(disk: &dyn Disk, path: &str, bytes: &[u8]) {
        disk.append(path).unwrap().write(bytes).unwrap();
    }

    fn check(disk: &dyn Disk) {
        let [one, two] = [1, 2].map(|n| RunId(Uuid::from_u128(n)));
        assert_eq!(runs(disk).unwrap(), []);
        write(disk, &format!("{one}/a.1.blocks"), b"abc");
        write(disk, &format!("{one}/a.1.index"), b"de");
        write(disk, &format!("{two}/a.1.blocks"), b"f");
        write(disk, "else/a", b"g");
        assert_eq!(runs(disk).unwrap(), [(one, 5), (two, 1)]);
        remove_run(disk, one).unwrap();
        remove_run(disk, one).unwrap();
        assert_eq!(runs(disk).unwrap(), [(two, 1)]);
        assert_eq!(disk.len("else/a").unwrap(), Some(1));
    }

    #[test]
    fn the_logs_of_a_run_go_and_no_others() {
        check(&MemoryDisk::new());
        let folder = tempfile::tempdir().unwrap();
        check(&FsDisk::new(folder.path().join("logs")));
    }
}
