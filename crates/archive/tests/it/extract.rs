//! Unpacking into a folder.

use crate::world::{file, folder, tar, wild};
use bytes::Bytes;
use gofer_archive::{ExtractError, Extracted, Extractor};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

pub(crate) fn unpack(tar: &[u8], into: &Path, replace: bool) -> Result<Extracted, ExtractError> {
    let mut extractor = Extractor::new(into, replace)?;
    for piece in tar.chunks(333) {
        extractor.feed(Bytes::copy_from_slice(piece))?;
    }
    extractor.finish()
}

#[test]
fn files_folders_links_and_modes_come_out() {
    let run = crate::world::Wild {
        mode: 0o755,
        ..file("bin/run", "#!/bin/sh")
    };
    let closed = crate::world::Wild {
        mode: 0o500,
        ..folder("closed")
    };
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("new/folder");
    let done = unpack(
        &tar(&[
            closed,
            file("closed/inner", "x"),
            run,
            wild(b'2', "link", "bin/run"),
            wild(b'1', "hard", "bin/run"),
        ]),
        &into,
        false,
    );
    let expected = Extracted {
        files: 4,
        bytes: 10,
    };
    assert_eq!(done.unwrap(), expected);
    let mode = |name: &str| {
        let metadata = fs::metadata(into.join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("bin/run") & 0o700, 0o700);
    assert_eq!(mode("closed"), 0o700);
    for name in ["bin/run", "link", "hard"] {
        assert_eq!(fs::read_to_string(into.join(name)).unwrap(), "#!/bin/sh");
    }
    assert_eq!(
        fs::read_link(into.join("link")).unwrap(),
        Path::new("bin/run")
    );
}

#[test]
fn what_is_there_stays_unless_it_is_to_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let into = dir.path().join("into");
    fs::create_dir(&into).unwrap();
    fs::write(into.join("a"), "old").unwrap();
    std::os::unix::fs::symlink(&victim, into.join("b")).unwrap();
    for name in ["a", "b"] {
        let tar = tar(&[file(name, "new")]);
        let kept = unpack(&tar, &into, false);
        assert!(
            matches!(&kept, Err(ExtractError::Exists(path)) if path == name),
            "{kept:?}"
        );
        unpack(&tar, &into, true).unwrap();
        assert_eq!(fs::read_to_string(into.join(name)).unwrap(), "new");
    }
    assert_eq!(fs::read_to_string(victim).unwrap(), "precious");
    fs::create_dir(into.join("d")).unwrap();
    let over_a_folder = unpack(&tar(&[file("d", "new")]), &into, true);
    assert!(matches!(over_a_folder, Err(ExtractError::Exists(_))));
}

#[test]
fn a_link_that_is_there_already_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let into = dir.path().join("into");
    fs::create_dir(&into).unwrap();
    std::os::unix::fs::symlink(&outside, into.join("d")).unwrap();
    for replace in [false, true] {
        for entries in [vec![file("d/x", "x")], vec![folder("d"), file("d/x", "x")]] {
            let refused = unpack(&tar(&entries), &into, replace);
            assert!(
                matches!(&refused, Err(ExtractError::NotAFolder(path)) if path == "d"),
                "{refused:?}"
            );
        }
    }
    assert_eq!(fs::read_dir(outside).unwrap().count(), 0);
}
