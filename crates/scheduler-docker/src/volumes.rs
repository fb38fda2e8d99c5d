//! The volumes that a file names: for a run, for a pipeline, or a folder of the machine.

mod podman;

use crate::{
    collect,
    engine::{Brand, Engine},
    files,
    find::Endpoint,
    holder, labels,
    remedy::{self, Kind, found},
    supplies,
};
use bollard::{
    Docker,
    errors::Error as Raw,
    models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions},
    query_parameters::{
        ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
        RemoveVolumeOptions,
    },
};
use gofer_core::{definition::VolumeSource, id::RunId, name::VolumeName, run::Reason};
use gofer_scheduler::{Container, Error, Role, StartError};
use std::{collections::HashMap, path::Path};

/// Whose volumes are meant.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) run: RunId,
    /// Such as `default/etl`.
    pub(crate) pipeline: &'a str,
}

/// A volume on the engine.
struct Named {
    name: String,
    labels: HashMap<String, String>,
}

/// Where a volume comes from, in the engine's terms.
enum Source<'a> {
    Volume(Named),
    /// Of the machine.
    Folder(&'a str),
}

impl<'a> Source<'a> {
    fn of(engine: &Engine, owner: Owner<'_>, said: &'a VolumeSource) -> Self {
        match said {
            VolumeSource::Scratch(name) => Self::Volume(Named {
                name: labels::scratch_name(engine.store, owner.run, name),
                labels: labels::of_scratch(engine.store, owner.run, name),
            }),
            VolumeSource::Persistent(name) => Self::Volume(kept(engine, owner.pipeline, name)),
            VolumeSource::Host(path) => Self::Folder(path),
        }
    }
}

fn kept(engine: &Engine, pipeline: &str, name: &VolumeName) -> Named {
    Named {
        name: labels::kept_name(engine.store, pipeline, name),
        labels: labels::of_kept(engine.store, pipeline, name),
    }
}

/// Makes a container's volumes exist, so that whoever it runs as can write to them.
pub(crate) async fn ready(
    engine: &Engine,
    owner: Owner<'_>,
    container: &Container,
) -> Result<(), StartError> {
    for (at, source, _) in &container.volumes {
        let made = match Source::of(engine, owner, source) {
            Source::Folder(path) => {
                is_of_this_machine(&engine.endpoint, path)?;
                if engine.brand == Brand::Podman && !Path::new(path).exists() {
                    return Err(remedy::no_such_folder(path));
                }
                continue;
            }
            Source::Volume(named) => make(engine, &named, of_run(engine, owner)).await,
        };
        made.map_err(|error| remedy::of_volume(error, at))?;
    }
    Ok(())
}

/// What is written on the carrier of a run's volume.
fn of_run(engine: &Engine, owner: Owner<'_>) -> HashMap<String, String> {
    labels::of_run(engine.store, owner.run, Role::Volume)
}

const ANYBODY_WRITES: u32 = 0o002;

/// Opens the volumes of a container that was created: one that is empty has taken the mode of the
/// image's folder then, which often is for root alone.
pub(crate) async fn open(
    engine: &Engine,
    owner: Owner<'_>,
    container: &str,
    said: &Container,
) -> Result<(), StartError> {
    for (at, source, _) in &said.volumes {
        let Source::Volume(named) = Source::of(engine, owner, source) else {
            continue;
        };
        let stat = collect::stat(engine, container, at).await;
        let stat = stat.map_err(|error| remedy::of_look(error, at))?;
        if stat.is_none_or(|stat| stat.file_mode & ANYBODY_WRITES != 0) {
            continue;
        }
        let opened = match engine.brand {
            Brand::Docker => carry(engine, &named, of_run(engine, owner)).await,
            Brand::Podman => podman::open(engine, container, at).await,
        };
        opened.map_err(|error| remedy::of_volume(error, at))?;
    }
    Ok(())
}

/// Another machine has other folders, and most engines would silently make an empty one.
fn is_of_this_machine(endpoint: &Endpoint, path: &str) -> Result<(), StartError> {
    if matches!(endpoint, Endpoint::Unix(_)) {
        return Ok(());
    }
    let text = format!(
        "{path:?} is a folder of this machine, and the container engine at {endpoint} may run on \
         another one; use a `persistent` volume, or an engine on a local socket"
    );
    Err(remedy::failed(Reason::StartFailed, text))
}

/// The mounts of a container whose volumes are ready, and the folders of its files that have to be
/// volumes: these have no name and go with the container.
pub(crate) fn mounts<'a>(
    engine: &'a Engine,
    owner: Owner<'a>,
    container: &'a Container,
) -> impl Iterator<Item = Mount> + 'a {
    let folders = files::folders(engine.brand, container).into_iter();
    let folders = folders.map(move |folder| Mount {
        target: Some(folder),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(of_run(engine, owner)),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    });
    let volumes = container.volumes.iter();
    let volumes = volumes.map(move |(at, source, read_only)| {
        let mount = match Source::of(engine, owner, source) {
            Source::Volume(named) => volume(named),
            // A mount, not what the engine calls a bind: that would make a missing folder.
            Source::Folder(path) => Mount {
                source: Some(path.to_owned()),
                typ: Some(MountType::BIND),
                ..Mount::default()
            },
        };
        Mount {
            target: Some(at.clone()),
            read_only: Some(*read_only),
            ..mount
        }
    });
    volumes.chain(folders)
}

fn volume(named: Named) -> Mount {
    Mount {
        source: Some(named.name),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(named.labels),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

/// Makes a volume, unless it is there.
async fn make(engine: &Engine, named: &Named, carrier: HashMap<String, String>) -> Result<(), Raw> {
    if found(engine.docker.inspect_volume(&named.name).await)?.is_some() {
        return Ok(());
    }
    match engine.brand {
        Brand::Docker => carry(engine, named, carrier).await,
        Brand::Podman => podman::make(engine, &named.name, &named.labels).await,
    }
}

/// Gives a volume, as long as it is empty, the mode of a folder of ours that anybody may write to,
/// by way of a container that is never started. One that holds something stays as it is.
async fn carry(
    engine: &Engine,
    named: &Named,
    carrier: HashMap<String, String>,
) -> Result<(), Raw> {
    let body = ContainerCreateBody {
        image: Some(engine.supplies.image(engine).await?),
        cmd: Some(vec![holder::PROGRAM.to_owned()]),
        labels: Some(carrier),
        host_config: Some(HostConfig {
            log_config: Some(supplies::no_log()),
            mounts: Some(vec![Mount {
                target: Some(holder::EMPTY.to_owned()),
                ..volume(Named {
                    name: named.name.clone(),
                    labels: named.labels.clone(),
                })
            }]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let made = engine.docker.create_container(None, body).await?.id;
    let docker = engine.docker.clone();
    engine.tasks.spawn(async move {
        if let Err(error) = remove_carrier(&docker, &made).await {
            tracing::debug!(error = %remedy::chain(&error), "a volume's carrier stays");
        }
    });
    Ok(())
}

async fn remove_carrier(docker: &Docker, id: &str) -> Result<(), Raw> {
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    found(docker.remove_container(id, Some(options)).await).map(drop)
}

/// Makes a kept volume exist.
pub(crate) async fn ensure(
    engine: &Engine,
    pipeline: &str,
    name: &VolumeName,
) -> Result<(), Error> {
    let named = kept(engine, pipeline, name);
    let carrier = named.labels.clone();
    make(engine, &named, carrier).await.map_err(remedy::plain)
}

/// The kept volumes of this store. What one holds is not known without reading all of it.
pub(crate) async fn list(engine: &Engine) -> Result<Vec<(String, VolumeName, Option<u64>)>, Error> {
    let store = format!("{}={}", labels::STORE, engine.store);
    let filters = HashMap::from([("label", vec![store])]);
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let listed = engine.docker.list_volumes(Some(options)).await;
    let volumes = listed.map_err(remedy::plain)?.volumes.unwrap_or_default();
    let kept = volumes
        .iter()
        .filter_map(|volume| labels::kept(&volume.labels, engine.store));
    Ok(kept
        .map(|(pipeline, name)| (pipeline, name, None))
        .collect())
}

/// Removes a kept volume. Already gone is success.
pub(crate) async fn remove(
    engine: &Engine,
    pipeline: &str,
    name: &VolumeName,
) -> Result<(), Error> {
    let named = kept(engine, pipeline, name);
    let there = found(engine.docker.inspect_volume(&named.name).await).map_err(remedy::plain)?;
    let Some(volume) = there else { return Ok(()) };
    let is_it = labels::kept(&volume.labels, engine.store)
        .is_some_and(|(of, called)| of == pipeline && called == *name);
    if !is_it {
        let text = format!("the volume {} is not Gofer's: it stays", named.name);
        return Err(Error::Failed(text));
    }
    remove_carriers(engine, &named)
        .await
        .map_err(remedy::plain)?;
    let options = None::<RemoveVolumeOptions>;
    let removed = engine.docker.remove_volume(&named.name, options).await;
    match removed.map_err(remedy::kind) {
        Ok(()) | Err(Kind::Said(404, _)) => Ok(()),
        Err(Kind::Said(409, words)) => Err(Error::Failed(format!(
            "volume {name} of {pipeline} is in use; end the runs that have it, or remove what \
             failed attempts keep ({words})"
        ))),
        Err(Kind::Said(_, words)) => Err(Error::Failed(words)),
        Err(Kind::Away(words)) => Err(Error::Away(remedy::away(&words))),
    }
}

/// Those that a process left which died while it made the volume.
async fn remove_carriers(engine: &Engine, named: &Named) -> Result<(), Raw> {
    let labels = named.labels.iter();
    let wanted: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let filters = HashMap::from([("label", wanted)]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    for container in engine.docker.list_containers(Some(options)).await? {
        remove_carrier(&engine.docker, &container.id.unwrap_or_default()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_this_machine_is_refused_on_an_engine_that_may_be_elsewhere() {
        let local = Endpoint::Unix("/run/docker.sock".into());
        assert_eq!(is_of_this_machine(&local, "/srv"), Ok(()));
        let remote = Endpoint::Tcp("tcp://build:2375".to_owned());
        let refused = is_of_this_machine(&remote, "/srv").unwrap_err().to_string();
        assert!(
            refused.contains("\"/srv\" is a folder of this machine"),
            "{refused}"
        );
        assert!(refused.contains("build:2375"), "{refused}");
    }
}
