//! What a container finds when it starts: the user's files, a script that names its own interpreter,
//! and its inputs. They are uploaded between create and start, in as few calls as can be: the engine
//! starts itself anew for each.

mod user;

pub(crate) use user::Users;

use crate::{
    engine::{Brand, Engine, lock},
    remedy, spec,
};
use bollard::{
    body_full, body_try_stream,
    query_parameters::{UploadToContainerOptions, UploadToContainerOptionsBuilder},
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use gofer_core::run::Reason;
use gofer_scheduler::{Container, FileContent, Inputs, StartError};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex},
};

struct File<'a> {
    /// Without the slash in front.
    path: String,
    bytes: &'a [u8],
    /// Nobody but the container's user may read it.
    is_secret: bool,
}

impl File<'_> {
    fn mode(&self) -> u32 {
        match (self.bytes.starts_with(b"#!"), self.is_secret) {
            (false, false) => 0o444,
            (true, false) => 0o555,
            (false, true) => 0o400,
            (true, true) => 0o500,
        }
    }
}

/// A path without the slash in front and without what means nothing.
fn relative(path: &str) -> String {
    let parts = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

fn files(container: &Container) -> Vec<File<'_>> {
    let user = container.files.iter().map(|(path, content)| {
        let (bytes, is_secret) = match content {
            FileContent::Plain(bytes) => (bytes.as_slice(), false),
            FileContent::Secret(secret) => (secret.expose().as_bytes(), true),
        };
        File {
            path: relative(path),
            bytes,
            is_secret,
        }
    });
    let script = spec::script(&container.exec).map(|script| File {
        path: relative(spec::SCRIPT),
        bytes: script.as_bytes(),
        is_secret: false,
    });
    user.chain(script).collect()
}

/// The folders that have to be volumes, because Docker puts nothing on a read-only root: they begin
/// with what the image has there. Podman's roots are read-only from the start on.
pub(crate) fn folders(brand: Brand, container: &Container) -> Vec<String> {
    if !container.read_only || brand == Brand::Podman {
        return Vec::new();
    }
    let parents: BTreeSet<String> = container
        .files
        .iter()
        .filter_map(|(path, _)| Some(format!("/{}", relative(path).rsplit_once('/')?.0)))
        .collect();
    let is_within = |inner: &str, outer: &String| {
        inner
            .strip_prefix(outer.as_str())
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let is_outermost = |folder: &&String| !parents.iter().any(|other| is_within(folder, other));
    parents.iter().filter(is_outermost).cloned().collect()
}

/// Files by the folder that an upload of them has to aim at. Docker goes through mounts from the
/// root, unless that is read-only; Podman never does.
fn uploads<'a>(brand: Brand, container: &'a Container) -> BTreeMap<String, Vec<File<'a>>> {
    let mut roots = folders(brand, container);
    if container.read_only || brand == Brand::Podman {
        roots.push(spec::PLACE.to_owned());
    }
    let mut uploads: BTreeMap<String, Vec<File<'a>>> = BTreeMap::new();
    for file in files(container) {
        let below = |root: &&String| {
            let root = root.trim_start_matches('/');
            let rest = file.path.strip_prefix(root);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let root = roots.iter().find(below).map_or("/", String::as_str);
        let skipped = root.trim_start_matches('/').len();
        let path = file.path.get(skipped..).unwrap_or_default();
        let path = path.trim_start_matches('/').to_owned();
        let files = uploads.entry(root.to_owned()).or_default();
        files.push(File { path, ..file });
    }
    uploads
}

/// Puts a container's files in their places.
pub(crate) async fn put(
    engine: &Engine,
    name: &str,
    container: &Container,
) -> Result<(), StartError> {
    let uploads = uploads(engine.brand, container);
    let has_secret = uploads.values().flatten().any(|file| file.is_secret);
    let owner = if has_secret {
        user::uid(engine, name, container).await?
    } else {
        0
    };
    let now = u64::try_from(engine.clock.now().as_second()).unwrap_or(0);
    for (root, files) in uploads {
        let packed = pack(&files, owner, now);
        let tar = packed
            .map_err(|error| remedy::failed(Reason::StartFailed, format!("`files`: {error}")))?;
        let upload =
            engine
                .docker
                .upload_to_container(name, Some(into(&root)), body_full(tar.into()));
        upload
            .await
            .map_err(|error| remedy::of_upload(error, &container.image))?;
    }
    Ok(())
}

/// A folder where a file is to be, or the other way round, is an error and not replaced.
fn into(folder: &str) -> UploadToContainerOptions {
    UploadToContainerOptionsBuilder::new()
        .path(folder)
        .no_overwrite_dir_non_dir("true")
        .build()
}

/// Folders are left out: the engine would give those of the image our mode.
fn pack(files: &[File<'_>], owner: u32, now: u64) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.mode());
        header.set_uid(if file.is_secret { owner.into() } else { 0 });
        header.set_gid(0);
        header.set_mtime(now);
        header.set_size(file.bytes.len() as u64);
        tar.append_data(&mut header, &file.path, file.bytes)?;
    }
    tar.into_inner()
}

/// Hands the inputs through as they are read. They may take as long as they take.
pub(crate) async fn put_inputs(
    engine: &Engine,
    name: &str,
    inputs: &dyn Inputs,
) -> Result<(), StartError> {
    // The client's error would not say on which side the stream broke.
    let broken: Arc<Mutex<Option<String>>> = Arc::default();
    let note = broken.clone();
    let tar = inputs.tar().inspect_err(move |error: &io::Error| {
        lock(&note).get_or_insert(error.to_string());
    });
    let body = body_try_stream(tar.map_ok(Bytes::from));
    let upload = engine
        .patient
        .upload_to_container(name, Some(into(spec::INPUTS)), body);
    let uploaded = upload.await;
    if let Some(words) = lock(&broken).take() {
        let text = format!("its inputs cannot be read: {words}");
        return Err(remedy::failed(Reason::StartFailed, text));
    }
    uploaded.map_err(remedy::of_inputs)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
