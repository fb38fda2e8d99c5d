use super::*;
use crate::{Store, conformance::Bench};
use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

struct Memory {
    world: World,
    next: AtomicU64,
}

fn memory() -> Memory {
    Memory {
        world: World::new(StoreId(Uuid::nil())),
        next: AtomicU64::new(1),
    }
}

#[async_trait]
impl Bench for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::new(self.world.instance(InstanceId(Uuid::from_u64_pair(0, id))))
    }

    async fn kill(&self, store: Arc<dyn Store>) {
        self.world.kill(store.instance());
    }
}

mod conformance {
    use super::memory;

    crate::conformance_tests!(memory());
}
