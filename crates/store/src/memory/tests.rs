use super::*;
use crate::{
    Commit, Store,
    conformance::{self as sample, Bench},
};
use async_trait::async_trait;
use gofer_core::run::RunState;
use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Waker},
};
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

/// Fails the second commit, and never tells of the third.
#[derive(Default)]
struct Script {
    commits: AtomicU64,
}

impl Hooks for Script {
    fn before(&self, _: InstanceId, operation: &'static str) -> Later<Result<(), Error>> {
        let is_commit = operation == "commit";
        let number = self
            .commits
            .fetch_add(u64::from(is_commit), Ordering::Relaxed);
        let answer = if is_commit && number == 1 {
            Err(Error::Full)
        } else {
            Ok(())
        };
        Box::pin(std::future::ready(answer))
    }

    fn after(&self, _: InstanceId, operation: &'static str) -> Later<()> {
        if operation == "commit" && self.commits.load(Ordering::Relaxed) == 3 {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_simulator_fails_a_call_or_crashes_after_it() {
    let world = World::with_hooks(StoreId(Uuid::nil()), Arc::new(Script::default()));
    let store = world.instance(InstanceId(Uuid::nil()));
    let new = sample::new_run("etl", &["a"]).unwrap();
    store
        .put_version(&new.namespace, &new.pipeline, "", sample::time(0))
        .await
        .unwrap();
    let row = store.create_run(new).await.unwrap();
    let line = |micros| Commit {
        changes: vec![sample::change(micros, RunState::Running)],
        ..Commit::new(row.claim.unwrap())
    };
    store.commit(line(1)).await.unwrap();
    assert!(matches!(store.commit(line(2)).await, Err(Error::Full)));
    let mut third = pin!(store.commit(line(3)));
    let waker = Context::from_waker(Waker::noop());
    assert!(third.as_mut().poll(&mut { waker }).is_pending());
    let lines = store.history(row.id, 1, 9).await.unwrap();
    let expected = [(2, 1), (3, 3)].map(|(at, micros)| (at, line(micros).changes.remove(0)));
    assert_eq!(lines, expected);
}

mod conformance {
    use super::memory;

    crate::conformance_tests!(memory());
}
