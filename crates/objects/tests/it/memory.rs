//! How much memory it takes.

use crate::world::attempt;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use gofer_core::id::Epoch;
use gofer_objects::{Limits, Objects};
use std::convert::Infallible;

/// The most that this process has held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse().unwrap()
}

/// A tar of one file of this size, as it would come from an engine.
fn one_file(size: u64) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    let mut header = tar::Header::new_gnu();
    header.set_path("artifacts/large").unwrap();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    let header = Bytes::copy_from_slice(header.as_bytes());
    let piece = 64 << 10;
    let pieces = stream::iter(0..size / piece).map(move |nth| {
        let byte = u8::try_from(nth % 251).unwrap();
        Bytes::from(vec![byte; usize::try_from(piece).unwrap()])
    });
    let end = Bytes::from_static(&[0; 1024]);
    stream::iter([header])
        .chain(pieces)
        .chain(stream::iter([end]))
        .map(Ok)
}

#[tokio::test]
async fn a_gibibyte_in_and_out_takes_little_memory() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let objects = Objects::in_folder(dir.path()).unwrap();
    let (id, size) = (attempt(1, None, 1), 1 << 30);
    let before = peak();
    let kept = objects
        .keep((&id, Epoch(1)), one_file(size), Limits::default())
        .await;
    assert_eq!(kept.unwrap().unwrap().bytes, size);
    let mut inputs = objects.inputs(vec![("build".to_owned(), id.clone())]);
    let mut given = 0;
    while let Some(bytes) = inputs.next().await {
        given += bytes.unwrap().len() as u64;
    }
    assert!(given > size);
    let grown = (peak() - before) >> 10;
    assert!(grown <= 32, "it grew by {grown} MiB");
}
