//! Archives that were made to do harm: refused with a sentence that names the entry.

use crate::world::{Wild, clean, cleaned, file, folder, tar, wild};
use gofer_archive::{Kind, Limits, Refusal};
use proptest::{prelude::*, sample::Index};

fn refused(entries: &[Wild]) -> Refusal {
    match cleaned(entries) {
        Err(refusal) => refusal,
        Ok((_, listed)) => panic!("taken: {listed:?}"),
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    let root = folder("artifacts/");
    for (name, sentence) in [
        ("/etc/passwd", r#""/etc/passwd" is an absolute path"#),
        (
            "artifacts/../x",
            r#""artifacts/../x" leads out of its folder with `..`"#,
        ),
        ("../x", r#""../x" leads out of its folder with `..`"#),
        (
            "artifacts/a/b/../../../../x",
            r#""artifacts/a/b/../../../../x" leads out of its folder with `..`"#,
        ),
        (
            "artifactsx/a",
            r#""artifactsx/a" is not in the folder that was asked for"#,
        ),
        ("x", r#""x" is not in the folder that was asked for"#),
    ] {
        let refusal = refused(&[root.clone(), file(name, "x")]);
        assert_eq!(refusal.to_string(), sentence);
        assert!(!refusal.is_too_large() && !refusal.is_damage());
    }
}

#[test]
fn links_that_lead_out_are_refused() {
    for target in [
        "/etc/passwd",
        "..",
        "../x",
        "../../x",
        "./../x",
        "d/../../x",
        "a/..",
        "",
    ] {
        let link = wild(b'2', "artifacts/link", target);
        let refusal = refused(&[folder("artifacts/"), link]);
        let sentence = refusal.to_string();
        assert!(
            sentence.starts_with(r#"the link "link" leads to "#),
            "{target}: {sentence}"
        );
    }
}

#[test]
fn a_link_through_another_link_leads_nowhere_else() {
    // In words `e` leads to p/q/x; on a disk, through `d`, above the root.
    let refusal = refused(&[
        folder("artifacts/p/q"),
        wild(b'2', "artifacts/p/q/d", "../.."),
        wild(b'2', "artifacts/p/q/e", "d/../x"),
    ]);
    assert!(matches!(refusal, Refusal::Link { .. }), "{refusal}");
    let below_a_link = refused(&[
        folder("artifacts/p"),
        wild(b'2', "artifacts/d", "p"),
        file("artifacts/d/x", ""),
    ]);
    assert_eq!(
        below_a_link.to_string(),
        r#""d/x" would lie in "d", which is not a folder"#
    );
}

#[test]
fn links_that_stay_inside_are_kept_as_they_are() {
    let (_, listed) = cleaned(&[
        folder("artifacts/"),
        file("artifacts/lib/x.so.1", "x"),
        wild(b'2', "artifacts/lib/x.so", "x.so.1"),
        wild(b'2', "artifacts/bin/x", "../lib/x.so"),
        wild(b'2', "artifacts/dangling", "./nowhere/at/all"),
        wild(b'1', "artifacts/hard", "artifacts/lib/x.so.1"),
    ])
    .unwrap();
    let targets: Vec<&Kind> = listed
        .iter()
        .map(|listed| &listed.entry.kind)
        .filter(|kind| !matches!(kind, Kind::File { .. }))
        .collect();
    let link = |target: &str| Kind::Link {
        target: target.into(),
    };
    let same = Kind::SameAs {
        first: "lib/x.so.1".into(),
    };
    assert_eq!(
        targets,
        [
            &link("x.so.1"),
            &link("../lib/x.so"),
            &link("./nowhere/at/all"),
            &same
        ]
    );
}

#[test]
fn a_second_name_of_what_is_not_in_the_archive_is_refused() {
    for target in [
        "/etc/shadow",
        "../etc/shadow",
        "artifacts/../etc/shadow",
        "artifacts/later",
        "artifacts/link",
        "artifacts/folder",
        "a",
        "",
    ] {
        let refusal = refused(&[
            folder("artifacts/folder"),
            wild(b'2', "artifacts/link", "folder"),
            file("artifacts/a", "x"),
            wild(b'1', "artifacts/hard", target),
            file("artifacts/later", "x"),
        ]);
        assert!(
            matches!(refusal, Refusal::Link { .. }),
            "{target}: {refusal}"
        );
    }
}

#[test]
fn what_is_neither_file_folder_nor_link_is_refused() {
    for (flag, what) in [
        (b'3', "a device"),
        (b'4', "a device"),
        (b'6', "a pipe"),
        (b'S', "a sparse file in a form that is not read"),
        (b'M', "of an unknown kind"),
        (b'Z', "of an unknown kind"),
    ] {
        let refusal = refused(&[folder("artifacts/"), wild(flag, "artifacts/odd", "")]);
        let sentence = format!("odd is {what}; only files, folders and links are kept");
        assert_eq!(refusal.to_string(), sentence);
    }
}

#[test]
fn the_same_name_twice_is_refused() {
    for second in [
        file("artifacts/a", "2"),
        folder("artifacts/a/"),
        wild(b'2', "artifacts/./a", "b"),
        file("artifacts//a", ""),
    ] {
        let refusal = refused(&[file("artifacts/a", "1"), second]);
        assert_eq!(refusal.to_string(), r#""a" is there twice"#);
    }
    let folder_that_was_implied = [file("artifacts/a/b", "1"), folder("artifacts/a")];
    assert!(cleaned(&folder_that_was_implied).is_ok());
    let link_that_was_a_folder = [file("artifacts/a/b", "1"), wild(b'2', "artifacts/a", "b")];
    assert!(matches!(
        refused(&link_that_was_a_folder),
        Refusal::Twice(_)
    ));
    let in_a_file = [file("artifacts/a", "1"), file("artifacts/a/b", "1")];
    assert!(matches!(refused(&in_a_file), Refusal::NotInAFolder { .. }));
}

#[test]
fn the_folder_itself_is_a_folder() {
    for flag in [b'0', b'1', b'2', b'6'] {
        let refusal = refused(&[wild(flag, "artifacts", "x")]);
        assert!(matches!(refusal, Refusal::NoFolder(_)), "{refusal}");
    }
}

#[test]
fn names_that_cannot_be_shown_are_refused() {
    let mut odd = file("artifacts/", "");
    odd.name.extend([0xff, 0xfe]);
    let refusal = refused(&[odd]).to_string();
    assert!(refusal.ends_with("it is not UTF-8"), "{refusal}");
    let long = file(&format!("artifacts/{}", "x".repeat(256)), "");
    assert!(refused(&[long]).to_string().contains("255 bytes"));
    let deep = file(&format!("artifacts/{}", "x/".repeat(300)), "");
    assert!(refused(&[deep]).to_string().contains("too deep"));
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let limits = Limits {
        entries: 4,
        bytes: 10,
        names: 20,
    };
    let tried = |entries: &[Wild]| clean(&tar(entries), 512, limits, None).unwrap_err();
    let bomb = Wild {
        size: Some(1 << 40),
        ..file("bomb", "")
    };
    let refusal = tried(&[file("a", "12345"), bomb]);
    assert_eq!(
        refusal.to_string(),
        r#""bomb" brings it to 1099511627781 bytes; at most 10 are kept"#
    );
    assert!(refusal.is_too_large());
    let many: Vec<Wild> = (0..5).map(|nth| file(&nth.to_string(), "")).collect();
    assert_eq!(tried(&many), Refusal::TooMany(4));
    let implied = file("a/b/c/d/e/f", "");
    assert_eq!(tried(&[implied]), Refusal::TooMany(4));
    let long = file(&"n".repeat(21), "");
    assert_eq!(tried(&[long]), Refusal::LongNames(20));
}

#[test]
fn special_bits_do_not_come_through() {
    let root = Wild {
        mode: 0o6755,
        ..file("artifacts/su", "x")
    };
    let (_, listed) = cleaned(&[root]).unwrap();
    assert_eq!(listed[0].entry.mode, 0o755);
}

#[test]
fn headers_without_end_are_refused() {
    let endless: Vec<Wild> = (0..100)
        .map(|_| Wild {
            content: b"12 path=abc\n".to_vec(),
            ..wild(b'x', "x", "")
        })
        .collect();
    assert!(matches!(refused(&endless), Refusal::Broken(_)));
    let huge = Wild {
        size: Some(1 << 30),
        ..wild(b'L', "x", "")
    };
    assert!(matches!(refused(&[huge]), Refusal::Broken(_)));
    let sparse = Wild {
        content: b"25 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"[..].into(),
        ..wild(b'x', "x", "")
    };
    let refusal = refused(&[sparse, file("artifacts/a", "")]);
    assert!(!refusal.is_too_large(), "{refusal}");
}

#[test]
fn an_archive_that_is_cut_off_is_refused_wherever_that_is() {
    let whole = tar(&[folder("artifacts/"), file("artifacts/a", &"x".repeat(700))]);
    let end = whole.len() - 1024;
    for cut in 0..end {
        let tried = clean(&whole[..cut], 4096, Limits::default(), Some("artifacts"));
        assert!(tried.unwrap_err().is_damage(), "{cut}");
    }
}

fn entries() -> impl Strategy<Value = Vec<Wild>> {
    const PARTS: &[&str] = &["a", "b", "..", ".", "", "artifacts", "c"];
    let path = prop::collection::vec(prop::sample::select(PARTS), 1..5).prop_map(|it| it.join("/"));
    let flags = prop::sample::select(&b"000555221136S\0x"[..]);
    let entry =
        (flags, path.clone(), path, "[x]{0,600}").prop_map(|(flag, name, target, text)| Wild {
            content: if flag == b'0' {
                text.into()
            } else {
                Vec::new()
            },
            ..wild(flag, &format!("artifacts/{name}"), &target)
        });
    prop::collection::vec(entry, 0..8)
}

/// Nothing outside of `inside` came to be, and nothing inside leads there.
fn is_contained(above: &std::path::Path) {
    let names: Vec<_> = std::fs::read_dir(above)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["inside"]);
    let inside = above.join("inside").canonicalize().unwrap();
    let mut todo = vec![inside.clone()];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                todo.push(entry.path());
            }
            if let Ok(real) = entry.path().canonicalize() {
                assert!(real.starts_with(&inside), "{}", real.display());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever somebody puts into a tar: it is refused, or all of it stays in its folder.
    #[test]
    fn whatever_is_taken_stays_inside(entries in entries(), piece in 1_usize..2_000) {
        let taken = clean(&tar(&entries), piece, Limits::default(), Some("artifacts"));
        let Ok((tar, _)) = taken else { return Ok(()) };
        let above = tempfile::tempdir().unwrap();
        crate::extract::unpack(&tar, &above.path().join("inside"), false).unwrap();
        is_contained(above.path());
    }

    /// Bytes that are not an archive, or not any more, are refused; nothing panics.
    #[test]
    fn damage_is_survived(
        entries in entries(),
        hits in prop::collection::vec((any::<Index>(), any::<u8>()), 0..20),
        piece in 1_usize..2_000,
    ) {
        let mut bytes = tar(&entries);
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // A number may have become any other: what is refused at all is refused soon.
        let _ = clean(&bytes, piece, Limits::default(), Some("artifacts"));
    }

    #[test]
    fn noise_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let _ = clean(&bytes, 512, Limits::default(), None);
    }
}
