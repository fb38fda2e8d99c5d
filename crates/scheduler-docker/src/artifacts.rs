//! What an ended attempt left in `$GOFER_ARTIFACTS`, handed through as the engine sends it.

use crate::{collect, engine::Engine, labels, remedy, spec};
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::{StreamExt, TryStreamExt};
use gofer_core::id::AttemptId;
use gofer_scheduler::{Error, Tar};

pub(crate) async fn artifacts(engine: &Engine, id: &AttemptId) -> Result<Option<Tar>, Error> {
    let name = labels::attempt_name(engine.store, id);
    // What is no folder is for whoever reads the archive to refuse.
    if collect::stat(engine, &name, spec::ARTIFACTS)
        .await?
        .is_none()
    {
        // A missing folder and a missing container are both 404, and HEAD has no words.
        let there = engine.docker.inspect_container(&name, None).await;
        return there.map(|_| None).map_err(remedy::plain);
    }
    let options = DownloadFromContainerOptionsBuilder::new()
        .path(spec::ARTIFACTS)
        .build();
    let download = engine.patient.download_from_container(&name, Some(options));
    Ok(Some(download.map_err(remedy::plain).boxed()))
}
