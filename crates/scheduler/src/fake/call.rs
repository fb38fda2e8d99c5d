use super::{Machine, Order, World, order::Done};
use crate::Error;
use gofer_core::id::{AttemptId, StoreId};
use std::sync::Arc;

/// How calls reach a machine: slowly, twice, late or never.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) machine: Machine,
    pub(super) store: StoreId,
    /// As this Gofer sees it.
    pub(super) world: Arc<dyn World>,
}

fn away<T>() -> Result<T, Error> {
    Err(Error::Away("the engine does not answer".to_owned()))
}

impl Line {
    /// A question: it takes its time, and may find nobody there.
    pub(super) async fn ask<T>(
        &self,
        point: &'static str,
        look: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        self.world.pause(point).await;
        if self.machine.away_until().is_some() || self.world.mishap("not_reached") {
            return away();
        }
        let answer = look();
        self.world.answer(point).await;
        if self.world.mishap("answer_lost") {
            return away();
        }
        Ok(answer)
    }

    /// An order. Without an answer nobody knows whether it was, or will be, carried out.
    pub(super) async fn order(
        &self,
        point: &'static str,
        attempt: &AttemptId,
        order: Order,
    ) -> Result<Done, Error> {
        self.world.pause(point).await;
        if self.machine.away_until().is_some() || self.world.mishap("not_reached") {
            return away();
        }
        self.world.ordered(&order, attempt);
        if self.world.mishap("late_order") {
            let wait = self.world.delay();
            self.machine.order_later(self.store, attempt, order, wait);
            self.world.answer(point).await;
            return away();
        }
        let done = self.machine.order(self.store, attempt, order);
        self.world.answer(point).await;
        if self.world.mishap("answer_lost") {
            return away();
        }
        Ok(done)
    }
}

/// An open question for a permit; closed by being dropped.
pub(super) struct Window(Arc<dyn World>);

impl Window {
    pub(super) fn open(world: &Arc<dyn World>) -> Self {
        world.may_start(true);
        Self(Arc::clone(world))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.0.may_start(false);
    }
}
