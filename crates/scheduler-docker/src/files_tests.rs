use super::*;
use gofer_core::{
    container::{Exec, Limits},
    definition::Pull,
};
use gofer_secrets::SecretText;
use std::{io::Read, time::Duration};

fn container(paths: &[&str], read_only: bool) -> Container {
    let file = |path: &&str| {
        (
            (*path).to_owned(),
            FileContent::Plain(path.as_bytes().into()),
        )
    };
    Container {
        image: "x".to_owned(),
        pinned: false,
        exec: Exec::Script("#!/bin/awk -f\n".to_owned()),
        env: Vec::new(),
        files: paths.iter().map(file).collect(),
        volumes: Vec::new(),
        limits: Limits::default(),
        user: None,
        working_dir: None,
        read_only,
        pull: Pull::Missing,
        registry: None,
        stop_grace: Duration::from_secs(10),
    }
}

fn aims(brand: Brand, container: &Container) -> Vec<(String, Vec<String>)> {
    let paths = |files: Vec<File<'_>>| files.into_iter().map(|file| file.path).collect();
    let uploads = uploads(brand, container).into_iter();
    uploads.map(|(root, files)| (root, paths(files))).collect()
}

fn aim(root: &str, paths: &[&str]) -> (String, Vec<String>) {
    let paths = paths.iter().map(|path| (*path).to_owned());
    (root.to_owned(), paths.collect())
}

#[test]
fn one_upload_holds_all_unless_the_root_is_read_only() {
    let writable = container(&["/etc/app/a", "/x"], false);
    assert_eq!(folders(Brand::Docker, &writable), [""; 0]);
    assert_eq!(
        aims(Brand::Docker, &writable),
        [aim("/", &["etc/app/a", "x", "gofer/script"])]
    );
    assert_eq!(
        aims(Brand::Podman, &writable),
        [aim("/", &["etc/app/a", "x"]), aim("/gofer", &["script"])]
    );
}

#[test]
fn on_a_read_only_root_the_outermost_folders_are_volumes_and_are_aimed_at() {
    let paths = ["/etc/app/a", "//etc/./b", "/etcetera/c", "/srv/x/y/d"];
    let closed = container(&paths, true);
    let volumes = folders(Brand::Docker, &closed);
    assert_eq!(volumes, ["/etc", "/etcetera", "/srv/x/y"]);
    assert_eq!(folders(Brand::Podman, &closed), [""; 0]);
    assert_eq!(
        aims(Brand::Docker, &closed),
        [
            aim("/etc", &["app/a", "b"]),
            aim("/etcetera", &["c"]),
            aim("/gofer", &["script"]),
            aim("/srv/x/y", &["d"]),
        ]
    );
}

#[test]
fn bytes_are_exact_and_a_secret_is_its_users_alone() {
    let long = format!("{}/end", "long/".repeat(60));
    let of = |path: &str, bytes: &'static [u8], is_secret| File {
        path: path.to_owned(),
        bytes,
        is_secret,
    };
    let files = [
        of("plain", b"no newline", false),
        of("run", b"#!/bin/sh\n", false),
        of("secret", b"\0\xff", true),
        of(&long, b"#!", true),
    ];
    let archive = pack(&files, 4_000_000, 7).unwrap();
    let mut tar = tar::Archive::new(archive.as_slice());
    let mut seen = Vec::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let header = entry.header();
        let (mode, uid) = (header.mode().unwrap(), header.uid().unwrap());
        let path = entry.path().unwrap().display().to_string();
        seen.push((path, mode, uid, bytes));
    }
    assert_eq!(
        seen,
        [
            ("plain".to_owned(), 0o444, 0, b"no newline".to_vec()),
            ("run".to_owned(), 0o555, 0, b"#!/bin/sh\n".to_vec()),
            ("secret".to_owned(), 0o400, 4_000_000, b"\0\xff".to_vec()),
            (long, 0o500, 4_000_000, b"#!".to_vec()),
        ]
    );
}

#[test]
fn a_secret_is_never_taken_for_a_plain_file() {
    let mut one = container(&[], false);
    let secret = SecretText::new("pw".to_owned());
    one.files = vec![("/s".to_owned(), FileContent::Secret(secret))];
    let files = files(&one);
    assert_eq!((files[0].is_secret, files[0].bytes), (true, &b"pw"[..]));
}
