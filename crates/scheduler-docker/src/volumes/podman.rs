//! Podman fills a volume when a container starts, so no carrier gives it a mode; and it forgets the
//! labels of a volume that a container brings about.

use crate::engine::Engine;
use bollard::{
    body_full,
    errors::Error as Raw,
    models::VolumeCreateRequest,
    query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder},
};
use futures_util::StreamExt;
use std::{collections::HashMap, io};

/// Makes a volume, unless it is there.
pub(super) async fn make(
    engine: &Engine,
    name: &str,
    labels: &HashMap<String, String>,
) -> Result<(), Raw> {
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some(labels.clone()),
        ..VolumeCreateRequest::default()
    };
    engine.docker.create_volume(request).await.map(drop)
}

/// Opens an empty volume of a container that was created to anybody.
pub(super) async fn open(engine: &Engine, container: &str, at: &str) -> Result<(), Raw> {
    if !is_empty(engine, container, at).await? {
        return Ok(());
    }
    let options = UploadToContainerOptionsBuilder::new().path(at).build();
    let tar = itself(0o1777)?;
    let upload = engine
        .docker
        .upload_to_container(container, Some(options), body_full(tar.into()));
    upload.await
}

/// More than the folder's own entry is that of the first thing in it.
const ENOUGH: usize = 16 * 1024;

async fn is_empty(engine: &Engine, container: &str, at: &str) -> Result<bool, Raw> {
    let options = DownloadFromContainerOptionsBuilder::new().path(at).build();
    let download = engine
        .docker
        .download_from_container(container, Some(options));
    let mut chunks = std::pin::pin!(download);
    let mut archive = Vec::new();
    while archive.len() < ENOUGH
        && let Some(chunk) = chunks.next().await
    {
        archive.extend_from_slice(&chunk?);
    }
    let mut tar = tar::Archive::new(archive.as_slice());
    Ok(tar.entries()?.count() < 2)
}

/// A tar of the folder alone into which it is put.
fn itself(mode: u32) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut folder = tar::Header::new_ustar();
    folder.set_entry_type(tar::EntryType::Directory);
    folder.set_mode(mode);
    folder.set_size(0);
    tar.append_data(&mut folder, "./", io::empty())?;
    tar.into_inner()
}
