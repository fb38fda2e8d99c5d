use crate::{at, attempt, each_frame, expected, output, piece, pieces, small, write};
use gofer_logs::{
    Body, Disk, FsDisk, Hole, MemoryDisk, More, Options, Reader, Start, Stream, Writer,
};
use proptest::prelude::*;
use std::{sync::Arc, thread};

fn numbered(disk: &Arc<dyn Disk>, count: u32, block: usize) {
    let mut writer = Writer::open(Arc::clone(disk), &attempt(), small(block)).unwrap();
    for number in 0..count {
        let text = format!("{number}\n");
        let stream = if number % 5 == 0 {
            Stream::Stderr
        } else {
            Stream::Stdout
        };
        writer
            .append(
                at(number.into()),
                stream,
                text.len() as u64,
                text.as_bytes(),
            )
            .unwrap();
        if number % 1000 == 0 {
            writer = Writer::open(Arc::clone(disk), &attempt(), small(block)).unwrap();
        }
    }
    writer.finish(at(count.into())).unwrap();
}

#[test]
fn followers_beside_a_busy_writer_see_every_frame_once() {
    const COUNT: u32 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(FsDisk::new(folder.path()));
    thread::scope(|scope| {
        let followers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut reader = Reader::open(Arc::clone(&disk), &attempt());
                    let mut seen = Vec::new();
                    let mut waits = 0;
                    while !each_frame(&mut reader, |frame| {
                        seen.extend_from_slice(output(&frame).unwrap().1);
                    }) {
                        waits += 1;
                        thread::yield_now();
                    }
                    (seen, waits)
                })
            })
            .collect();
        scope.spawn(|| numbered(&disk, COUNT, 300));
        let all: Vec<u8> = (0..COUNT)
            .flat_map(|number| format!("{number}\n").into_bytes())
            .collect();
        for follower in followers {
            let (seen, waits) = follower.join().unwrap();
            assert!(seen == all, "{} of {} bytes", seen.len(), all.len());
            assert!(waits > 0);
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_waits_is_woken_by_what_another_process_writes() {
    use std::{fs::File, io::Read};
    let folder = tempfile::tempdir().unwrap();
    let disk = || -> Arc<dyn Disk> { Arc::new(FsDisk::new(folder.path())) };
    let reader = Reader::open(disk(), &attempt());
    assert!(reader.watch().is_none(), "nothing is there to be watched");
    let mut owner = Writer::open(disk(), &attempt(), small(1024)).unwrap();
    owner.append(at(1), Stream::Stdout, 3, b"one").unwrap();
    let mut watch = File::from(reader.watch().unwrap());
    let mut has_changed = || watch.read(&mut [0; 4096]).is_ok();
    assert!(!has_changed());
    owner.append(at(2), Stream::Stdout, 3, b"two").unwrap();
    assert!(has_changed());
    assert!(!has_changed());
}

#[test]
fn what_was_appended_can_be_read_at_once_and_is_not_ended() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut reader = Reader::open(Arc::clone(&disk), &attempt());
    assert!(matches!(reader.read_more().unwrap(), More::Waiting));
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), Options::default()).unwrap();
    writer.append(at(1), Stream::Stderr, 4, b"oops").unwrap();
    let mut seen = Vec::new();
    assert!(!each_frame(&mut reader, |frame| seen
        .push((frame.at, format!("{:?}", frame.body)))));
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].0, at(1));
    assert!(seen[0].1.contains("Stderr"));
    writer.finish(at(2)).unwrap();
    let More::Ended(end) = reader.read_more().unwrap() else {
        panic!("not ended")
    };
    assert_eq!((end.at, end.stored.stderr, end.dropped), (at(2), 4, 0));
    assert_eq!(reader.end().unwrap(), Some(end));
}

#[test]
fn a_frame_longer_than_any_buffer_is_followed() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(64 * 1024 * 1024)).unwrap();
    let text = vec![b'x'; 10_000_000];
    writer
        .append(at(1), Stream::Stdout, 10_000_000, &text)
        .unwrap();
    assert!(crate::bytes(&disk, Start::Beginning, None) == text);
}

#[test]
fn a_torn_frame_is_not_shown_until_it_is_whole() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), Options::default()).unwrap();
    writer.append(at(1), Stream::Stdout, 5, b"whole").unwrap();
    writer.append(at(1), Stream::Stdout, 4, b"torn").unwrap();
    let path = "00000000-0000-0000-0000-000000000007/build.3.1.tail-0";
    let length = disk.len(path).unwrap().unwrap();
    for cut in 1..25 {
        disk.truncate(path, length - cut).unwrap();
        assert_eq!(crate::bytes(&disk, Start::Beginning, None), b"whole");
    }
    let writer = Writer::open(Arc::clone(&disk), &attempt(), Options::default()).unwrap();
    assert_eq!(writer.counts().stdout, 5);
}

#[test]
fn a_hole_lies_where_it_was_marked() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), Options::default()).unwrap();
    let hole = Hole {
        certain: false,
        bytes: Some(7),
        why: "the engine restarted".to_owned(),
    };
    writer.append(at(1), Stream::Stdout, 1, b"a").unwrap();
    writer.hole(at(2), &hole).unwrap();
    writer.append(at(3), Stream::Stdout, 1, b"b").unwrap();
    let check = |only| {
        let mut reader = Reader::open(Arc::clone(&disk), &attempt());
        reader.seek(Start::Beginning, only).unwrap();
        let mut bodies = Vec::new();
        each_frame(&mut reader, |frame| {
            bodies.push(match frame.body {
                Body::Output { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
                Body::Hole(found) => {
                    assert_eq!(found, hole);
                    "hole".to_owned()
                }
                Body::Dropped { .. } => "dropped".to_owned(),
            });
        });
        bodies
    };
    assert_eq!(check(None), ["a", "hole", "b"]);
    assert_eq!(check(Some(Stream::Stderr)), ["hole"]);
    assert_eq!(writer.finish(at(4)).unwrap().holes, 1);
    assert_eq!(check(None), ["a", "hole", "b"]);
}

#[test]
fn neighbours_of_one_stream_and_time_become_one_frame() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), Options::default()).unwrap();
    let chunk = |micros, stream, stored| gofer_logs::Chunk {
        at: at(micros),
        stream,
        engine: 9,
        stored,
    };
    let chunks = [
        chunk(1, Stream::Stdout, b"a".as_slice()),
        chunk(1, Stream::Stdout, b"b"),
        chunk(1, Stream::Stderr, b"c"),
        chunk(2, Stream::Stderr, b"d"),
    ];
    writer.append_all(&chunks).unwrap();
    let mut seen = Vec::new();
    let mut reader = Reader::open(Arc::clone(&disk), &attempt());
    each_frame(&mut reader, |frame| {
        seen.push(output(&frame).unwrap().1.to_vec());
    });
    assert_eq!(seen, [b"ab".to_vec(), b"c".to_vec(), b"d".to_vec()]);
    let again = Writer::open(disk, &attempt(), Options::default()).unwrap();
    assert_eq!((again.counts().stdout, again.counts().stderr), (18, 18));
}

#[test]
fn a_block_with_a_changed_byte_is_damage_and_not_output() {
    let disk = MemoryDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = Writer::open(Arc::clone(&shared), &attempt(), Options::default()).unwrap();
    write(
        &mut writer,
        &[piece(1, Stream::Stdout, b"some text in a block")],
    )
    .unwrap();
    writer.finish(at(2)).unwrap();
    let path = "00000000-0000-0000-0000-000000000007/build.3.1.blocks";
    let length = disk.len(path).unwrap().unwrap();
    let mut all = vec![0; length as usize];
    disk.read_at(path, 0, &mut all).unwrap();
    let last = all.len() - 8;
    all[last] ^= 1;
    disk.truncate(path, 0).unwrap();
    disk.append(path).unwrap().write(&all).unwrap();
    let mut reader = Reader::open(shared, &attempt());
    let failed = reader.read_more();
    assert!(
        matches!(failed, Err(gofer_logs::Error::Damaged { .. })),
        "{failed:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_follower_that_reads_after_every_append_misses_nothing(
        pieces in pieces(),
        block in 1..400usize,
        every in 1..5usize,
    ) {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
        let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(block)).unwrap();
        let mut reader = Reader::open(Arc::clone(&disk), &attempt());
        let mut seen = [Vec::new(), Vec::new()];
        let mut take = |reader: &mut Reader| each_frame(reader, |frame| {
            let (stream, bytes) = output(&frame).unwrap();
            seen[usize::from(stream == Stream::Stderr)].extend_from_slice(bytes);
        });
        for (number, piece) in pieces.iter().enumerate() {
            writer.append(at(piece.time), piece.stream, piece.engine, &piece.stored).unwrap();
            if number % every == 0 {
                prop_assert!(!take(&mut reader));
            }
        }
        writer.finish(at(99)).unwrap();
        prop_assert!(take(&mut reader));
        prop_assert_eq!(&seen[0], &expected(&pieces, Stream::Stdout));
        prop_assert_eq!(&seen[1], &expected(&pieces, Stream::Stderr));
    }
}
