//! Services end with their attempt: SIGTERM, their own grace, SIGKILL.

use crate::{
    engine::{Engine, lock},
    labels,
    remedy::{self, Kind},
    removal,
};
use bollard::{
    models::ContainerSummaryStateEnum,
    query_parameters::{ListContainersOptionsBuilder, StopContainerOptions},
};
use gofer_core::id::AttemptId;
use gofer_scheduler::{Error, Ours, Role};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// What was read of a log by the time that its container has ended comes at once.
const LAST_BYTES: Duration = Duration::from_secs(5);

/// Has services end, and does not wait for it. Each has its grace written on its container.
pub(crate) fn stop_soon(engine: &Arc<Engine>, id: &AttemptId, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let Some(ending) = engine.services.ask(id) else {
        return;
    };
    for name in names {
        let (stopping, name) = (engine.clone(), name.clone());
        let stopping = ending.track_future(async move {
            let closing = stopping.closing.clone();
            tokio::select! {
                biased;
                () = closing.cancelled() => {}
                stopped = stop(&stopping, &name) => if let Err(error) = stopped {
                    // Removing its attempt ends it, too.
                    tracing::debug!(name, %error, "a service was not stopped");
                },
            }
        });
        engine.tasks.spawn(stopping);
    }
}

async fn stop(engine: &Engine, name: &str) -> Result<(), Error> {
    match engine
        .patient
        .stop_container(name, None::<StopContainerOptions>)
        .await
    {
        Ok(()) => Ok(()),
        Err(error) => match remedy::kind(error) {
            Kind::Said(304 | 404, _) => Ok(()),
            Kind::Said(_, words) if words.contains("is not running") => Ok(()),
            Kind::Said(_, words) => Err(Error::Failed(words)),
            Kind::Away(words) => Err(Error::Away(remedy::away(&words))),
        },
    }
}

/// Removes the services of an attempt and the sandbox that they shared, when they have ended.
pub(crate) async fn remove(engine: &Engine, id: &AttemptId) -> Result<(), Error> {
    let filters = HashMap::from([("label", labels::filters(engine.store, id))]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let found = removal::listed(engine, options).await?;
    let (mut services, mut sandboxes) = (Vec::new(), Vec::new());
    for container in found {
        let runs = container.state == Some(ContainerSummaryStateEnum::RUNNING);
        let ours = removal::container_of(engine, &container);
        match ours.filter(|ours| ours.attempt.as_ref() == Some(id)) {
            Some(ours) if ours.role == Role::Service => services.push((ours, runs)),
            Some(ours) if ours.role == Role::Sandbox => sandboxes.push(ours),
            _ => {}
        }
    }
    let under_way = lock(&engine.services.0)
        .get(id)
        .cloned()
        .unwrap_or_default();
    under_way.ending.close();
    under_way.ending.wait().await;
    if !under_way.asked {
        let running = services.iter().filter(|(_, runs)| *runs);
        let stopping = running.map(|(ours, _)| stop(engine, &ours.name));
        futures_util::future::try_join_all(stopping).await?;
    }
    under_way.reading.close();
    tokio::select! {
        biased;
        () = under_way.reading.wait() => {}
        () = engine.clock.sleep(LAST_BYTES) => {}
    }
    lock(&engine.services.0).remove(id);
    let is_it = |ours: &Ours| {
        ours.attempt.as_ref() == Some(id) && matches!(ours.role, Role::Service | Role::Sandbox)
    };
    // The sandbox last: the others are on its network.
    for ours in services.iter().map(|(ours, _)| ours).chain(&sandboxes) {
        removal::remove_container(engine, &ours.name, is_it).await?;
    }
    Ok(())
}
