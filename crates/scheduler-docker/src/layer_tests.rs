use super::*;
use bollard::models::DriverData;
use std::{
    collections::HashMap,
    fs::{create_dir, write},
    os::unix::fs::symlink,
};

#[test]
fn only_one_kind_of_storage_says_where_a_container_keeps_its_own_files() {
    let of = |name: &str, key: &str| {
        Layer::of(&ContainerInspectResponse {
            graph_driver: Some(DriverData {
                name: name.to_owned(),
                data: HashMap::from([(key.to_owned(), "/layers/1/diff".to_owned())]),
            }),
            ..ContainerInspectResponse::default()
        })
    };
    let wanted = Some(Layer("/layers/1/diff".into()));
    assert_eq!(of("overlay2", "UpperDir"), wanted);
    assert_eq!(of("overlay2", "LowerDir"), None);
    assert_eq!(of("zfs", "UpperDir"), None);
    assert_eq!(Layer::of(&ContainerInspectResponse::default()), None);
}

/// Only root marks folders like this, and nobody else makes use of them.
fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        println!("skipped: only root may do this");
    }
    is_root
}

#[test]
fn it_is_made_once_and_hides_what_the_image_has() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer::at(folder.path());
    assert!(layer.open().is_err(), "nothing is there yet");
    for _ in 0..2 {
        layer.make().unwrap();
    }
    let place = layer.open().unwrap();
    let mut mark = [0; 8];
    assert_eq!(fs::fgetxattr(&place, OPAQUE.0, &mut mark).unwrap(), 1);
    assert_eq!(mark[0], b'y');
}

#[test]
fn a_layer_whose_root_is_somebody_else_out_here_is_left_alone() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(1000), Some(1000)).unwrap();
    assert!(Layer::at(folder.path()).make().is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn whatever_the_attempt_put_in_its_place_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer::at(folder.path());
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), folder.path().join(NAME)).unwrap();
    assert!(layer.open().is_err(), "a link");
    assert!(layer.make().is_err(), "nor is it made anew");
    std::fs::remove_file(folder.path().join(NAME)).unwrap();
    write(folder.path().join(NAME), "").unwrap();
    assert!(layer.open().is_err(), "a file");
}

#[test]
fn what_the_storage_keeps_somewhere_else_is_the_engines_to_tell() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let layer = Layer::at(folder.path());
    for mark in ["trusted.overlay.redirect", "trusted.overlay.metacopy"] {
        let place = folder.path().join(NAME);
        create_dir(&place).unwrap();
        layer.open().unwrap();
        fs::setxattr(&place, mark, b"/etc", XattrFlags::empty()).unwrap();
        assert!(layer.open().is_err(), "{mark}");
        std::fs::remove_dir(&place).unwrap();
    }
}
