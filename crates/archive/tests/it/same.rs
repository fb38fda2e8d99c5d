//! What is kept is what was there.

use crate::world::{clean, cleaned, file, folder, read, tar, wild};
use bytes::Bytes;
use gofer_archive::{Kind, Limits, Prefixer};
use proptest::prelude::*;

#[test]
fn another_reader_finds_the_same_files() {
    let long = "d/".repeat(80) + "é";
    let (clean, listed) = cleaned(&[
        folder("artifacts/"),
        file("artifacts/a b", "one\n"),
        file(&format!("artifacts/{long}"), "two"),
        wild(b'2', "artifacts/link", &"x/".repeat(70)),
        file("artifacts/empty", ""),
    ])
    .unwrap();
    let found = read(&clean);
    assert_eq!(
        found,
        [
            ("a b".to_owned(), b'0', "one\n".to_owned(), 0o644),
            (long, b'0', "two".to_owned(), 0o644),
            ("link".to_owned(), b'2', "x/".repeat(70), 0o644),
            ("empty".to_owned(), b'0', String::new(), 0o644),
        ]
    );
    for listed in listed {
        if let Kind::File { bytes } = listed.entry.kind {
            let at = usize::try_from(listed.at).unwrap();
            let end = at + usize::try_from(bytes).unwrap();
            let (_, _, content, _) = found
                .iter()
                .find(|(path, ..)| *path == listed.entry.path)
                .unwrap();
            assert_eq!(&clean[at..end], content.as_bytes());
        }
    }
}

/// As Go's library writes them, which the engines use.
#[test]
fn archives_of_others_are_read() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    header.set_mode(0o755);
    let long = format!("artifacts/{}/{}", "p".repeat(120), "n".repeat(90));
    builder
        .append_data(&mut header, &long, &b"abc"[..])
        .unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    builder
        .append_link(&mut header, "artifacts/l", "t".repeat(150))
        .unwrap();
    let tar = builder.into_inner().unwrap();
    let (tar, _) = clean(&tar, 700, Limits::default(), Some("artifacts")).unwrap();
    let found = read(&tar);
    let path = long.strip_prefix("artifacts/").unwrap();
    assert_eq!(found[0], (path.to_owned(), b'0', "abc".to_owned(), 0o755));
    assert_eq!(found[1].2, "t".repeat(150));
}

proptest! {
    /// However it is cut on the way.
    #[test]
    fn pieces_do_not_matter(
        files in prop::collection::btree_map("[a-z]{1,3}(/[a-z]{1,120}){0,2}", "[a-z]{0,1500}", 0..6),
        piece in 1_usize..5_000,
    ) {
        let files: Vec<_> = files.iter().map(|(path, text)| file(&format!("artifacts/{path}"), text)).collect();
        let whole = clean(&tar(&files), usize::MAX, Limits::default(), Some("artifacts"));
        let cut = clean(&tar(&files), piece, Limits::default(), Some("artifacts"));
        prop_assert_eq!(&cut, &whole);
        if let Ok((tar, listed)) = whole {
            let again = clean(&tar, piece, Limits::default(), None).unwrap();
            prop_assert_eq!(again, (tar, listed));
        }
    }
}

#[test]
fn inputs_lie_in_the_folders_of_their_tasks_and_everybody_may_read_them() {
    let private = crate::world::Wild {
        mode: 0o700,
        ..file("artifacts/bin/run", "#!/bin/sh")
    };
    let (one, _) = cleaned(&[
        folder("artifacts/"),
        private,
        wild(b'1', "artifacts/again", "artifacts/bin/run"),
        wild(b'2', "artifacts/link", "bin/run"),
    ])
    .unwrap();
    let (two, _) = cleaned(&[file("artifacts/x", "2")]).unwrap();
    let (mut prefixer, mut out) = (Prefixer::default(), Vec::new());
    for (folder, tar) in [("build", &one), ("map/0", &two), ("map/10", &two)] {
        prefixer.begin(folder, &mut out);
        for piece in tar.chunks(300) {
            prefixer
                .feed(Bytes::copy_from_slice(piece), &mut out)
                .unwrap();
        }
        prefixer.end().unwrap();
    }
    prefixer.finish(&mut out);
    let found = read(&out.concat());
    let row = |path: &str, kind, content: &str, mode| (path.into(), kind, content.into(), mode);
    let expected: Vec<(String, u8, String, u32)> = vec![
        row("build/", b'5', "", 0o755),
        row("build/bin/run", b'0', "#!/bin/sh", 0o755),
        row("build/again", b'1', "build/bin/run", 0o644),
        row("build/link", b'2', "bin/run", 0o644),
        row("map/", b'5', "", 0o755),
        row("map/0/", b'5', "", 0o755),
        row("map/0/x", b'0', "2", 0o644),
        row("map/10/", b'5', "", 0o755),
        row("map/10/x", b'0', "2", 0o644),
    ];
    assert_eq!(found, expected);
}
