//! Podman fills a volume when a container starts, so no carrier gives it a mode; and it forgets the
//! labels of a volume that a container brings about.

use crate::{engine::Engine, spec};
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
    make_folders(engine, container, at, &[("./", 0o1777)]).await
}

/// Makes what an attempt's own volume has elsewhere from the image of its carrier.
pub(crate) async fn furnish(engine: &Engine, container: &str) -> Result<(), Raw> {
    let folders = [("./", 0o1777), ("artifacts/", 0o1777), ("inputs/", 0o755)];
    make_folders(engine, container, spec::PLACE, &folders).await
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

async fn make_folders(
    engine: &Engine,
    container: &str,
    at: &str,
    folders: &[(&str, u32)],
) -> Result<(), Raw> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode) in folders {
        let mut folder = tar::Header::new_ustar();
        folder.set_entry_type(tar::EntryType::Directory);
        folder.set_mode(*mode);
        folder.set_size(0);
        tar.append_data(&mut folder, name, io::empty())?;
    }
    let body = body_full(tar.into_inner()?.into());
    let options = UploadToContainerOptionsBuilder::new().path(at).build();
    let upload = engine
        .docker
        .upload_to_container(container, Some(options), body);
    upload.await
}
