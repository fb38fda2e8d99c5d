//! Networks that outlive the attempt that uses them.

use super::{Shelf, Stock, no_log};
use crate::{
    engine::{Brand, Engine, lock},
    holder, labels, remedy,
};
use bollard::{
    errors::Error,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::CreateContainerOptionsBuilder,
};
use gofer_core::id::{AttemptId, RunId};
use gofer_scheduler::Role;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// When for so long none is given back and none is in the making, none is waited for.
const STANDSTILL: Duration = Duration::from_millis(200);
/// Nor for longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The right to be the only attempt in a sandbox.
pub(crate) struct Lease {
    shelf: Arc<Shelf>,
    era: u64,
    id: Option<String>,
    by: Option<AttemptId>,
}

impl Lease {
    fn of(shelf: &Arc<Shelf>, era: u64, id: String) -> Self {
        Self {
            shelf: shelf.clone(),
            era,
            id: Some(id),
            by: None,
        }
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// It is of no use: nobody else shall get it.
    pub(crate) fn spoil(mut self) {
        let mut stock = lock(&self.shelf.stock);
        stock.made = stock.made.saturating_sub(1);
        stock.give_up(self.id.take().as_deref(), self.by.as_ref());
    }

    /// Whoever may begin behind this attempt may be promised it.
    pub(crate) fn used_by(&mut self, attempt: &AttemptId) {
        let Some(id) = &self.id else { return };
        let mut stock = lock(&self.shelf.stock);
        stock.used.insert(attempt.clone(), id.clone());
        self.by = Some(attempt.clone());
        drop(stock);
        self.shelf.changed.notify_waiters();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let mut stock = lock(&self.shelf.stock);
        let promised = stock.give_up(Some(&id), self.by.as_ref());
        if stock.era == self.era && !stock.released {
            match promised {
                None => stock.sandboxes.push(id),
                Some(next) => {
                    drop(stock);
                    // Where nobody waits for it any more it is given back after all.
                    let _ = next.send(Self::of(&self.shelf, self.era, id));
                }
            }
        }
        self.shelf.changed.notify_waiters();
    }
}

impl Stock {
    /// Who gets a sandbox when it is free. `None`: somebody else does.
    fn promise(&mut self, id: &str) -> Option<Receiver<Lease>> {
        let earlier = self.promised.get(id);
        if earlier.is_some_and(|earlier| !earlier.is_closed()) {
            return None;
        }
        let (next, promised) = channel();
        self.promised.insert(id.to_owned(), next);
        Some(promised)
    }

    /// A sandbox is not in use any more: says who was promised it.
    fn give_up(&mut self, id: Option<&str>, by: Option<&AttemptId>) -> Option<Sender<Lease>> {
        if let Some(by) = by {
            self.used.remove(by);
        }
        self.promised.remove(id?)
    }
}

/// The network that an attempt is to have.
pub(crate) enum Home {
    /// One of its own.
    Own,
    /// A sandbox's.
    Leased(Lease),
    /// A sandbox's that another attempt is in, or that does not run yet.
    Promised(String, Receiver<Lease>),
}

impl Home {
    pub(crate) fn of(lease: Option<Lease>) -> Self {
        lease.map_or(Self::Own, Self::Leased)
    }

    /// The container that holds it.
    pub(crate) fn holder(&self) -> Option<&str> {
        match self {
            Self::Own => None,
            Self::Leased(lease) => lease.id(),
            Self::Promised(id, _) => Some(id),
        }
    }

    /// Nobody else shall get it.
    pub(crate) fn spoil(self) {
        if let Self::Leased(lease) = self {
            lease.spoil();
        }
    }

    /// Takes it into use. Gives it back if it was promised, and is not given.
    pub(crate) async fn moved_in(self, engine: &Engine) -> Result<Option<Lease>, Self> {
        match self {
            Self::Own => Ok(None),
            Self::Leased(lease) => Ok(Some(lease)),
            Self::Promised(id, mut promised) => {
                let given = tokio::select! {
                    biased;
                    given = &mut promised => given.ok(),
                    () = engine.clock.sleep(LONGEST_WAIT) => None,
                };
                given.map(Some).ok_or(Self::Promised(id, promised))
            }
        }
    }
}

/// Where an attempt will be that begins when `behind` has ended: waits until that is known.
pub(crate) async fn home_behind(engine: &Engine, run: RunId, behind: &AttemptId) -> Home {
    let shelf = engine.supplies.of(run);
    loop {
        let mut changed = std::pin::pin!(shelf.changed.notified());
        changed.as_mut().enable();
        let found = promised(&shelf, behind).or_else(|| take(&shelf).map(Home::Leased));
        if let Some(home) = found {
            return home;
        }
        changed.await;
    }
}

fn promised(shelf: &Shelf, behind: &AttemptId) -> Option<Home> {
    let mut stock = lock(&shelf.stock);
    let id = stock.used.get(behind)?.clone();
    let promised = stock.promise(&id)?;
    Some(Home::Promised(id, promised))
}

/// A sandbox for one attempt, if one is ready or becomes so soon; others are made beside it.
pub(crate) async fn home(engine: &Arc<Engine>, run: RunId, more_to_come: bool) -> Home {
    let shelf = engine.supplies.of(run);
    if let Some(lease) = take(&shelf) {
        return Home::Leased(lease);
    }
    let is_first = more_to_come && is_first(engine, &shelf);
    make_sandboxes(engine, run);
    if is_first && !joins_what_is_coming(engine) {
        return Home::Own;
    }
    if let Some(home) = one_soon(engine, &shelf).await {
        return home;
    }
    if more_to_come {
        // They stay in use: the more there are, the more is saved when the next tasks come.
        let mut stock = lock(&shelf.stock);
        stock.wanted = stock.wanted.max(stock.made + 1);
        stock.wanted = stock.wanted.min(engine.options.sandboxes);
    }
    Home::Own
}

/// Whether a container can be made that joins one that is yet to be started. Podman would start that
/// one itself.
fn joins_what_is_coming(engine: &Engine) -> bool {
    engine.brand == Brand::Docker
}

/// Notes that one more is wanted, as far as the machine can start containers at once.
fn is_first(engine: &Engine, shelf: &Shelf) -> bool {
    let mut stock = lock(&shelf.stock);
    let is_first = stock.wanted == 0;
    let useful = (engine.cores() * 2).min(engine.options.sandboxes);
    if stock.wanted < useful {
        stock.wanted += 1;
    }
    is_first
}

/// Waits for as long as others give theirs back: to start with one is quicker than to start on a
/// network of one's own, which is made behind a lock of the engine's.
async fn one_soon(engine: &Engine, shelf: &Arc<Shelf>) -> Option<Home> {
    let begun = engine.clock.moment();
    loop {
        let mut changed = std::pin::pin!(shelf.changed.notified());
        changed.as_mut().enable();
        let found = take(shelf).map(Home::Leased).or_else(|| coming(shelf));
        if found.is_some() {
            return found;
        }
        let nothing_comes = {
            let stock = lock(&shelf.stock);
            stock.made == 0 && !stock.is_making
        };
        if nothing_comes || engine.clock.moment().0.saturating_sub(begun.0) > LONGEST_WAIT {
            return None;
        }
        tokio::select! {
            biased;
            () = changed => {}
            () = engine.clock.sleep(STANDSTILL) => {
                if !lock(&shelf.stock).is_making {
                    return None;
                }
            }
        }
    }
}

fn take(shelf: &Arc<Shelf>) -> Option<Lease> {
    let mut stock = lock(&shelf.stock);
    let id = stock.sandboxes.pop()?;
    Some(Lease::of(shelf, stock.era, id))
}

fn coming(shelf: &Shelf) -> Option<Home> {
    let mut stock = lock(&shelf.stock);
    let id = stock.coming.clone()?;
    let promised = stock.promise(&id)?;
    Some(Home::Promised(id, promised))
}

/// Has those made that are wanted.
pub(crate) fn make_sandboxes(engine: &Arc<Engine>, run: RunId) {
    let shelf = engine.supplies.of(run);
    let mut stock = lock(&shelf.stock);
    if stock.released || stock.is_making || stock.made >= stock.wanted {
        return;
    }
    stock.is_making = true;
    drop(stock);
    let making = make_all(engine.clone(), shelf.clone(), run);
    shelf.makers.spawn(making);
}

/// Makes them one after the other, so that making does not take the machine from the tasks.
async fn make_all(engine: Arc<Engine>, shelf: Arc<Shelf>, run: RunId) {
    loop {
        let made = make_sandbox(&engine, &shelf, run).await;
        let mut stock = lock(&shelf.stock);
        let coming = stock.coming.take();
        let mut ready = None;
        match made {
            Ok(Some(id)) => {
                stock.made += 1;
                ready = Some(Lease::of(&shelf, stock.era, id));
            }
            // No program of ours for this machine: every attempt gets a network of its own.
            Ok(None) => stock.wanted = 0,
            Err(error) => {
                tracing::warn!(%run, error = %remedy::chain(&error), "no sandbox was made");
                stock.wanted = stock.made;
                if let Some(id) = coming {
                    // Whoever waits for it hears so.
                    stock.promised.remove(&id);
                }
            }
        }
        let enough = stock.released || stock.made >= stock.wanted;
        stock.is_making = !enough;
        drop(stock);
        // To whom it was promised, or onto the shelf.
        drop(ready);
        shelf.changed.notify_waiters();
        if enough {
            return;
        }
    }
}

async fn make_sandbox(engine: &Engine, shelf: &Shelf, run: RunId) -> Result<Option<String>, Error> {
    let supplies = &engine.supplies;
    if !holder::has_program(&engine.machine().await?.architecture) {
        return Ok(None);
    }
    let image = supplies.image(engine).await?;
    let name = supplies.name(engine, run, Role::Sandbox);
    let body = holding(image, labels::of_run(engine.store, run, Role::Sandbox));
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let created = engine.docker.create_container(Some(options), body).await;
    let id = {
        let mut stock = lock(&shelf.stock);
        // Without an answer it may be there all the same.
        stock.is_unclear |= created.is_err();
        let id = created?.id;
        stock.held.containers.insert(id.clone());
        if joins_what_is_coming(engine) {
            stock.coming = Some(id.clone());
        }
        id
    };
    shelf.changed.notify_waiters();
    engine.docker.start_container(&id, None).await?;
    Ok(Some(id))
}

/// A container that does nothing but hold its network open.
pub(crate) fn holding(image: String, labels: HashMap<String, String>) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image),
        cmd: Some(vec![holder::PROGRAM.to_owned()]),
        hostname: Some("gofer".to_owned()),
        labels: Some(labels),
        host_config: Some(HostConfig {
            readonly_rootfs: Some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            pids_limit: Some(16),
            log_config: Some(no_log()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

#[cfg(test)]
#[path = "sandbox_tests.rs"]
mod tests;
