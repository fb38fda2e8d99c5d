use crate::{at, attempt, each_frame, small, write};
use gofer_logs::{Body, Disk, MemoryDisk, Options, Reader, Start, Stream, Writer};
use std::sync::Arc;

#[test]
fn beyond_the_cap_all_is_taken_counted_and_not_kept() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let options = Options {
        cap: Some(10),
        ..small(1000)
    };
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), options).unwrap();
    writer.append(at(1), Stream::Stdout, 6, b"123456").unwrap();
    writer.append(at(2), Stream::Stderr, 6, b"abcdef").unwrap();
    writer.append(at(3), Stream::Stdout, 100, b"***").unwrap();
    assert_eq!((writer.counts().stdout, writer.counts().stderr), (106, 6));
    drop(writer);

    // A replay after a death comes to the same.
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), options).unwrap();
    assert_eq!((writer.counts().stdout, writer.counts().stderr), (6, 4));
    writer.append(at(2), Stream::Stderr, 2, b"ef").unwrap();
    writer.append(at(3), Stream::Stdout, 100, b"***").unwrap();
    let end = writer.finish(at(4)).unwrap();
    assert_eq!((end.stored.total(), end.dropped), (10, 102));
    assert_eq!(crate::bytes(&disk, Start::Beginning, None), b"123456abcd");
    let mut dropped = Vec::new();
    each_frame(&mut Reader::open(disk, &attempt()), |frame| {
        if let Body::Dropped { bytes } = frame.body {
            dropped.push(bytes);
        }
    });
    assert_eq!(dropped, [102]);
}

#[test]
fn a_masked_chunk_is_kept_or_dropped_as_a_whole() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let options = Options {
        cap: Some(10),
        ..small(1000)
    };
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), options).unwrap();
    writer.append(at(1), Stream::Stdout, 4, b"1234").unwrap();
    writer
        .append(at(1), Stream::Stdout, 50, b"token=***")
        .unwrap();
    writer.append(at(1), Stream::Stdout, 1, b"5").unwrap();
    assert_eq!(writer.finish(at(2)).unwrap().dropped, 51);
    assert_eq!(crate::bytes(&disk, Start::Beginning, None), b"1234");
}

#[test]
fn a_log_that_ends_before_it_begins_is_empty_and_ended() {
    let disk = MemoryDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = Writer::open(Arc::clone(&shared), &attempt(), Options::default()).unwrap();
    write(&mut writer, &[]).unwrap();
    writer.finish(at(2)).unwrap();
    assert_eq!(disk.paths().len(), 1);
    assert!(each_frame(
        &mut Reader::open(shared, &attempt()),
        |frame| panic!("{frame:?}")
    ));
}
