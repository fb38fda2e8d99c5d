use crate::{Piece, at, attempt, bytes, each_frame, output, pieces, small};
use gofer_logs::{Disk, MemoryDisk, Reader, Start, Stream, Writer};
use proptest::prelude::*;
use std::sync::Arc;

fn written(pieces: &[Piece], block: usize, is_finished: bool) -> Arc<dyn Disk> {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(block)).unwrap();
    for piece in pieces {
        writer
            .append(at(piece.time), piece.stream, piece.engine, &piece.stored)
            .unwrap();
    }
    if is_finished {
        writer.finish(at(99)).unwrap();
    }
    disk
}

fn is_shown(piece: &Piece, only: Option<Stream>) -> bool {
    only.is_none_or(|only| only == piece.stream)
}

fn shown(pieces: &[Piece], only: Option<Stream>) -> Vec<u8> {
    pieces
        .iter()
        .filter(|p| is_shown(p, only))
        .flat_map(|p| p.stored.clone())
        .collect()
}

/// The last lines by the plainest means: (position of the first byte, bytes) of each line.
fn last_lines(pieces: &[Piece], only: Option<Stream>, count: usize) -> Vec<u8> {
    let mut line_of = Vec::new();
    let mut current = [None, None];
    let mut lines = 0;
    for piece in pieces.iter().filter(|p| is_shown(p, only)) {
        let slot = usize::from(piece.stream == Stream::Stderr);
        for &byte in &piece.stored {
            let line = *current[slot].get_or_insert_with(|| {
                lines += 1;
                lines
            });
            line_of.push((line, byte));
            if byte == b'\n' {
                current[slot] = None;
            }
        }
    }
    line_of
        .into_iter()
        .filter(|(line, _)| line + count > lines)
        .map(|(_, byte)| byte)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_reader_begins_at_any_byte_line_and_time(
        pieces in pieces(),
        block in 1..400usize,
        is_finished: bool,
        only in prop_oneof![Just(None), Just(Some(Stream::Stdout)), Just(Some(Stream::Stderr))],
        number in 0..300u64,
        time in 0..50i64,
    ) {
        let disk = written(&pieces, block, is_finished);
        let all = shown(&pieces, only);

        let byte = all.len().min(number as usize);
        prop_assert_eq!(&bytes(&disk, Start::Byte(number), only), &all[byte..]);

        let line_feeds = all.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let behind = match number {
            0 => 0,
            _ => line_feeds.map(|(at, _)| at + 1).nth(number as usize - 1).unwrap_or(all.len()),
        };
        prop_assert_eq!(&bytes(&disk, Start::Line(number), only), &all[behind..]);

        // Pieces that show nothing stand for engine bytes, and have a time.
        let kept: Vec<Piece> = pieces.iter().filter(|p| p.engine > 0).cloned().collect();
        let first = kept.iter().position(|p| p.time >= time).unwrap_or(kept.len());
        prop_assert_eq!(bytes(&disk, Start::Time(at(time)), only), shown(&kept[first..], only));
    }

    #[test]
    fn the_last_lines_are_those_that_began_last(
        pieces in pieces(),
        block in 1..400usize,
        is_finished: bool,
        only in prop_oneof![Just(None), Just(Some(Stream::Stdout)), Just(Some(Stream::Stderr))],
        count in 0..60usize,
    ) {
        let disk = written(&pieces, block, is_finished);
        let found = bytes(&disk, Start::LastLines(count as u64), only);
        prop_assert_eq!(found, last_lines(&pieces, only, count));
    }

    #[test]
    fn a_reader_goes_on_from_the_place_that_any_frame_named(
        pieces in pieces(),
        block in 1..400usize,
    ) {
        let disk = written(&pieces, block, false);
        let mut places = Vec::new();
        let mut length = 0;
        each_frame(&mut Reader::open(Arc::clone(&disk), &attempt()), |frame| {
            length += output(&frame).unwrap().1.len();
            places.push((frame.next.to_string(), length));
        });
        let all = shown(&pieces, None);
        for finish in [false, true] {
            if finish {
                Writer::open(Arc::clone(&disk), &attempt(), small(block))
                    .unwrap()
                    .finish(at(99))
                    .unwrap();
            }
            for (place, length) in &places {
                let found = bytes(&disk, Start::Place(place.parse().unwrap()), None);
                prop_assert_eq!(&found, &all[*length..]);
            }
        }
    }
}

#[test]
fn a_place_beyond_the_end_is_waited_for() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(1000)).unwrap();
    writer.append(at(1), Stream::Stdout, 3, b"012").unwrap();
    let mut reader = Reader::open(disk, &attempt());
    reader.seek(Start::Byte(5), None).unwrap();
    writer.append(at(2), Stream::Stdout, 4, b"3456").unwrap();
    let mut out = Vec::new();
    reader.write_to(&mut out).unwrap();
    assert_eq!(out, b"56");
}
