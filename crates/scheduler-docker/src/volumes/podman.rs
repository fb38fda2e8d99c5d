//! Podman fills a volume when a container starts, so no carrier gives it a mode; and it forgets the
//! labels of a volume that a container brings about.

use crate::{engine::Engine, furnish::make_folders};
use bollard::{
    errors::Error as Raw, models::VolumeCreateRequest,
    query_parameters::DownloadFromContainerOptionsBuilder,
};
use futures_util::StreamExt;
use std::collections::HashMap;

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
