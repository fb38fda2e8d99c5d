use crate::{attempt, bytes, engine_counts, expected, piece, pieces, small, write, write_noting};
use gofer_logs::{Counts, Disk, Error, FsDisk, MemoryDisk, Start, Stream, Writer, disk::Append};
use proptest::prelude::*;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// Dies at one of its operations: of a write, a part may reach the disk.
#[derive(Clone)]
struct Dying {
    disk: MemoryDisk,
    left: Arc<AtomicI64>,
    kept: usize,
}

impl Dying {
    fn step(&self) -> io::Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            left if left > 0 => Ok(()),
            _ => Err(io::Error::other("died")),
        }
    }
}

impl Disk for Dying {
    fn append(&self, path: &str) -> io::Result<Box<dyn Append>> {
        self.step()?;
        Ok(Box::new(DyingFile {
            disk: self.clone(),
            file: self.disk.append(path)?,
        }))
    }
    fn read_at(&self, path: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read_at(path, offset, buffer)
    }
    fn len(&self, path: &str) -> io::Result<Option<u64>> {
        self.disk.len(path)
    }
    fn truncate(&self, path: &str, length: u64) -> io::Result<()> {
        self.step()?;
        self.disk.truncate(path, length)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        self.step()?;
        self.disk.remove(path)
    }
    fn folders(&self) -> io::Result<Vec<(String, u64)>> {
        self.disk.folders()
    }
    fn remove_folder(&self, path: &str) -> io::Result<()> {
        self.step()?;
        self.disk.remove_folder(path)
    }
    fn sync_folder(&self, path: &str) -> io::Result<()> {
        self.step()?;
        self.disk.sync_folder(path)
    }
}

struct DyingFile {
    disk: Dying,
    file: Box<dyn Append>,
}

impl Append for DyingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.disk.left.load(Ordering::SeqCst);
        if self.disk.step().is_err() {
            // Only the first failing write tears; a dead process writes nothing more.
            if left == 0 {
                self.file.write(&bytes[..self.disk.kept.min(bytes.len())])?;
            }
            return Err(io::Error::other("died"));
        }
        self.file.write(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.disk.step()?;
        self.file.sync()
    }
}

/// Writes with a death after so many operations, then another, then to the end. What was taken
/// without an error is there in the next life.
fn lives(pieces: &[crate::Piece], deaths: &[i64], kept: usize) -> (Arc<dyn Disk>, usize) {
    let disk = MemoryDisk::new();
    let mut died = 0;
    let mut taken = Counts::default();
    for &after in deaths {
        let left = Arc::new(AtomicI64::new(after));
        let dying: Arc<dyn Disk> = Arc::new(Dying {
            disk: disk.clone(),
            left,
            kept,
        });
        let life = Writer::open(dying, &attempt(), small(200)).and_then(|mut writer| {
            keeps(&writer, taken);
            write_noting(&mut writer, pieces, &mut taken)?;
            writer.finish(crate::at(99))
        });
        died += usize::from(matches!(life, Err(Error::Disk { .. })));
    }
    let disk: Arc<dyn Disk> = Arc::new(disk);
    match Writer::open(Arc::clone(&disk), &attempt(), small(200)) {
        Ok(mut writer) => {
            keeps(&writer, taken);
            write(&mut writer, pieces).unwrap();
            assert_eq!(writer.counts(), engine_counts(pieces));
            writer.finish(crate::at(99)).unwrap();
        }
        Err(Error::Ended { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    (disk, died)
}

fn keeps(writer: &Writer, taken: Counts) {
    let found = writer.counts();
    assert!(
        found.stdout >= taken.stdout && found.stderr >= taken.stderr,
        "{found:?} {taken:?}"
    );
}

fn is_whole(disk: &Arc<dyn Disk>, pieces: &[crate::Piece]) {
    for stream in Stream::ALL {
        let found = bytes(disk, Start::Beginning, Some(stream));
        assert_eq!(found, expected(pieces, stream));
    }
}

fn ordinary() -> Vec<crate::Piece> {
    (0..30u8)
        .map(|i| {
            let stream = if i % 3 == 0 {
                Stream::Stderr
            } else {
                Stream::Stdout
            };
            piece(
                i64::from(i),
                stream,
                format!("line {i} of a log that goes on\n").as_bytes(),
            )
        })
        .collect()
}

#[test]
fn a_death_at_any_operation_loses_and_doubles_nothing() {
    let pieces = ordinary();
    let mut deaths = 0;
    for kept in [0, 1, 20, 30, 111, 112, 1000] {
        for after in 0.. {
            let (disk, died) = lives(&pieces, &[after], kept);
            is_whole(&disk, &pieces);
            deaths += died;
            if died == 0 {
                assert!(after > 50, "only {after} operations");
                break;
            }
        }
    }
    assert!(deaths > 300, "{deaths}");
}

#[test]
fn a_death_while_recovering_from_a_death_is_nothing_new() {
    let pieces = ordinary();
    for kept in [0, 7, 112] {
        for after in 0..70 {
            for again in 0..4 {
                let (disk, _) = lives(&pieces, &[after, again, 3], kept);
                is_whole(&disk, &pieces);
            }
        }
    }
}

#[test]
fn a_finished_log_is_two_files_and_takes_nothing_more() {
    let disk = MemoryDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = Writer::open(Arc::clone(&shared), &attempt(), small(200)).unwrap();
    write(&mut writer, &ordinary()).unwrap();
    let end = writer.finish(crate::at(5)).unwrap();
    assert_eq!(end.engine, engine_counts(&ordinary()));
    assert!(matches!(
        writer.append(crate::at(6), Stream::Stdout, 1, b"x"),
        Err(Error::Broken { .. })
    ));
    let run = "00000000-0000-0000-0000-000000000007";
    let files = ["blocks", "index"].map(|kind| format!("{run}/build.3.1.{kind}"));
    assert_eq!(disk.paths(), files);
    let again = Writer::open(shared, &attempt(), small(200));
    assert!(matches!(again, Err(Error::Ended { .. })));
}

#[test]
fn a_writer_that_failed_says_so_until_it_is_opened_again() {
    let disk = MemoryDisk::new();
    let left = Arc::new(AtomicI64::new(3));
    let dying: Arc<dyn Disk> = Arc::new(Dying {
        disk: disk.clone(),
        left,
        kept: 10,
    });
    let mut writer = Writer::open(dying, &attempt(), small(200)).unwrap();
    writer
        .append(crate::at(1), Stream::Stdout, 3, b"abc")
        .unwrap();
    let failed = writer.append(crate::at(1), Stream::Stdout, 3, b"def");
    assert!(matches!(failed, Err(Error::Disk { .. })), "{failed:?}");
    let refused = writer.append(crate::at(1), Stream::Stdout, 3, b"def");
    assert!(matches!(refused, Err(Error::Broken { .. })), "{refused:?}");
    let again = Writer::open(Arc::new(disk), &attempt(), small(200)).unwrap();
    assert_eq!(again.counts().stdout, 3);
}

#[test]
fn blocks_that_a_power_failure_took_are_fetched_again() {
    let pieces = ordinary();
    for lost in [1, 50, 300] {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
        let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(200)).unwrap();
        write(&mut writer, &pieces).unwrap();
        drop(writer);
        let path = "00000000-0000-0000-0000-000000000007/build.3.1.blocks";
        let length = disk.len(path).unwrap().unwrap();
        disk.truncate(path, length.saturating_sub(lost)).unwrap();
        let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(200)).unwrap();
        assert_ne!(writer.counts(), engine_counts(&pieces));
        write(&mut writer, &pieces).unwrap();
        writer.finish(crate::at(99)).unwrap();
        is_whole(&disk, &pieces);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_is_written_and_wherever_it_dies_it_is_whole(
        pieces in pieces(),
        deaths in proptest::collection::vec(0..60i64, 0..4),
        kept in 0..200usize,
    ) {
        let (disk, _) = lives(&pieces, &deaths, kept);
        is_whole(&disk, &pieces);
    }

    #[test]
    fn the_file_system_and_the_memory_hold_the_same(pieces in pieces()) {
        let folder = tempfile::tempdir().unwrap();
        let files: Arc<dyn Disk> = Arc::new(FsDisk::new(folder.path().join("logs")));
        let memory = MemoryDisk::new();
        let shared: Arc<dyn Disk> = Arc::new(memory.clone());
        for disk in [&files, &shared] {
            let mut writer = Writer::open(Arc::clone(disk), &attempt(), small(200)).unwrap();
            write(&mut writer, &pieces).unwrap();
            drop(writer);
            let mut writer = Writer::open(Arc::clone(disk), &attempt(), small(200)).unwrap();
            writer.finish(crate::at(99)).unwrap();
        }
        for path in memory.paths() {
            let length = shared.len(&path).unwrap();
            prop_assert_eq!(files.len(&path).unwrap(), length);
            let mut both = [vec![0; length.unwrap() as usize], vec![0; length.unwrap() as usize]];
            files.read_at(&path, 0, &mut both[0]).unwrap();
            shared.read_at(&path, 0, &mut both[1]).unwrap();
            prop_assert_eq!(&both[0], &both[1]);
        }
    }
}
