use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use gofer_core::id::{AttemptId, RunId};
use gofer_objects::{Error, Objects};
use std::{io::Read, path::Path};
use uuid::Uuid;

pub(crate) fn attempt(run: u128, item: Option<u32>, number: u32) -> AttemptId {
    AttemptId {
        run: RunId(Uuid::from_u128(run)),
        task: "build".parse().unwrap(),
        item,
        number,
    }
}

/// A tar of these files, each with its bytes.
pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o640);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn pieces(tar: &[u8]) -> impl Stream<Item = Result<Bytes, String>> + use<> {
    let pieces: Vec<_> = tar.chunks(1_000).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces).map(Ok)
}

pub(crate) async fn all(bits: impl Stream<Item = Result<Bytes, Error>>) -> Result<Vec<u8>, Error> {
    let all: Vec<Bytes> = bits.try_collect().await?;
    Ok(all.concat())
}

/// Path and content of every file.
pub(crate) fn read(tar: &[u8]) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(tar);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().display().to_string(), text)
    });
    files.collect()
}

pub(crate) fn everywhere(folder: &Path) -> [Objects; 2] {
    [Objects::in_memory(), Objects::in_folder(folder).unwrap()]
}

/// Every file below a folder.
pub(crate) fn files_in(folder: &Path) -> Vec<String> {
    let (mut todo, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                todo.push(entry.path());
            } else {
                let path = entry.path();
                let path = path.strip_prefix(folder).unwrap();
                files.push(path.display().to_string());
            }
        }
    }
    files.sort();
    files
}
