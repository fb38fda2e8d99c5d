use crate::world::{all, attempt, everywhere, files_in, pieces, read, tar};
use futures_util::{StreamExt, stream};
use gofer_core::{id::Epoch, run::Artifacts};
use gofer_objects::{Error, KeepError, Limits, Objects};

const EPOCH: Epoch = Epoch(1);
const LIMITS: Limits = Limits {
    entries: 100,
    bytes: 10 << 20,
    names: 1 << 10,
};

#[tokio::test]
async fn what_was_left_is_there_whole_and_file_by_file() {
    let dir = tempfile::tempdir().unwrap();
    let large = vec![b'x'; 3 << 20];
    let files: &[(&str, &[u8])] = &[("artifacts/a", b"one"), ("artifacts/b/large", &large)];
    for objects in everywhere(dir.path()) {
        let id = attempt(1, Some(3), 2);
        let left = objects
            .keep((&id, EPOCH), pieces(&tar(files)), LIMITS)
            .await
            .unwrap();
        let expected = Artifacts {
            files: 2,
            bytes: 3 + (3 << 20),
        };
        assert_eq!(left, Some(expected));
        let whole = all(objects.tar(&id).await.unwrap()).await.unwrap();
        let index = objects.index(&id).await.unwrap();
        assert_eq!(index.length, whole.len() as u64);
        assert_eq!(index.artifacts(), left);
        let found = read(&whole);
        assert_eq!(found[0], ("a".to_owned(), "one".to_owned()));
        assert_eq!(found[1].1.len(), 3 << 20);
        let (bytes, one) = objects.file(&id, &index, "a").unwrap();
        assert_eq!((bytes, all(one).await.unwrap()), (3, b"one".to_vec()));
        for nothing in ["b", "b/", "c", ""] {
            assert!(objects.file(&id, &index, nothing).is_none());
        }
        let other = objects.index(&attempt(1, Some(3), 1)).await;
        assert!(matches!(other, Err(Error::Gone(_))), "{other:?}");
    }
}

#[tokio::test]
async fn names_of_every_kind_come_back_from_the_index() {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, path, target) in [
        (tar::EntryType::Directory, "artifacts/d/", ""),
        (tar::EntryType::Regular, "artifacts/d/file", ""),
        (tar::EntryType::Symlink, "artifacts/link", "d/file"),
        (tar::EntryType::Link, "artifacts/same", "artifacts/d/file"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        let text: &[u8] = if kind.is_file() { b"text" } else { b"" };
        header.set_size(text.len() as u64);
        let added = if target.is_empty() {
            builder.append_data(&mut header, path, text)
        } else {
            builder.append_link(&mut header, path, target)
        };
        added.unwrap();
    }
    let tar = builder.into_inner().unwrap();
    let objects = Objects::in_memory();
    let id = attempt(1, None, 1);
    let kept = objects.keep((&id, EPOCH), pieces(&tar), LIMITS).await;
    assert_eq!(kept.unwrap(), Some(Artifacts { files: 3, bytes: 4 }));
    let index = objects.index(&id).await.unwrap();
    let paths: Vec<&str> = index
        .files
        .iter()
        .map(|it| it.entry.path.as_str())
        .collect();
    assert_eq!(paths, ["d", "d/file", "link", "same"]);
    let (_, same) = objects.file(&id, &index, "same").unwrap();
    assert_eq!(all(same).await.unwrap(), b"text");
    assert!(objects.file(&id, &index, "link").is_none());
}

#[tokio::test]
async fn kept_twice_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    for objects in everywhere(dir.path()) {
        let id = attempt(1, None, 1);
        let first = tar(&[("artifacts/a", b"1"), ("artifacts/b", b"2")]);
        for _ in 0..2 {
            let kept = objects.keep((&id, EPOCH), pieces(&first), LIMITS).await;
            assert_eq!(kept.unwrap(), Some(Artifacts { files: 2, bytes: 2 }));
        }
    }
    let run = "runs/00000000-0000-0000-0000-000000000001/build/attempt-1";
    assert_eq!(
        files_in(dir.path()),
        [
            format!("{run}/artifacts-1.tar"),
            format!("{run}/artifacts.json")
        ]
    );
}

#[tokio::test]
async fn what_is_refused_or_breaks_off_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let large = vec![b'x'; 9 << 20];
    for objects in everywhere(dir.path()) {
        let id = attempt(1, None, 1);
        let late = tar(&[("artifacts/large", &large), ("elsewhere", b"x")]);
        let refused = objects.keep((&id, EPOCH), pieces(&late), LIMITS).await;
        assert!(
            matches!(&refused, Err(KeepError::Refused(_))),
            "{refused:?}"
        );
        let most = Limits { bytes: 5, ..LIMITS };
        let huge = tar(&[("artifacts/large", &large)]);
        match objects.keep((&id, EPOCH), pieces(&huge), most).await {
            Err(KeepError::Refused(refusal)) => assert!(refusal.is_too_large()),
            other => panic!("{other:?}"),
        }
        let broken = pieces(&huge[..8 << 20]);
        let broken = broken.chain(stream::iter([Err("the engine went".to_owned())]));
        match objects.keep((&id, EPOCH), broken, LIMITS).await {
            Err(KeepError::Source(why)) => assert_eq!(why, "the engine went"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(objects.index(&id).await, Err(Error::Gone(_))));
        assert!(matches!(objects.tar(&id).await, Err(Error::Gone(_))));
    }
    assert!(files_in(dir.path()).is_empty());
}

/// A process that was taken for dead goes on, and finds the container gone: it harms nobody.
#[tokio::test]
async fn one_who_was_taken_for_dead_takes_nothing_away() {
    let dir = tempfile::tempdir().unwrap();
    let large = vec![b'x'; 9 << 20];
    for objects in everywhere(dir.path()) {
        let id = attempt(1, None, 1);
        let whole = tar(&[("artifacts/large", &large)]);
        let new = objects.keep((&id, Epoch(2)), pieces(&whole), LIMITS).await;
        let broken = pieces(&whole[..8 << 20]);
        let broken = broken.chain(stream::iter([Err("the container is gone".to_owned())]));
        objects
            .keep((&id, Epoch(1)), broken, LIMITS)
            .await
            .unwrap_err();
        let found = all(objects.tar(&id).await.unwrap()).await.unwrap();
        assert_eq!(read(&found).len(), 1);
        assert_eq!(objects.index(&id).await.unwrap().artifacts(), new.unwrap());
    }
}

/// As after a kill in the middle: the next try, or the end of the run, takes it away.
#[tokio::test]
async fn an_upload_that_was_cut_short_goes_with_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let objects = Objects::in_folder(dir.path()).unwrap();
    let (id, other) = (attempt(1, None, 1), attempt(2, None, 1));
    for id in [&id, &other] {
        let folder = format!("runs/{}/build/attempt-1", id.run);
        let folder = dir.path().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("artifacts-7.tar#1"), "half").unwrap();
    }
    let whole = tar(&[("artifacts/a", b"1")]);
    objects
        .keep((&id, EPOCH), pieces(&whole), LIMITS)
        .await
        .unwrap();
    assert_eq!(files_in(dir.path()).len(), 3);
    objects.remove_run(other.run).await.unwrap();
    assert_eq!(files_in(dir.path()).len(), 2);
}

#[tokio::test]
async fn folders_alone_are_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    for folder in ["artifacts/", "artifacts/empty/"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        builder.append_data(&mut header, folder, &[][..]).unwrap();
    }
    let tar = builder.into_inner().unwrap();
    for objects in everywhere(dir.path()) {
        let id = attempt(1, None, 1);
        let kept = objects.keep((&id, EPOCH), pieces(&tar), LIMITS).await;
        assert_eq!(kept.unwrap(), None);
        assert!(matches!(objects.index(&id).await, Err(Error::Gone(_))));
    }
}

#[tokio::test]
async fn a_run_goes_with_all_of_its_artifacts_and_nobody_elses() {
    let dir = tempfile::tempdir().unwrap();
    for objects in everywhere(dir.path()) {
        let (one, two) = (attempt(1, Some(0), 1), attempt(2, None, 1));
        for id in [&one, &two] {
            let tar = tar(&[("artifacts/a", b"1")]);
            objects
                .keep((id, EPOCH), pieces(&tar), LIMITS)
                .await
                .unwrap();
        }
        objects.remove_run(one.run).await.unwrap();
        objects.remove_run(one.run).await.unwrap();
        assert!(matches!(objects.index(&one).await, Err(Error::Gone(_))));
        assert!(objects.index(&two).await.is_ok());
    }
}

#[tokio::test]
async fn inputs_are_one_archive_of_several() {
    let dir = tempfile::tempdir().unwrap();
    for objects in everywhere(dir.path()) {
        let ids = [attempt(1, None, 1), attempt(1, Some(1), 2)];
        for id in &ids {
            let tar = tar(&[("artifacts/sub/name", format!("{id}").as_bytes())]);
            objects
                .keep((id, EPOCH), pieces(&tar), LIMITS)
                .await
                .unwrap();
        }
        let [one, two] = ids.clone();
        let wanted = vec![("build".to_owned(), one), ("map/1".to_owned(), two)];
        let found = read(&all(objects.inputs(wanted)).await.unwrap());
        let files: Vec<_> = found
            .into_iter()
            .filter(|(path, _)| !path.ends_with('/'))
            .collect();
        assert_eq!(
            files,
            [
                ("build/sub/name".to_owned(), ids[0].to_string()),
                ("map/1/sub/name".to_owned(), ids[1].to_string()),
            ]
        );
        let gone = vec![("build".to_owned(), attempt(9, None, 1))];
        let gone = all(objects.inputs(gone)).await;
        assert!(matches!(gone, Err(Error::Gone(_))), "{gone:?}");
        let none = all(objects.inputs(Vec::new())).await.unwrap();
        assert_eq!(read(&none), []);
    }
}
