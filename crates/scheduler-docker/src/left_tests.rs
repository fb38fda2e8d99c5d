use super::*;
use std::{
    fs::{create_dir, write},
    os::unix::{
        fs::{MetadataExt, symlink},
        net::UnixListener,
    },
};
use tempfile::TempDir;

fn place() -> (TempDir, Left) {
    let folder = tempfile::tempdir().unwrap();
    create_dir(folder.path().join("artifacts")).unwrap();
    let left = Left {
        place: Spot::Volume(folder.path().to_owned()),
        artifacts: None,
    };
    (folder, left)
}

#[test]
fn what_is_there_is_read_and_what_is_not_is_nothing() {
    let (folder, left) = place();
    let nothing = left.read().unwrap();
    assert_eq!((nothing.output, nothing.artifacts), (None, false));
    write(folder.path().join("output"), "a=b\n").unwrap();
    write(folder.path().join("artifacts/report"), "").unwrap();
    let some = left.read().unwrap();
    assert_eq!(
        (some.output, some.artifacts),
        (Some(b"a=b\n".to_vec()), true)
    );
}

#[test]
fn artifacts_may_be_a_folder_of_their_own_and_may_have_been_removed() {
    let (folder, left) = place();
    let own = tempfile::tempdir().unwrap();
    let left = Left {
        artifacts: Some(own.path().to_owned()),
        ..left
    };
    write(folder.path().join("artifacts/hidden"), "").unwrap();
    assert!(!left.read().unwrap().artifacts);
    write(own.path().join("report"), "").unwrap();
    assert!(left.read().unwrap().artifacts);
    let (folder, left) = place();
    std::fs::remove_dir(folder.path().join("artifacts")).unwrap();
    assert!(!left.read().unwrap().artifacts);
}

#[test]
fn of_a_long_output_no_more_is_read_than_shows_that_it_is_too_long() {
    let (folder, left) = place();
    write(folder.path().join("output"), vec![b'a'; MOST + 5_000]).unwrap();
    assert_eq!(left.read().unwrap().output.unwrap().len(), MOST);
}

#[test]
fn a_link_is_not_followed_and_what_is_no_file_is_not_opened() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    write(secret.path(), "password=1\n").unwrap();
    let (folder, left) = place();
    let output = folder.path().join("output");
    symlink(secret.path(), &output).unwrap();
    assert!(left.read().is_err(), "a link");
    std::fs::remove_file(&output).unwrap();
    create_dir(&output).unwrap();
    assert!(left.read().is_err(), "a folder");
    std::fs::remove_dir(&output).unwrap();
    let _socket = UnixListener::bind(&output).unwrap();
    assert!(left.read().is_err(), "a socket");
    std::fs::remove_file(&output).unwrap();
    // To open it would wait for somebody who writes.
    rustix::fs::mknodat(rustix::fs::CWD, &output, FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert!(left.read().is_err(), "a pipe");
}

#[test]
fn a_link_in_place_of_the_artifacts_is_not_followed() {
    let (folder, left) = place();
    let artifacts = folder.path().join("artifacts");
    std::fs::remove_dir(&artifacts).unwrap();
    symlink("/", &artifacts).unwrap();
    assert!(left.read().is_err());
}

#[test]
fn a_bare_folder_is_furnished_for_anybody_and_nothing_shows_that_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let left = Left {
        place: Spot::Volume(folder.path().to_owned()),
        artifacts: None,
    };
    for _ in 0..2 {
        left.furnish().unwrap();
    }
    let look = |name: &str| {
        let metadata = folder.path().join(name).metadata().unwrap();
        (metadata.mode() & 0o7777, metadata.mtime())
    };
    assert_eq!(look(".").0, 0o1777);
    assert_eq!(look("artifacts"), (0o1777, 0));
    assert_eq!(look("inputs"), (0o755, 0));
    let nothing = left.read().unwrap();
    assert_eq!((nothing.output, nothing.artifacts), (None, false));
}

#[test]
fn what_is_there_in_place_of_a_folder_is_not_followed_when_it_is_furnished() {
    let (folder, left) = place();
    let outside = tempfile::tempdir().unwrap();
    let artifacts = folder.path().join("artifacts");
    std::fs::remove_dir(&artifacts).unwrap();
    symlink(outside.path(), &artifacts).unwrap();
    let mode = || outside.path().metadata().unwrap().mode();
    let before = mode();
    assert!(left.furnish().is_err());
    assert_eq!(mode(), before);
}

#[test]
fn a_folder_that_is_not_on_this_machine_is_elsewhere() {
    let (_folder, left) = place();
    left.look().unwrap();
    let elsewhere = Left {
        place: Spot::Volume("/nowhere/at/all".into()),
        ..left
    };
    assert!(is_elsewhere(&elsewhere.look().unwrap_err()));
    assert!(elsewhere.read().is_err());
    assert!(is_elsewhere(&elsewhere.furnish().unwrap_err()));
    assert!(is_elsewhere(&io::ErrorKind::PermissionDenied.into()));
    assert!(!is_elsewhere(&io::ErrorKind::StorageFull.into()));
}

#[test]
fn only_a_local_volume_is_a_folder_of_this_machine() {
    let mount = |target: &str, typ: &str, driver: &str| MountPoint {
        destination: Some(target.to_owned()),
        typ: Some(typ.to_owned()),
        driver: Some(driver.to_owned()),
        source: Some(format!("/volumes{target}")),
        ..MountPoint::default()
    };
    let of = |mounts: Vec<MountPoint>| {
        Left::of(&ContainerInspectResponse {
            mounts: Some(mounts),
            ..ContainerInspectResponse::default()
        })
    };
    assert_eq!(of(vec![]), None);
    assert_eq!(of(vec![mount(PLACE, "bind", "local")]), None);
    assert_eq!(of(vec![mount(PLACE, "volume", "nfs")]), None);
    let both = of(vec![
        mount(ARTIFACTS, "volume", "local"),
        mount(PLACE, "volume", "local"),
    ]);
    let wanted = Left {
        place: Spot::Volume("/volumes/gofer".into()),
        artifacts: Some("/volumes/gofer/artifacts".into()),
    };
    assert_eq!(both, Some(wanted));
}

#[test]
fn what_is_among_the_containers_own_files_is_made_and_read_there() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root may do this");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let left = Left {
        place: Spot::Layer(Layer::at(folder.path())),
        artifacts: None,
    };
    left.look().unwrap();
    assert!(left.read().is_err(), "it is not there yet");
    left.furnish().unwrap();
    let place = folder.path().join("gofer");
    assert_eq!(place.metadata().unwrap().mode() & 0o7777, 0o1777);
    let nothing = left.read().unwrap();
    assert_eq!((nothing.output, nothing.artifacts), (None, false));
    write(place.join("output"), "a=b\n").unwrap();
    write(place.join("artifacts/report"), "").unwrap();
    let some = left.read().unwrap();
    assert_eq!(
        (some.output, some.artifacts),
        (Some(b"a=b\n".to_vec()), true)
    );
    std::fs::remove_dir_all(&place).unwrap();
    symlink("/", &place).unwrap();
    assert!(left.read().is_err(), "the engine has to be asked");
}
