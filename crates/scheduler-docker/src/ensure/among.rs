//! Making an attempt exist among its services.

use super::{Bringing, Created, Log};
use crate::{engine::State, remedy, services::Crew, supplies::Home};
use gofer_core::run::{Reason, Stage};
use gofer_scheduler::StartError;

impl Bringing {
    /// Services are made and started first; the attempt's own container is made meanwhile, and
    /// started when they are ready.
    pub(super) async fn among_services(mut self) -> Result<Log, StartError> {
        if let Some(seen) = self.existing().await?
            && seen.state != State::Created
        {
            return self.take_up(seen).await;
        }
        let logs = std::mem::take(&mut self.request.service_logs);
        let crew = Crew::new(&self.engine, &self.request).await?;
        // What is under way is let finish when the other fails: nobody would know of it.
        let (services, created) = tokio::join!(crew.start(logs), self.create(Some(crew.holder())));
        let (services, created) = (services?, created?);
        crew.ready(&services).await?;
        match created {
            // The one that was permitted has gone meanwhile.
            Created::New(_) if self.request.stage > Stage::Creating => Err(StartError::Vanished),
            Created::New(container) => self.start(&container, Home::Own).await,
            Created::Before(seen) if seen.state == State::Created => {
                self.start(&seen.id, Home::Own).await
            }
            Created::Before(seen) => self.take_up(seen).await,
            Created::Homeless => {
                let text = "the network of its services was gone before it started";
                Err(remedy::failed(Reason::ServiceFailed, text))
            }
        }
    }
}
