use crate::{at, attempt, small};
use gofer_logs::Stream::{Stderr, Stdout};
use gofer_logs::{Disk, Lines, MemoryDisk, Reader, Stream, Writer};
use std::sync::Arc;

fn read(lines: &mut Lines) -> Vec<(i64, Stream, String, bool)> {
    let mut all = Vec::new();
    while let Some(line) = lines.read_line().unwrap() {
        let text = String::from_utf8(line.bytes).unwrap();
        all.push((
            line.at.as_microsecond() - at(0).as_microsecond(),
            line.stream,
            text,
            line.is_whole,
        ));
    }
    all
}

#[test]
fn a_line_has_the_time_of_its_first_byte_and_streams_do_not_mix() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(50)).unwrap();
    let mut lines = Lines::new(Reader::open(disk, &attempt()));
    let mut say = |micros, stream, text: &str| {
        writer
            .append(at(micros), stream, text.len() as u64, text.as_bytes())
            .unwrap();
    };
    say(1, Stdout, "be");
    say(2, Stderr, "warning: ");
    say(3, Stdout, "gin\n\nnext");
    assert_eq!(
        read(&mut lines),
        [
            (1, Stdout, "begin".to_owned(), true),
            (3, Stdout, String::new(), true)
        ]
    );
    say(4, Stderr, "hot\nlast");
    assert_eq!(
        read(&mut lines),
        [(2, Stderr, "warning: hot".to_owned(), true)]
    );
    say(5, Stdout, " one");
    writer.finish(at(6)).unwrap();
    assert_eq!(
        read(&mut lines),
        [
            (3, Stdout, "next one".to_owned(), false),
            (4, Stderr, "last".to_owned(), false)
        ]
    );
    assert_eq!(read(&mut lines), []);
}

#[test]
fn an_endless_line_comes_in_pieces() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
    let mut writer = Writer::open(Arc::clone(&disk), &attempt(), small(100_000)).unwrap();
    let text = "x".repeat(3_000_000) + "\n";
    writer
        .append(at(1), Stream::Stdout, text.len() as u64, text.as_bytes())
        .unwrap();
    writer.finish(at(2)).unwrap();
    let all = read(&mut Lines::new(Reader::open(disk, &attempt())));
    assert!(all.len() > 1 && all.iter().all(|line| line.2.len() < 1_300_000));
    assert_eq!(
        all.iter().map(|line| line.2.as_str()).collect::<String>() + "\n",
        text
    );
    assert_eq!(all.iter().filter(|line| line.3).count(), 1);
}
