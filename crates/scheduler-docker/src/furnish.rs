//! What an attempt finds at `/gofer` when it starts: a folder that anybody may write to.
//!
//! Where the folders of the engine's containers and volumes are within our reach, it is one of the
//! container's own, or a volume without a name, and this is made by hand between create and start.
//! Everywhere else the engine has to be asked for it, at a price.

use crate::{
    engine::{Brand, Engine},
    layer::Layer,
    left::{Left, has_volume, is_elsewhere},
    machine::Reach,
    spec::{ARTIFACTS, PLACE},
};
use bollard::{
    body_full,
    errors::Error as Raw,
    models::{ContainerInspectResponse, MountPoint},
    query_parameters::UploadToContainerOptionsBuilder,
};
use gofer_core::id::AttemptId;
use std::io;

/// Furnishes the container's folder, unless it is, and notes where that is within reach. The engine's
/// id of its image, if it was looked at. Twice is harmless. `brings_nothing`: the engine puts nothing
/// into the container meanwhile.
pub(crate) async fn furnish(
    engine: &Engine,
    id: &AttemptId,
    container: &str,
    brings_nothing: bool,
) -> Result<Option<String>, Raw> {
    let may_be_bare = || engine.made.find(id).is_none_or(|made| made.is_bare);
    if engine.brand == Brand::Podman || engine.reach() == Reach::Elsewhere && !may_be_bare() {
        return Ok(None);
    }
    let inspected = match engine.docker.inspect_container(container, None).await {
        Ok(inspected) => inspected,
        // One that is furnished can do without.
        Err(_) if !may_be_bare() => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_bare = is_bare(&inspected);
    let known = engine.reach();
    match by_hand(known, &inspected, is_bare, brings_nothing).await {
        Ok((left, reach)) => {
            engine.reached(reach);
            engine.made.left(id, left);
        }
        Err(error) => {
            if let Some(reach) = behind(known, &error, has_volume(&inspected)) {
                engine.reached(reach);
            }
            if is_bare {
                by_upload(engine, container, is_read_only(&inspected)).await?;
            }
        }
    }
    Ok(inspected.image)
}

async fn by_hand(
    known: Reach,
    inspected: &ContainerInspectResponse,
    is_bare: bool,
    brings_nothing: bool,
) -> io::Result<(Left, Reach)> {
    let left = Left::of(inspected).filter(|_| known != Reach::Elsewhere);
    let left = left.ok_or(io::ErrorKind::Unsupported)?;
    let layer = Layer::of(inspected).filter(|_| brings_nothing);
    let working = tokio::task::spawn_blocking(move || {
        if is_bare {
            left.furnish()?;
        } else {
            left.look()?;
        }
        Ok((left, ahead(known, layer.as_ref())))
    });
    working.await?
}

/// What is known once a folder was used by hand. What a volume is put on has to be there anyway.
fn ahead(known: Reach, layer: Option<&Layer>) -> Reach {
    if known == Reach::Layers || layer.is_some_and(|layer| layer.make().is_ok()) {
        Reach::Layers
    } else {
        Reach::Here
    }
}

/// What is known once one could not be. From a container's own files nothing follows for volumes.
fn behind(known: Reach, error: &io::Error, has_volume: bool) -> Option<Reach> {
    match (known, has_volume) {
        (Reach::Layers, false) => Some(Reach::Here),
        (_, true) if is_elsewhere(error) => Some(Reach::Elsewhere),
        _ => None,
    }
}

fn is_read_only(inspected: &ContainerInspectResponse) -> bool {
    let host = inspected.host_config.as_ref();
    host.and_then(|host| host.readonly_rootfs).unwrap_or(false)
}

/// The same, through the engine. Of a folder that is a volume's root Docker changes the mode only by way
/// of the folder that it is in, to which a read-only root gives no way.
async fn by_upload(engine: &Engine, container: &str, is_read_only: bool) -> Result<(), Raw> {
    if is_read_only {
        return in_place(engine, container).await;
    }
    let folders = [
        ("gofer/", 0o1777),
        ("gofer/artifacts/", 0o1777),
        ("gofer/inputs/", 0o755),
    ];
    make_folders(engine, container, "/", &folders).await
}

/// The same on Podman, which changes the root of a volume, too.
pub(crate) async fn in_place(engine: &Engine, container: &str) -> Result<(), Raw> {
    let folders = [("./", 0o1777), ("artifacts/", 0o1777), ("inputs/", 0o755)];
    make_folders(engine, container, PLACE, &folders).await
}

pub(crate) async fn make_folders(
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

/// Nobody but us furnishes it: it has no volume, or one without a name that is ours.
fn is_bare(inspected: &ContainerInspectResponse) -> bool {
    let mounts = inspected.mounts.as_deref().unwrap_or_default();
    let at = |target: &str| {
        let is_it = |mount: &&MountPoint| mount.destination.as_deref() == Some(target);
        mounts.iter().find(is_it)
    };
    let is_unnamed = |name: &str| name.len() == 64 && name.bytes().all(|c| c.is_ascii_hexdigit());
    let is_bare = |mount: &MountPoint| mount.name.as_deref().is_some_and(is_unnamed);
    at(ARTIFACTS).is_none() && at(PLACE).is_none_or(is_bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_known_where_one_was_used_and_no_longer_than_that() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = Layer::at(&folder.path().join("nowhere"));
        assert_eq!(ahead(Reach::Unknown, None), Reach::Here, "other storage");
        assert_eq!(ahead(Reach::Here, Some(&nowhere)), Reach::Here);
        assert_eq!(ahead(Reach::Layers, None), Reach::Layers, "not tried");
        if rustix::process::geteuid().is_root() {
            let here = Layer::at(folder.path());
            assert_eq!(ahead(Reach::Here, Some(&here)), Reach::Layers);
        }
        let (gone, full) = (io::ErrorKind::NotFound, io::ErrorKind::StorageFull);
        let other = io::ErrorKind::Unsupported;
        for (known, error, has_volume, wanted) in [
            (Reach::Layers, gone, false, Some(Reach::Here)),
            (Reach::Layers, other, false, Some(Reach::Here)),
            (Reach::Layers, gone, true, Some(Reach::Elsewhere)),
            (Reach::Here, full, true, None),
            (Reach::Elsewhere, other, false, None),
        ] {
            assert_eq!(behind(known, &error.into(), has_volume), wanted);
        }
    }

    #[test]
    fn only_no_volume_or_one_without_our_name_and_without_another_in_it_is_bare() {
        let mount = |target: &str, name: &str| MountPoint {
            destination: Some(target.to_owned()),
            name: Some(name.to_owned()),
            ..MountPoint::default()
        };
        let is_bare = |mounts: Vec<MountPoint>| {
            is_bare(&ContainerInspectResponse {
                mounts: Some(mounts),
                ..ContainerInspectResponse::default()
            })
        };
        let unnamed = "0f".repeat(32);
        assert!(is_bare(vec![mount(PLACE, &unnamed), mount("/x", "x")]));
        assert!(!is_bare(vec![mount(PLACE, "gofer-0f")]));
        assert!(!is_bare(vec![
            mount(PLACE, &unnamed),
            mount(ARTIFACTS, &unnamed)
        ]));
        assert!(is_bare(vec![]));
        assert!(!is_bare(vec![mount(ARTIFACTS, &unnamed)]));
    }
}
