//! The world as one process sees it: its clock, its ids, its calls.

use super::{
    cast::Cast,
    watch::Watch,
    world::{Point, World},
};
use gofer_core::{
    Timestamp,
    clock::{Clock, Moment},
    id::{AttemptId, Ids, InstanceId, RunId},
};
use gofer_scheduler::fake::{self, Order, Program};
use gofer_store::{Error, memory};
use std::{pin::Pin, sync::Arc, time::Duration};
use uuid::Uuid;

/// Reads what is stored, at once and without a trace.
pub(crate) const JUDGE: InstanceId = InstanceId(Uuid::from_u128(u128::MAX));

/// A place in the world.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) world: World,
    pub(crate) instance: InstanceId,
    pub(crate) cast: Arc<Cast>,
    /// None: the machine's own seat, which gives no orders.
    pub(crate) watch: Option<Arc<Watch>>,
}

impl Clock for Seat {
    fn now(&self) -> Timestamp {
        self.world.wall(self.world.elapsed())
    }

    fn moment(&self) -> Moment {
        Moment(self.world.elapsed())
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let due = self.world.elapsed() + wait;
        let (world, of) = (self.world.clone(), self.instance);
        Box::pin(async move {
            world
                .clone()
                .point_at_once(of, Point::Before("sleep"))
                .await;
            world.sleep_until(due).await;
        })
    }
}

impl Ids for Seat {
    fn next(&self) -> Uuid {
        self.world.next_id()
    }
}

impl fake::World for Seat {
    fn now(&self) -> Timestamp {
        World::steady(self.world.elapsed())
    }

    fn shown(&self, at: Timestamp) -> Timestamp {
        self.world.wall(World::from_steady(at))
    }

    fn pause(&self, point: &'static str) -> fake::Later<()> {
        Box::pin(
            self.world
                .clone()
                .point(self.instance, Point::Before(point)),
        )
    }

    fn answer(&self, point: &'static str) -> fake::Later<()> {
        Box::pin(self.world.clone().point(self.instance, Point::After(point)))
    }

    fn until(&self, at: Timestamp) -> fake::Later<()> {
        Box::pin(self.world.sleep_until(World::from_steady(at)))
    }

    fn mishap(&self, kind: &'static str) -> bool {
        self.world.roll(kind)
    }

    fn happened(&self, kind: &'static str) {
        self.world.fault(kind);
    }

    fn delay(&self) -> Duration {
        self.world.some_time(5_000)
    }

    fn program(&self, attempt: &AttemptId) -> Program {
        self.cast.program(attempt)
    }

    fn reaction(&self) -> Duration {
        if self.world.roll("late_signal") {
            self.world.some_time(8_000)
        } else {
            Duration::from_millis(20)
        }
    }

    fn ordered(&self, order: &Order, attempt: &AttemptId) {
        if let Some(watch) = &self.watch {
            watch.ordered(self.instance, order, attempt);
        }
    }

    fn given(&self, attempt: &AttemptId, tar: Vec<u8>) {
        if let Some(watch) = &self.watch {
            watch.given.take(attempt, tar);
        }
    }

    fn may_start(&self, open: bool) {
        self.world.window(self.instance, open);
    }
}

/// Takes hold of the store's calls.
pub(crate) struct Hooks(pub(crate) World);

impl memory::Hooks for Hooks {
    fn before(&self, of: InstanceId, operation: &'static str) -> memory::Later<Result<(), Error>> {
        let world = self.0.clone();
        Box::pin(async move {
            if of == JUDGE {
                return Ok(());
            }
            world.clone().point(of, Point::Before(operation)).await;
            // A lease outlasts the moment between a permit and its start.
            while operation == "adopt" && world.may_a_dead_one_start_something() {
                world
                    .sleep_until(world.elapsed() + Duration::from_millis(10))
                    .await;
            }
            if world.roll("busy") {
                return Err(Error::Busy);
            }
            if world.roll("full") {
                return Err(Error::Full);
            }
            Ok(())
        })
    }

    fn after(&self, of: InstanceId, operation: &'static str) -> memory::Later<()> {
        let world = self.0.clone();
        if of == JUDGE {
            return Box::pin(std::future::ready(()));
        }
        if operation == "commit" {
            let mut state = world.state();
            state.progress = state.progress.max(state.now);
        }
        Box::pin(world.point(of, Point::After(operation)))
    }

    fn fenced(&self, of: InstanceId, run: RunId) {
        self.0.state().fenced.insert((of, run));
    }

    fn claimed(&self, of: InstanceId, run: RunId) {
        self.0.state().fenced.remove(&(of, run));
    }
}
