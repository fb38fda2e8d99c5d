use super::*;
use Stream::{Stderr, Stdout};
use futures_util::stream;

fn piece(stream: Stream, text: &str) -> Piece {
    let bytes = Bytes::from(text.to_owned());
    Piece {
        stream,
        at: Timestamp::UNIX_EPOCH,
        bytes,
    }
}

async fn log_of(pieces: &[Piece], code: i32) -> (Vec<(Stream, String)>, Option<String>) {
    let (mut sink, mut from) = Sink::new(Brand::Docker);
    let pieces: Vec<_> = pieces.iter().cloned().map(Ok).collect();
    assert_eq!(
        sink.drain(stream::iter(pieces).boxed()).await,
        Drained::Closed
    );
    let words = sink.finish(Some(code)).await;
    drop(sink);
    let mut log = Vec::new();
    while let Some(LogEvent::Bytes { stream, bytes, .. }) = from.recv().await {
        log.push((stream, String::from_utf8(bytes.to_vec()).unwrap()));
    }
    (log, words)
}

const LINE: &str = "[FATAL tini (7)] exec nosuch failed: No such file or directory\n";

#[tokio::test]
async fn the_inits_own_line_is_no_part_of_the_log() {
    for parts in [vec![LINE], vec![&LINE[..3], &LINE[3..20], &LINE[20..]]] {
        let pieces: Vec<_> = parts.iter().map(|part| piece(Stderr, part)).collect();
        let (log, words) = log_of(&pieces, 127).await;
        assert_eq!(log, []);
        assert_eq!(
            words.as_deref(),
            Some("exec nosuch failed: No such file or directory")
        );
    }
}

#[tokio::test]
async fn the_same_line_among_others_or_with_another_exit_is_the_jobs() {
    let rows = [
        (vec![piece(Stderr, LINE), piece(Stderr, "more\n")], 127),
        (vec![piece(Stderr, "a\n"), piece(Stderr, LINE)], 127),
        (vec![piece(Stdout, LINE)], 127),
        (vec![piece(Stderr, LINE)], 3),
        (vec![piece(Stderr, "[FATAL")], 127),
    ];
    for (pieces, code) in rows {
        let (log, words) = log_of(&pieces, code).await;
        assert_eq!(words, None, "{pieces:?}");
        let given: String = log.iter().map(|(_, text)| text.as_str()).collect();
        let wrote: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.bytes.to_vec())
            .collect();
        assert_eq!(given.as_bytes(), wrote, "{pieces:?}");
    }
}

#[tokio::test]
async fn neighbours_of_one_stream_are_joined_in_their_order() {
    let pieces = [
        piece(Stdout, "a"),
        piece(Stdout, "b"),
        piece(Stderr, "c"),
        piece(Stdout, "d"),
    ];
    let (log, _) = log_of(&pieces, 0).await;
    let expected = [(Stdout, "ab"), (Stderr, "c"), (Stdout, "d")];
    assert_eq!(
        log,
        expected.map(|(stream, text)| (stream, text.to_owned()))
    );
}

#[tokio::test]
async fn a_reader_that_is_gone_stops_nothing() {
    let (mut sink, from) = Sink::new(Brand::Docker);
    drop(from);
    let many = (0..1000).map(|_| Ok(piece(Stdout, "x")));
    let many: Vec<_> = many.collect();
    assert_eq!(
        sink.drain(stream::iter(many).boxed()).await,
        Drained::Closed
    );
}
