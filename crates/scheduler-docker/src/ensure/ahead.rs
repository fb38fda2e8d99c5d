//! An order that is given before it is certain: all is done up to the permit, at no cost to others.

use super::{Bringing, Created, Log};
use crate::{
    engine::{Brand, Seen, State},
    machine::Reach,
    remedy, removal,
    supplies::{self, Home, Lease},
};
use gofer_core::{
    definition::VolumeSource,
    run::{Reason, Stage},
};
use gofer_scheduler::{Permit, Refused, StartError};

impl Bringing {
    /// Waits until it is certain that the attempt is to be.
    pub(super) async fn wanted(&self) -> Result<(), StartError> {
        let wanted = self.request.permit.wanted().await;
        wanted.map_err(|Refused| StartError::Refused)
    }

    /// The network that it will have.
    pub(super) async fn home(&self) -> Result<Home, StartError> {
        let (engine, run) = (&self.engine, self.request.id.run);
        if let Some(behind) = &self.request.behind {
            tokio::select! {
                biased;
                wanted = self.wanted() => wanted?,
                home = supplies::home_behind(engine, run, behind) => return Ok(home),
            }
        }
        Ok(supplies::home(engine, run, self.request.more_to_come).await)
    }

    /// What has to be as it was left by those before.
    pub(super) async fn after_those_before(&self) -> Result<(), StartError> {
        let volumes = &self.request.attempt.main.volumes;
        let is_of_others = |source: &VolumeSource| !matches!(source, VolumeSource::Host(_));
        if volumes.iter().any(|(_, source, _)| is_of_others(source)) {
            self.wanted().await?;
        }
        Ok(())
    }

    /// Takes its network into use and asks for the permit. Gives the network back if it cannot be had.
    pub(super) async fn allowed(
        &self,
        container: &str,
        home: Home,
    ) -> Result<Result<Option<Lease>, Home>, StartError> {
        if self.request.behind.is_some() {
            // The permit may come with the decision; the network is free by then.
            self.permitted(container).await?;
            return Ok(home.moved_in(&self.engine).await);
        }
        // What is permitted has to start: whoever dies while it is made anew leaves one that is lost.
        match home.moved_in(&self.engine).await {
            Ok(lease) => {
                self.permitted(container).await?;
                Ok(Ok(lease))
            }
            Err(home) => Ok(Err(home)),
        }
    }

    /// Asks for the permit. Where it turns out that the attempt is not to be, its container goes.
    async fn permitted(&self, container: &str) -> Result<(), StartError> {
        let permit: &dyn Permit = &*self.request.permit;
        if permit.may_start(container).await.is_ok() {
            return Ok(());
        }
        if self.request.behind.is_some() && permit.wanted().await.is_err() {
            self.give_up(container).await?;
        }
        Err(StartError::Refused)
    }

    async fn give_up(&self, container: &str) -> Result<(), StartError> {
        let given_up = removal::give_up(&self.engine, &self.request.id, container).await;
        given_up.map_err(remedy::of_removal)
    }

    /// What bears the name was made of something else, or by another owner of the run, and was not
    /// permitted to start: it is in the way.
    pub(super) async fn makes_way(&self, seen: &Seen) -> Result<bool, StartError> {
        if self.request.stage > Stage::Creating || seen.state != State::Created {
            return Ok(false);
        }
        if seen.epoch > Some(self.request.epoch) {
            return Err(StartError::Refused);
        }
        let is_in_the_way =
            seen.recipe.as_deref() != Some(&*self.request.recipe) || self.is_out_of_reach(seen);
        if is_in_the_way {
            self.give_up(&seen.id).await?;
        }
        Ok(is_in_the_way)
    }

    /// Only by hand is hidden what the image has where our folders are to be.
    fn is_out_of_reach(&self, seen: &Seen) -> bool {
        let is_own = self.engine.brand == Brand::Docker && !seen.has_volume;
        is_own && self.engine.reach() != Reach::Layers
    }

    /// Goes on with what was made, on a network of its own.
    pub(super) async fn rehome(self, container: &str, home: Home) -> Result<Log, StartError> {
        home.spoil();
        self.give_up(container).await?;
        Box::pin(self.alone()).await
    }

    /// Its sandbox was gone and it never ran: it is made on a network of its own.
    pub(super) async fn alone(self) -> Result<Log, StartError> {
        match self.create(None).await? {
            Created::Before(seen) => self.take_up(seen).await,
            Created::New(container) => self.start(&container, Home::Own).await,
            Created::Homeless => Err(remedy::failed(
                Reason::EngineError,
                "the engine cannot make its network",
            )),
        }
    }
}
