//! Volumes that anybody may write to.

use super::{Shelf, no_log};
use crate::{
    engine::{Engine, lock},
    holder, labels, remedy, spec,
};
use bollard::{
    errors::Error,
    models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions},
    query_parameters::RemoveContainerOptionsBuilder,
};
use gofer_core::id::RunId;
use gofer_scheduler::Role;
use std::{sync::Arc, time::Duration};

/// Longer than a start takes.
const PUT_OFF: Duration = Duration::from_millis(500);

/// Gets a volume ready for the run's next attempt.
pub(crate) fn want_volume(engine: &Arc<Engine>, run: RunId) {
    let shelf = engine.supplies.of(run);
    let mut stock = lock(&shelf.stock);
    if stock.released || stock.volumes_in_the_making > 0 || !stock.volumes.is_empty() {
        return;
    }
    stock.volumes_in_the_making += 1;
    drop(stock);
    let (engine, keeper) = (engine.clone(), shelf.clone());
    shelf.makers.spawn(async move {
        let made = make_volume(&engine, &keeper, run).await;
        let mut stock = lock(&keeper.stock);
        stock.volumes_in_the_making -= 1;
        // A failure shows again, with its words, where the volume is needed.
        stock.volumes.extend(made.ok());
        drop(stock);
        keeper.changed.notify_waiters();
    });
}

/// A volume of its own for one attempt: the one that lies ready, or a new one.
pub(crate) async fn volume(engine: &Arc<Engine>, run: RunId) -> Result<String, Error> {
    let shelf = engine.supplies.of(run);
    let ready = loop {
        let changed = shelf.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        {
            let mut stock = lock(&shelf.stock);
            if let Some(ready) = stock.volumes.pop() {
                break Some(ready);
            }
            if stock.volumes_in_the_making == 0 {
                break None;
            }
        }
        changed.await;
    };
    match ready {
        Some(ready) => Ok(ready),
        None => make_volume(engine, &shelf, run).await,
    }
}

/// The engine gives a new volume the content and the mode of the image's folder, so a container
/// that is never started makes one whose root anybody may write to.
async fn make_volume(
    engine: &Arc<Engine>,
    shelf: &Arc<Shelf>,
    run: RunId,
) -> Result<String, Error> {
    let supplies = &engine.supplies;
    let image = supplies.image(engine).await?;
    let volume = supplies.name(engine, run, Role::Volume);
    let marks = labels::of_run(engine.store, run, Role::Volume);
    let body = ContainerCreateBody {
        image: Some(image),
        cmd: Some(vec![holder::PROGRAM.to_owned()]),
        labels: Some(marks.clone()),
        host_config: Some(HostConfig {
            log_config: Some(no_log()),
            mounts: Some(vec![Mount {
                target: Some(spec::PLACE.to_owned()),
                source: Some(volume.clone()),
                typ: Some(MountType::VOLUME),
                volume_options: Some(MountVolumeOptions {
                    labels: Some(marks),
                    ..MountVolumeOptions::default()
                }),
                ..Mount::default()
            }]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let created = engine.docker.create_container(None, body).await;
    let carrier = {
        let mut stock = lock(&shelf.stock);
        // Without an answer it may be there all the same.
        stock.is_unclear |= created.is_err();
        let carrier = created?.id;
        stock.held.volumes.insert(volume.clone());
        stock.held.containers.insert(carrier.clone());
        carrier
    };
    shelf
        .makers
        .spawn(remove_carrier(engine.clone(), shelf.clone(), carrier));
    Ok(volume)
}

/// Not while the attempt that waits for the volume starts: it would take the engine from it.
async fn remove_carrier(engine: Arc<Engine>, shelf: Arc<Shelf>, carrier: String) {
    tokio::select! {
        biased;
        () = shelf.released.cancelled() => {}
        () = engine.clock.sleep(PUT_OFF) => {}
    }
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    match engine
        .docker
        .remove_container(&carrier, Some(options))
        .await
    {
        Ok(()) => drop(lock(&shelf.stock).held.containers.remove(&carrier)),
        Err(error) => {
            tracing::debug!(error = %remedy::chain(&error), "a volume's carrier stays for now");
        }
    }
}
