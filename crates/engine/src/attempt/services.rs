//! The logs of the services beside an attempt: kept like its own, each in a log of its own.

use super::Attempt;
use crate::log::Keeper;
use futures_util::stream::{self, StreamExt};
use gofer_core::name::ServiceName;
use gofer_logs::LogId;
use gofer_scheduler::LogEvent;
use std::sync::Arc;
use tokio::sync::mpsc::{Sender, channel};
use tokio_util::sync::CancellationToken;

/// Events on their way.
const ROOM: usize = 64;

/// Where the scheduler is to hand them.
pub(super) type Logs = Vec<(ServiceName, Sender<LogEvent>)>;

impl Attempt {
    /// Begins to keep them. Each ends when nobody hands anything on any more, which may be after
    /// the attempt.
    pub(super) fn service_logs(&self) -> Logs {
        let services = self.order.container.services.iter();
        services
            .map(|service| (service.name.clone(), self.keep_log_of(&service.name)))
            .collect()
    }

    fn keep_log_of(&self, service: &ServiceName) -> Sender<LogEvent> {
        let (to, from) = channel(ROOM);
        let context = Arc::clone(&self.context);
        let log = LogId {
            attempt: self.id.clone(),
            service: Some(service.clone()),
        };
        let keeping = async move {
            let keeper = Keeper::open(&context, &log).await;
            let events = stream::unfold(from, |mut from| async move {
                let event = from.recv().await?;
                Some((event, from))
            });
            keeper.keep(events.boxed(), &CancellationToken::new()).await;
        };
        let keeping = self.context.keeping.track_future(keeping);
        self.context.own(keeping);
        to
    }
}
