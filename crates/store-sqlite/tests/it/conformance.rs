use crate::support;
use async_trait::async_trait;
use gofer_store::{Store, conformance::Bench};
use std::sync::Arc;
use tempfile::TempDir;

struct Files {
    dir: TempDir,
}

fn files() -> Files {
    Files {
        dir: tempfile::tempdir().unwrap(),
    }
}

#[async_trait]
impl Bench for Files {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(support::open(self.dir.path()))
    }

    async fn kill(&self, store: Arc<dyn Store>) {
        drop(store);
    }
}

gofer_store::conformance_tests!(files());
